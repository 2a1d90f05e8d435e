"""The printed face: frame, picture, type and marks of one card, 448x640 pixels."""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.simulated.cardpress_art import paint_art
from firmware.simulated.cardpress_deck import DemoCard
from firmware.simulated.cardpress_emblems import cost_gem, faction_emblem, fill, set_symbol
from firmware.simulated.cardpress_paint import Points, colour
from firmware.simulated.cardpress_palette import FRAME
from firmware.simulated.cardpress_text import Ink, glowing, text_width, wrap, write
from scanner.records import CROP_HEIGHT_PX as HEIGHT
from scanner.records import CROP_WIDTH_PX as WIDTH
from scanner.records import Picture

_METAL: dict[str, tuple[str, str]] = {
    "Common": ("5c6068", "c8ccd2"),
    "Uncommon": ("7a5a36", "e0b88a"),
    "Rare": ("8a6a1e", "ffe08a"),
    "Fabled": ("6a2fa0", "ffb0f0"),
}
_ART = (26, 66, 396, 284)
"""Left, top, width and height of the picture's window."""


def ink(text: str) -> Ink:
    """A hex colour as 8-bit BGR."""
    b, g, r = (round(float(v) * 255) for v in colour(text))
    return b, g, r


def blend(first: Ink, second: Ink, share: float) -> Ink:
    """`share` 0 gives the first ink, 1 the second."""
    b, g, r = (round(x + (y - x) * share) for x, y in zip(first, second, strict=True))
    return b, g, r


@lru_cache(maxsize=4)
def _paper(seed: int) -> NDArray[np.float32]:
    """Paper fibres `(640, 448, 1)` around 1."""
    rng = np.random.default_rng(seed)
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for cell, strength in ((90, 0.05), (22, 0.03), (3, 0.02)):
        grid = rng.normal(0, 1, (HEIGHT // cell + 2, WIDTH // cell + 2)).astype(np.float32)
        total += strength * cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return (1 + total)[..., None]


def cut_box(left: float, top: float, width: float, height: float, cut: float) -> Points:
    """A rectangle with slanted corners."""
    x0, y0, x1, y1 = left, top, left + width, top + height
    return np.array(
        [[x0 + cut, y0], [x1 - cut, y0], [x1, y0 + cut], [x1, y1 - cut],
         [x1 - cut, y1], [x0 + cut, y1], [x0, y1 - cut], [x0, y0 + cut]]
    )  # fmt: skip


def _window(kind: str) -> Points:
    """The picture's outline: each kind of card has its own."""
    left, top, width, height = _ART
    if kind == "Place":
        t = np.linspace(np.pi, 2 * np.pi, 40)
        arch = np.column_stack(
            [left + width / 2 + width / 2 * np.cos(t), top + 64 + 64 * np.sin(t)]
        )
        return np.vstack([arch, [[left + width, top + height], [left, top + height]]])
    cut = {"Creature": 16.0, "Rite": 44.0, "Relic": 30.0, "Vessel": 6.0}[kind]
    box = cut_box(left, top, width, height, cut)
    if kind == "Vessel":
        box[0] += (30, 0)
        box[1] -= (30, 0)
    return box


def press_face(card: DemoCard) -> Picture:
    """The card's picture `(640, 448, 3) uint8` BGR, edge to edge; corners are not rounded."""
    return _parallel(card) if card.variant == "parallel" else _regular(card)


def _regular(card: DemoCard) -> Picture:
    dark, main, light = (ink(text) for text in FRAME[card.faction])
    metal = tuple(ink(text) for text in _METAL[card.rarity])
    face = _board(card, dark, main, light)
    left, top, width, height = _ART
    art = paint_art(card.art, width, height)
    window = _window(card.kind)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [np.round(window * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    _relief(face, window, metal[0], metal[1])
    share = mask[top : top + height, left : left + width].astype(np.float32) / 255
    area = face[top : top + height, left : left + width]
    area[...] = cv2.blendLinear(art, area, share, 1 - share)
    _inner_shadow(face, mask)
    _name_bar(face, card, dark, main, light)
    _type_bar(face, card, dark, main, light, metal)
    _text_box(face, card, dark, light)
    if card.guard:
        _strength(face, card, dark, light)
    _foot(face, card, light)
    return face


def _board(card: DemoCard, dark: Ink, main: Ink, light: Ink) -> Picture:
    """Black rim, faction field with fibres, a fine light line."""
    face = np.empty((HEIGHT, WIDTH, 3), np.float32)
    y = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    tint = {"LF1": 0.0, "LF2": 0.10, "LF3": -0.10}[card.set]
    top = np.array(blend(main, light, 0.18 + tint), np.float32)
    face[...] = top + (np.array(blend(main, dark, 0.55 - tint), np.float32) - top) * y
    face *= _paper(3)
    board = np.clip(face, 0, 255).astype(np.uint8)
    rim = np.full((HEIGHT, WIDTH), 255, np.uint8)
    cv2.fillPoly(
        rim, [np.round(cut_box(12, 12, 424, 616, 10) * 16).astype(np.int32)], 0, cv2.LINE_AA, 4
    )
    share = rim.astype(np.float32) / 255
    edge = np.full_like(board, blend(dark, (8, 6, 8), 0.55))
    board = np.asarray(cv2.blendLinear(edge, board, share, 1 - share), np.uint8)
    _line(board, cut_box(12, 12, 424, 616, 10), blend(main, light, 0.75), 1)
    return board


def _line(face: Picture, points: Points, tint: Ink, thick: int) -> None:
    cv2.polylines(face, [np.round(points * 16).astype(np.int32)], True, tint, thick, cv2.LINE_AA, 4)


def _relief(face: Picture, outline: Points, dark: Ink, light: Ink) -> None:
    """A metal edge around an outline."""
    _line(face, outline + (0, 1.5), blend(dark, (0, 0, 0), 0.6), 7)
    _line(face, outline, dark, 6)
    _line(face, outline - (0, 1.2), light, 2)


def _inner_shadow(face: Picture, mask: NDArray[np.uint8]) -> None:
    soft = cv2.GaussianBlur(255 - mask, (0, 0), 5)
    soft = cv2.min(soft, mask)
    dark = 255 - (soft.astype(np.float32) * 0.9).astype(np.uint8)
    face[...] = cv2.multiply(face, cv2.merge([dark, dark, dark]), scale=1 / 255)


def _name_bar(face: Picture, card: DemoCard, dark: Ink, main: Ink, light: Ink) -> None:
    bar = cut_box(34, 22, 388, 36, 12)
    fill(face, bar + (0, 2), blend(dark, (0, 0, 0), 0.5))
    fill(face, bar, blend(light, (255, 255, 255), 0.35), blend(light, main, 0.30))
    _line(face, bar, dark, 1)
    write(face, card.name, (72, 48), 24, blend(dark, (0, 0, 0), 0.6), weight=620, max_width_px=300)
    cost_gem(face, (42, 40), 25, main, light, dark, str(card.cost))
    faction_emblem(face, (404, 40), 13, card.faction, main, dark)


def _type_bar(
    face: Picture, card: DemoCard, dark: Ink, main: Ink, light: Ink, metal: tuple[Ink, ...]
) -> None:
    bar = cut_box(26, 358, 396, 28, 9)
    fill(face, bar + (0, 2), blend(dark, (0, 0, 0), 0.5))
    fill(face, bar, blend(main, light, 0.45), blend(main, dark, 0.25))
    _line(face, bar, blend(light, main, 0.3), 1)
    write(face, card.type_line, (40, 377), 17, (250, 250, 250), weight=520, max_width_px=300)
    set_symbol(face, (402, 372), 11, card.set, metal[1], metal[0])


def _text_box(face: Picture, card: DemoCard, dark: Ink, light: Ink) -> None:
    box = cut_box(26, 394, 396, 190, 10)
    paper = blend(light, (236, 244, 250), 0.72)
    fill(face, box + (0, 2), blend(dark, (0, 0, 0), 0.5))
    fill(face, box, paper, blend(paper, light, 0.25))
    _line(face, box, dark, 1)
    faction_emblem(face, (224, 490), 62, card.faction, blend(paper, light, 0.4), None)
    black = (24, 18, 16)
    bottom = 580 if card.guard == 0 else 560
    for size in (21, 19, 17):
        rules = [(wrap(rule, size, 348), not rule.endswith(".")) for rule in card.rules]
        quote = wrap(f"\u201c{card.flavour}\u201d", 16, 320, italic=True)
        tall = sum(len(lines) for lines, _ in rules) * (size + 4) + 6 * len(rules)
        if 408 + tall + 14 + 20 * len(quote) <= bottom:
            break
    quote = quote if 408 + tall + 14 + 20 * len(quote) <= bottom else []
    spare = bottom - 408 - tall - (14 + 20 * len(quote) if quote else 0)
    row = 408 + size + min(24, max(0, spare) // 3)
    for lines, keyword in rules:
        for line in lines:
            write(face, line, (40, row), size, black, weight=640 if keyword else 420)
            row += size + 4
        row += 6
    if not quote:
        return
    row -= size - 6
    cv2.line(face, (60, row), (388, row), blend(paper, dark, 0.35), 1, cv2.LINE_AA)
    for line in quote:
        row += 20
        write(
            face,
            line,
            (224, row),
            16,
            blend(black, paper, 0.25),
            italic=True,
            align="center",
            weight=380,
        )


def _strength(face: Picture, card: DemoCard, dark: Ink, light: Ink) -> None:
    badge = cut_box(334, 562, 96, 34, 12)
    fill(face, badge + (0, 2), (10, 8, 8))
    fill(face, badge, blend(light, (255, 255, 255), 0.5), light)
    _line(face, badge, dark, 2)
    write(
        face,
        f"{card.power} / {card.guard}",
        (382, 587),
        25,
        blend(dark, (0, 0, 0), 0.5),
        weight=760,
        align="center",
    )


def _foot(face: Picture, card: DemoCard, light: Ink) -> None:
    pale = blend(light, (255, 255, 255), 0.6)
    wide = write(face, card.number, (28, 611), 16, pale, weight=560)
    write(face, card.rarity[0], (36 + wide, 611), 16, pale, weight=760)
    right = 326 if card.guard else 420
    write(face, f"Art {card.artist}", (right, 610), 13, pale, align="right", weight=420)


def _parallel(card: DemoCard) -> Picture:
    """The picture from edge to edge, type on veils of shadow, a bright double line."""
    dark, main, light = (ink(text) for text in FRAME[card.faction])
    metal = tuple(ink(text) for text in _METAL[card.rarity])
    face = paint_art(card.art, WIDTH, HEIGHT)
    y = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None]
    veil = 0.86 * np.clip((y - 0.60) / 0.16, 0, 1) ** 1.2 + 0.62 * np.clip((0.13 - y) / 0.13, 0, 1)
    share = np.repeat(np.clip(veil, 0, 0.88).astype(np.float32), WIDTH, 1)
    night = np.full_like(face, blend(dark, (4, 2, 6), 0.5))
    face = np.asarray(cv2.blendLinear(night, face, share, 1 - share), np.uint8)
    for inset, tint in ((9, metal[1]), (14, blend(metal[1], main, 0.5))):
        _line(face, cut_box(inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset, 26), tint, 2)
    white = (252, 252, 252)
    glowing(
        face,
        card.name,
        (224, 52),
        29,
        white,
        (6, 4, 8),
        weight=680,
        align="center",
        max_width_px=290,
    )
    cost_gem(face, (46, 46), 27, main, light, dark, str(card.cost))
    faction_emblem(face, (404, 46), 15, card.faction, light, dark)
    glowing(face, card.type_line, (36, 446), 17, blend(light, white, 0.4), (6, 4, 8), weight=520)
    set_symbol(face, (402, 440), 12, card.set, metal[1], metal[0])
    cv2.line(face, (34, 456), (414, 456), metal[1], 1, cv2.LINE_AA)
    row = 480
    for rule in card.rules:
        for line in wrap(rule, 18, 372):
            write(face, line, (36, row), 18, white, weight=440)
            row += 22
        row += 5
    if card.guard:
        text = f"{card.power} / {card.guard}"
        glowing(
            face, text, (412 - text_width(text, 30, 760), 600), 30, metal[1], (6, 4, 8), weight=760
        )
    glowing(
        face, f"{card.number}  {card.rarity[0]}\u2605", (36, 606), 16, white, (6, 4, 8), weight=560
    )
    return face
