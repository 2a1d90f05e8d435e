"""Batches for the embedder: views of known cards, and pairs of views of composed cards."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.train.augment import HEIGHT_PX, WIDTH_PX, Augmenter


def compose(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A card that no game has: a frame from one card, art from others, colours turned.

    With few games to learn from, these teach the network frames it would otherwise never see.
    """
    card = pixels[rng.integers(len(pixels))].copy()
    height, width = card.shape[:2]
    for _ in range(rng.integers(1, 4)):
        patch_height = int(rng.uniform(0.2, 0.8) * height)
        patch_width = int(rng.uniform(0.5, 0.98) * width)
        top = int(rng.integers(0, height - patch_height))
        left = int(rng.integers(0, width - patch_width))
        place = (top, left, patch_height, patch_width)
        _paste(card, pixels[rng.integers(len(pixels))], place, rng)
    return _turn_colours(card, rng)


def compose_game(
    pixels: NDArray[np.uint8], rng: np.random.Generator, count: int
) -> list[NDArray[np.uint8]]:
    """`count` cards of a game that does not exist: one frame, and only the art differs.

    Within a batch they are each other's hard negatives, as the cards of an unseen game would be.
    """
    frame = compose(pixels, rng)
    height, width = frame.shape[:2]
    art_height = int(rng.uniform(0.3, 0.6) * height)
    art_width = int(rng.uniform(0.7, 0.96) * width)
    top = int(rng.uniform(0.04, 0.22) * height)
    place = (top, (width - art_width) // 2, art_height, art_width)
    name_top = int(rng.uniform(0.01, 0.05) * height)
    cards = []
    for _ in range(count):
        card = frame.copy()
        _paste(card, pixels[rng.integers(len(pixels))], place, rng)
        if rng.random() < 0.7:  # the name's line
            other = pixels[rng.integers(len(pixels))]
            line = slice(name_top, name_top + height // 16)
            card[line, width // 8 : -width // 8] = other[line, width // 8 : -width // 8]
        cards.append(_turn_colours(card, rng) if rng.random() < 0.3 else card)
    return cards


def _paste(
    card: NDArray[np.uint8], other: NDArray[np.uint8], place: tuple[int, int, int, int],
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Some part of `other` over `card` at `place`: top, left, height, width."""
    height, width = card.shape[:2]
    top, left, patch_height, patch_width = place
    crop_height = int(rng.uniform(0.3, 0.9) * height)
    crop_width = int(rng.uniform(0.4, 0.95) * width)
    crop_top = int(rng.integers(0, height - crop_height))
    crop_left = int(rng.integers(0, width - crop_width))
    crop = other[crop_top : crop_top + crop_height, crop_left : crop_left + crop_width]
    if rng.random() < 0.3:
        crop = crop[::-1]
    card[top : top + patch_height, left : left + patch_width] = cv2.resize(
        crop, (patch_width, patch_height), interpolation=cv2.INTER_AREA
    )


def _turn_colours(card: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    if rng.random() < 0.5:
        card = card[:, ::-1]
    if rng.random() < 0.6:
        card = card[:, :, rng.permutation(3)]
    if rng.random() < 0.15:
        card = 255 - card
    return np.ascontiguousarray(card)


class Batches(torch.utils.data.IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """Endless batches of `(B, 160, 112, 3) uint8` pictures and `(B,) int64` class labels.

    The last `2 * pairs` rows have label -1: `pairs` views followed by `pairs` near-clean views of
    the same composed cards, in the same order.
    """

    def __init__(
        self, pixels_path: str, members: NDArray[np.int64], labels: NDArray[np.int64],
        size: int, pairs: int, seed: int, strength: float,
    ) -> None:  # fmt: skip
        self._path = pixels_path
        self._members = members
        self._labels = labels
        self._size = size
        self._pairs = pairs
        self._seed = seed
        self._strength = strength

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        cv2.setNumThreads(1)
        info = torch.utils.data.get_worker_info()
        seed = self._seed * 1000 + (info.id if info else 0)
        rng = np.random.default_rng(seed)
        every = np.load(self._path, mmap_mode="r")
        pixels = np.array(every[self._members])
        augment = Augmenter(pixels, seed + 1)
        made = 0
        while True:
            batch = np.empty((self._size, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
            labels = np.full(self._size, -1, np.int64)
            known = self._size - 2 * self._pairs
            most = self._strength * min(1.0, 0.5 + made / 600)
            for place in range(known):
                index = int(rng.integers(len(pixels)))
                batch[place] = augment(index, self._draw(rng, most))
                labels[place] = self._labels[index]
            cards = compose_game(pixels, rng, self._pairs // 2)
            cards += [compose(pixels, rng) for _ in range(self._pairs - len(cards))]
            for place, card in enumerate(cards, known):
                batch[place] = augment.view(card, self._draw(rng, most))
                batch[place + self._pairs] = augment.view(card, 0.05)
            made += 1
            yield torch.from_numpy(batch), torch.from_numpy(labels)

    @staticmethod
    def _draw(rng: np.random.Generator, most: float) -> float:
        """A corruption's strength: an eighth nearly clean, as references are."""
        return 0.05 if rng.random() < 0.12 else float(rng.uniform(0.1, most))
