"""The locator's training stream: which pictures it may see, and blocks of scenes from them."""

from __future__ import annotations

import csv
import multiprocessing
import os
import queue
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.train.cards import build_cache, held_out_families, read_cards
from models.train.scenes import SceneMaker
from scanner.locate_contour import locate_by_contour
from scanner.locate_net import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, MARGIN_PX, STRIDE_PX
from scanner.records import Picture

BLOCK = 64
MOST_QUADS = 6
Block = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""`(B, 160, 288, 3) uint8`, views `(B,) int64`, quads `(B, 6, 4, 2) float32` padded with NaN
(NaN too for corners beyond the frame), card shares `(B, 40, 72) float32`."""


def training_faces(
    data: Path, cache: Path, count: int, seed: int, *, held_out: bool
) -> list[Picture]:
    """`count` reference pictures `(240, 168, 3)`, evenly by game, of one side of the split."""
    build_cache(data, cache)
    cards = read_cards(cache)
    kept = held_out_families(cards, data)
    pixels = np.load(cache / "pixels.npy", mmap_mode="r")
    rng = np.random.default_rng(seed)
    by_game: dict[str, list[int]] = {}
    for index in rng.permutation(len(cards)):
        if (cards[index].family in kept) == held_out:
            by_game.setdefault(cards[index].game, []).append(int(index))
    share = count // len(by_game) + 1
    chosen = sorted(index for members in by_game.values() for index in members[:share])
    return [np.array(pixels[index]) for index in chosen]


def back_rows(data: Path, *, test: bool) -> list[Path]:
    """Real photos of backs: every other one trains, the rest test."""
    with (data / "photos.csv").open(newline="", encoding="utf-8") as file:
        backs = [row["path"] for row in csv.DictReader(file) if row["side"] == "back"]
    return [data / path for path in backs[1 if test else 0 :: 2]]


def training_backs(data: Path) -> list[Picture]:
    """Cut-out pictures `(240, 168, 3)` of the training half of the real backs.

    A contour against white finds their corners; those it can't get right are left out.
    """
    flat = np.array([[0, 0], [168, 0], [168, 240], [0, 240]], np.float32) - 0.5
    backs = []
    for path in back_rows(data, test=False):
        photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
        framed = cv2.copyMakeBorder(photo, *(40,) * 4, cv2.BORDER_CONSTANT, value=(255,) * 3)
        located = locate_by_contour(framed)
        if len(located.corners_px) != 1:
            continue
        quad = located.corners_px[0]
        sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
        if 0.70 < (sides[0] + sides[2]) / (sides[1] + sides[3]) < 0.765:
            matrix = cv2.getPerspectiveTransform(quad, flat)
            backs.append(cv2.warpPerspective(framed, matrix, (168, 240), flags=cv2.INTER_AREA))
    return backs


def make_block(maker: SceneMaker, size: int = BLOCK) -> Block:
    """`size` scenes as arrays."""
    frames = np.empty((size, INPUT_HEIGHT_PX, INPUT_WIDTH_PX, 3), np.uint8)
    views = np.empty(size, np.int64)
    quads = np.full((size, MOST_QUADS, 4, 2), np.nan, np.float32)
    map_size = (INPUT_WIDTH_PX // STRIDE_PX, INPUT_HEIGHT_PX // STRIDE_PX)
    masks = np.empty((size, map_size[1], map_size[0]), np.float32)
    for index in range(size):
        scene = maker.make()
        frames[index], views[index] = scene.frame, scene.view
        layer = np.zeros((INPUT_HEIGHT_PX, INPUT_WIDTH_PX), np.float32)
        for place, quad in enumerate(scene.quads[:MOST_QUADS]):
            quads[index, place] = np.where(_shown(quad, scene.content)[:, None], quad, np.nan)
            cv2.fillConvexPoly(layer, np.round(quad).astype(np.int32), 1.0)
        masks[index] = cv2.resize(layer, map_size, interpolation=cv2.INTER_AREA)
    return frames, views, quads, masks


def _shown(quad: np.ndarray, content: tuple[int, int, int, int]) -> np.ndarray:
    """Which corners lie in the frame or so little beyond that the margin has room for them."""
    low, high = np.array(content[:2]) - MARGIN_PX, np.array(content[2:]) - 1 + MARGIN_PX
    return np.asarray(((quad > low) & (quad < high)).all(axis=1))


def _work(data: Path, cache: Path, faces: int, seed: int, out: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    os.nice(5)
    cv2.setNumThreads(1)
    backs = training_backs(data)
    generation = 0
    while True:  # new faces, surfaces and designs now and then
        rng = np.random.default_rng([seed, generation])
        pictures = training_faces(data, cache, faces, seed * 1000 + generation, held_out=False)
        maker = SceneMaker(rng, pictures, backs)
        for _ in range(120):
            out.put(make_block(maker))
        generation += 1


def blocks(data: Path, cache: Path, seed: int, *, faces: int = 2000) -> Iterator[Block]:
    """Endless blocks of new scenes, rendered by one other process."""
    context = multiprocessing.get_context("spawn")
    out = context.Queue(maxsize=6)
    build_cache(data, cache)
    worker = context.Process(target=_work, args=(data, cache, faces, seed, out), daemon=True)
    worker.start()
    while True:
        try:
            yield out.get(timeout=300)
        except queue.Empty:
            raise SystemExit("The process that renders scenes has died; run again.") from None
