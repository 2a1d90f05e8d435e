"""Batches of strips, drawn in processes of their own while the network trains."""

from __future__ import annotations

import multiprocessing as mp
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.reader_strips import StripMaker
from scanner.reader_net import LETTERS, STEPS, STRIP_WIDTH_PX, standardise

BLOCK = 64
_POOL_BLOCKS = 48
_USES = 3.0
_STEP_PX = STRIP_WIDTH_PX // STEPS

Batch = tuple[NDArray[np.float32], list[str], NDArray[np.int64]]
"""Standardised strips `(B, 1, 32, 256)`, their labels, and the class `(B, 64)` of each step: a
letter's at its middle, 0 well between letters, -1 where either would do."""


def make_batch(maker: StripMaker, count: int = BLOCK) -> Batch:
    """The next `count` strips."""
    made = [maker.make() for _ in range(count)]
    strips = np.stack([standardise(strip) for strip, _, _ in made])[:, None]
    targets = np.stack([_targets(label, middles) for _, label, middles in made])
    return strips, [label for _, label, _ in made], targets


def _targets(label: str, middles: NDArray[np.float32]) -> NDArray[np.int64]:
    steps = np.arange(STEPS) * _STEP_PX + _STEP_PX / 2
    found = np.zeros(STEPS, np.int64)
    found[np.abs(steps[:, None] - middles[None]).min(axis=1, initial=99) < 1.6 * _STEP_PX] = -1
    for letter, middle in zip(label, middles, strict=True):
        at = int(middle // _STEP_PX)
        if 0 <= at < STEPS:
            found[at] = LETTERS.index(letter) + 1
    return found


class Pool:
    """The last blocks of strips; each strip is used `_USES` times on average, never the same."""

    def __init__(self, stream: Iterator[Batch], rng: np.random.Generator) -> None:
        self._stream, self._rng = stream, rng
        self._held: list[Batch] = []
        self._due = 0.0

    def batch(self) -> Batch:
        """The next batch: moved by some pixels, turned to its negative, with other noise."""
        self._due += 1 / _USES
        while self._due > 0 or len(self._held) < 4:
            self._held.append(next(self._stream))
            self._due -= 1
        self._held = self._held[-_POOL_BLOCKS:]
        rng = self._rng
        which = rng.integers(0, len(self._held), BLOCK)
        inside = rng.integers(0, BLOCK, BLOCK)
        picked = [(self._held[block], row) for block, row in zip(which, inside, strict=True)]
        strips = np.stack([block[0][row] for block, row in picked])
        targets = np.stack([block[2][row] for block, row in picked])
        for row in range(BLOCK):
            dy, dx = int(rng.integers(-1, 2)), _STEP_PX * int(rng.integers(-1, 2))
            if dx or dy:
                moved = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
                strips[row, 0] = cv2.warpAffine(
                    strips[row, 0], moved, strips.shape[:1:-1], borderMode=cv2.BORDER_REPLICATE
                )
                if dx:
                    targets[row] = np.roll(targets[row], dx // _STEP_PX)
        signs = np.where(rng.random((BLOCK, 1, 1, 1)) < 0.5, -1, 1).astype(np.float32)
        noise = rng.standard_normal(strips.shape, np.float32) * np.float32(0.03)
        labels = [block[1][row] for block, row in picked]
        return np.clip(strips * signs + noise, -1, 1), labels, targets


def batches(data: Path, seed: int, workers: int = 1) -> Iterator[Batch]:
    """Batches for ever; worker k's are drawn from the seed `[seed, k]` and taken in turn."""
    context = mp.get_context("spawn")
    queues = [context.Queue(maxsize=24) for _ in range(workers)]
    for index, queue in enumerate(queues):
        context.Process(target=_work, args=(data, [seed, index], queue), daemon=True).start()
    while True:
        for queue in queues:
            yield queue.get()


def _work(data: Path, seed: list[int], queue: mp.Queue[Batch]) -> None:
    cv2.setNumThreads(1)
    maker = StripMaker(data, np.random.default_rng(seed))
    while True:
        queue.put(make_batch(maker))
