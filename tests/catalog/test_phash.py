"""The perceptual hash."""

from __future__ import annotations

import cv2
import numpy as np

from scanner.phash import phash256
from scanner.records import Picture
from tests.catalog.shelf import paint_card


def distance(one: Picture, other: Picture) -> int:
    return int(np.unpackbits(phash256(one) ^ phash256(other)).sum())


def test_a_hash_has_256_bits_half_of_them_set() -> None:
    bits = np.unpackbits(phash256(paint_card(1)))
    assert bits.size == 256
    assert bits.sum() == 128


def test_the_same_card_smaller_and_darker_stays_near() -> None:
    card = paint_card(3, 448, 640)
    worse = cv2.resize(card, (100, 140), interpolation=cv2.INTER_AREA)
    worse = cv2.convertScaleAbs(worse, alpha=0.7, beta=10)
    assert distance(card, np.asarray(worse, np.uint8)) < 50


def test_other_cards_are_far() -> None:
    cards = [paint_card(seed) for seed in range(12)]
    distances = [distance(a, b) for a in cards for b in cards if a is not b]
    assert min(distances) > 80
