"""Cards and frames drawn by chance, so that a speed measurement needs no pictures from anywhere.

They are made to be told apart and to cost the pipeline what real ones cost, not to be looked at.
"""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from scanner.records import Corners, Picture

FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 1536, 864
_CARD_WIDTH_PX, _CARD_HEIGHT_PX = 448, 640


def draw_card(number: int, *, reprint: bool = False) -> Picture:
    """Card `number`, the same at every call: a frame, a picture of soft shapes, lines of text.

    Its `reprint` is the same card with a stamp beside the picture's lower right corner.
    """
    rng = np.random.default_rng(number)
    card = np.full((_CARD_HEIGHT_PX, _CARD_WIDTH_PX, 3), rng.integers(60, 230, 3), np.uint8)
    field = rng.integers(0, 256, (9, 8, 3)).astype(np.uint8)
    art = cv2.resize(field, (384, 300), interpolation=cv2.INTER_CUBIC)
    for _ in range(9):
        center = (int(rng.integers(0, 384)), int(rng.integers(0, 300)))
        axes = (int(rng.integers(8, 90)), int(rng.integers(8, 90)))
        colour = [int(c) for c in rng.integers(0, 256, 3)]
        cv2.ellipse(art, center, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    card[90:390, 32:416] = art
    cv2.putText(card, f"Card {number}", (36, 66), cv2.FONT_HERSHEY_DUPLEX, 1.4, (20, 20, 20), 2)
    for line in range(6):
        words = " ".join(f"{rng.integers(1 << 20):x}" for _ in range(4))
        cv2.putText(card, words, (36, 440 + 30 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20, 20, 20))
    if reprint:
        cv2.circle(card, (390, 380), 20, (240, 240, 240), -1, cv2.LINE_AA)
        cv2.circle(card, (390, 380), 12, (30, 30, 160), -1, cv2.LINE_AA)
    return card


def draw_frame(number: int, seed: int, *, reprint: bool = False) -> tuple[Picture, Corners]:
    """Card `number` on a dark tray, askew, unevenly lit, a little blurred, with sensor noise.

    `(864, 1536, 3) uint8` and the card's true corners.
    """
    rng = np.random.default_rng([number, seed])
    height = rng.uniform(0.55, 0.8) * FRAME_HEIGHT_PX
    width = height * 63 / 88
    angle = np.deg2rad(rng.uniform(-12, 12))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    center = np.array([FRAME_WIDTH_PX / 2, FRAME_HEIGHT_PX / 2]) + rng.normal(0, 25, 2)
    corners = (box @ turn.T + center + rng.normal(0, 6, (4, 2))).astype(np.float32)
    source = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    source *= (_CARD_WIDTH_PX, _CARD_HEIGHT_PX)
    matrix = cv2.getPerspectiveTransform(source, corners)
    frame = np.full((FRAME_HEIGHT_PX, FRAME_WIDTH_PX, 3), rng.integers(25, 60), np.uint8)
    cv2.warpPerspective(
        draw_card(number, reprint=reprint), matrix, (FRAME_WIDTH_PX, FRAME_HEIGHT_PX), dst=frame,
        flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip
    gain = rng.uniform(0.6, 1.2, (3, 3)).astype(np.float32)
    light = cv2.resize(gain, (FRAME_WIDTH_PX, FRAME_HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, 4, (FRAME_HEIGHT_PX, FRAME_WIDTH_PX, 1)).astype(np.float32)
    lit = cv2.GaussianBlur(frame, (0, 0), float(rng.uniform(0.5, 1.5))) * light[..., None]
    return cv2.convertScaleAbs(np.maximum(lit + noise, 0)), corners


def card_id(number: int, *, reprint: bool = False) -> str:
    """The id of a drawn card in the table that `write_cards` writes."""
    return f"B-{number:06d}{'-R' if reprint else ''}"


def write_cards(folder: Path, count: int, reprinted: int = 0) -> Path:
    """Write `count` cards and their table of facts into `folder`; the table's path.

    The first `reprinted` of them are written a second time, as their reprints.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "facts.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "card_id", "name", "set", "number", "variant", "artwork"])
        every = [(number, False) for number in range(count)]
        for number, reprint in every + [(number, True) for number in range(reprinted)]:
            own_id = card_id(number, reprint=reprint)
            card = draw_card(number, reprint=reprint)
            small = cv2.resize(card, (224, 320), interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(folder / f"{own_id}.jpg"), small)
            in_set = "R" if reprint else "B"
            writer.writerow(
                [f"{own_id}.jpg", own_id, f"Card {number}", in_set, f"{number:06d}", "", number]
            )
    return table
