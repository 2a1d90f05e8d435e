"""The edge net's training stream: strips along wrongly placed quads of larger scenes."""

from __future__ import annotations

import csv
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.train.cards import held_out_families, read_cards
from models.train.locator_data import training_backs, training_faces
from models.train.scenes import BACK, CARD, SEVERAL, SceneMaker
from models.train.scenes_surface import Rng
from scanner.locate_strips import (
    ALONG,
    BIN_ALONG,
    CHANNELS,
    COLUMNS,
    REACH,
    SIDE_ROWS,
    cut_strips,
    edges_of,
    short_side,
)
from scanner.records import Picture

BLOCK = 48
SCALE = 2.0
_USES_OF_A_CARD = 8
Block = tuple[np.ndarray, np.ndarray]
"""Strips `(B, 256, 48, 6) uint8`, offsets `(B, 32) float32` in short sides, NaN out of reach."""


def originals(data: Path, cache: Path, count: int, seed: int, *, held_out: bool) -> list[Picture]:
    """`count` reference pictures as they are, evenly by game, large ones where there are any."""
    cards = read_cards(cache)
    kept = held_out_families(cards, data)
    with (data / "cards.csv").open(newline="", encoding="utf-8") as file:
        large = {row["path"]: row["large_path"] for row in csv.DictReader(file)}
    rng = np.random.default_rng(seed)
    by_game: dict[str, list[str]] = {}
    for index in rng.permutation(len(cards)):
        if (cards[index].family in kept) == held_out:
            by_game.setdefault(cards[index].game, []).append(cards[index].path)
    share = count // len(by_game) + 1
    pictures = []
    for paths in by_game.values():
        for path in paths[:share]:
            found = cv2.imread(str(data / (large.get(path) or path)), cv2.IMREAD_COLOR)
            if found.shape[1] > 360:
                size = (360, round(found.shape[0] * 360 / found.shape[1]))
                found = cv2.resize(found, size, interpolation=cv2.INTER_AREA)
            pictures.append(found)
    return pictures


def misplaced(rng: Rng, quad: np.ndarray) -> np.ndarray:
    """`quad` as the locator may have it: grown or shrunk, moved, each corner off by itself."""
    side = short_side(quad)
    power = rng.choice([0.004, 0.012, 0.025, 0.04], p=[0.25, 0.35, 0.25, 0.15])
    middle = quad.mean(axis=0)
    moved = quad + rng.normal(0, power, (4, 2)) * side
    moved = moved + rng.normal(0, power * 0.6, 2) * side
    out = (quad - middle) / np.linalg.norm(quad - middle, axis=1, keepdims=True)
    moved = moved + out * rng.normal(0, power * 0.8) * side
    return np.asarray(np.roll(moved, rng.integers(4), axis=0), np.float32)


def true_offsets(placed: np.ndarray, quad: np.ndarray, bow: np.ndarray | None = None) -> np.ndarray:
    """`(32,)`: how far outside of `placed` the edges of `quad` lie, in its short sides."""
    turn = int(np.argmin([np.abs(np.roll(quad, t, axis=0) - placed).sum() for t in range(4)]))
    quad = np.roll(quad, turn, axis=0)
    start, side, normal = edges_of(placed)
    true_start, _, true_normal = edges_of(quad)
    points = start[:, None] + side[:, None] * BIN_ALONG[None, :, None]
    gap = ((true_start[:, None] - points) * true_normal[:, None]).sum(axis=-1)
    facing = (normal * true_normal).sum(axis=-1)[:, None]
    offsets = gap / facing / short_side(placed)
    if bow is not None:
        offsets = offsets - bow.reshape(4, len(BIN_ALONG), -1).mean(axis=2)
    offsets[np.abs(offsets) > REACH] = np.nan
    return np.asarray(offsets.reshape(-1), np.float32)


def make_strips(rng: Rng, maker: SceneMaker, size: int) -> Block:
    """`size` sets of four strips with the truth."""
    strips = np.empty((size, 4 * SIDE_ROWS, COLUMNS, CHANNELS), np.uint8)
    offsets = np.empty((size, 4 * len(BIN_ALONG)), np.float32)
    count = 0
    while count < size:
        view = int(rng.choice([CARD, SEVERAL, BACK], p=[0.78, 0.07, 0.15]))
        frame, _, quads = maker.make_frame(view)
        for _ in range(min(_USES_OF_A_CARD, size - count)):
            quad = quads[rng.integers(len(quads))]
            placed = misplaced(rng, quad)
            bend = 4 * rng.normal(0, 0.006, (4, 1)) * (ALONG * (1 - ALONG))[None]
            bow = bend if rng.random() < 0.5 else None
            strips[count] = cut_strips(frame, placed, bow)
            offsets[count] = true_offsets(placed, quad, bow)
            if rng.random() < 0.5:  # seen in a mirror: the edges the other way round
                strips[count] = strips[count, ::-1].copy()
                offsets[count] = offsets[count, ::-1].copy()
            count += 1
    return strips, offsets


def _work(data: Path, cache: Path, seed: int, out: multiprocessing.Queue[Block]) -> None:
    os.nice(3)
    cv2.setNumThreads(1)
    backs = training_backs(data)
    generation = 0
    while True:
        rng = np.random.default_rng([seed, generation])
        faces = training_faces(data, cache, 500, seed * 1000 + generation, held_out=False)
        large = originals(data, cache, 900, seed * 1000 + generation, held_out=False)
        maker = SceneMaker(rng, faces, backs, scale=SCALE, large=large)
        for _ in range(100):
            out.put(make_strips(rng, maker, BLOCK))
        generation += 1


def strip_blocks(data: Path, cache: Path, seed: int) -> Iterator[Block]:
    """Endless blocks of new strips, rendered by one other process."""
    context = multiprocessing.get_context("spawn")
    out = context.Queue(maxsize=8)
    worker = context.Process(target=_work, args=(data, cache, seed, out), daemon=True)
    worker.start()
    while True:
        yield out.get(timeout=300)
