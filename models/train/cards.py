"""The training pictures: artwork groups, the split by card, and a cache of decoded pixels."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CACHE_WIDTH_PX = 168
CACHE_HEIGHT_PX = 240
HELD_OUT_PERCENT = 8

# Two reference pictures within this Hamming distance of 256 bits show one artwork in one layout.
SAME_ARTWORK_BITS = 34


@dataclass(frozen=True, slots=True)
class CardPicture:
    """One reference picture. `artwork` is shared by pictures that look alike; `family` also by
    scans, parallels and reprints of one card, and is what the split never tears apart."""

    path: str
    game: str
    card_id: str
    name: str
    artwork: str
    family: str


def _hash_bits(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`(256,) uint8` of 0 or 1: the signs of low DCT frequencies about their median."""
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[1:17, 1:17].reshape(-1)
    return (low > np.median(low)).astype(np.uint8)


class _Union:
    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, key: str) -> str:
        self._parent.setdefault(key, key)
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self._parent[second] = first


def base_number(game: str, card_id: str) -> str:
    """The id that scans, parallels and reprints of one card share."""
    return f"{game}:{card_id.split('_')[0]}"


def build_cache(data: Path, cache: Path) -> None:
    """Decode every reference picture once to `(240, 168, 3) uint8` and find the artwork groups.

    Writes `pixels.npy` and `cards.csv` into `cache`; does nothing when both are there.
    """
    if (cache / "cards.csv").exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    with (data / "cards.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pixels = np.lib.format.open_memmap(
        cache / "pixels.npy", "w+", np.uint8, (len(rows), CACHE_HEIGHT_PX, CACHE_WIDTH_PX, 3)
    )
    bits = np.zeros((len(rows), 256), np.uint8)
    for index, row in enumerate(rows):
        picture = cv2.imread(str(data / row["path"]), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{row['path']} can't be decoded; remove it from cards.csv")
        pixels[index] = cv2.resize(
            picture, (CACHE_WIDTH_PX, CACHE_HEIGHT_PX), interpolation=cv2.INTER_AREA
        )
        bits[index] = _hash_bits(cv2.cvtColor(pixels[index], cv2.COLOR_BGR2GRAY))
    pixels.flush()
    artworks, families = _groups(rows, bits)
    with (cache / "cards.tmp").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "game", "card_id", "name", "artwork", "family"])
        for row, artwork, family in zip(rows, artworks, families, strict=True):
            writer.writerow(
                [row["path"], row["game"], row["card_id"], row["name"], artwork, family]
            )
    (cache / "cards.tmp").rename(cache / "cards.csv")


def _groups(rows: list[dict[str, str]], bits: NDArray[np.uint8]) -> tuple[list[str], list[str]]:
    keys = [f"{row['game']}:{row['card_id']}" for row in rows]
    artwork, family = _Union(), _Union()
    by_game: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        by_game[row["game"]].append(index)
        family.join(keys[index], base_number(row["game"], row["card_id"]))
    for members in by_game.values():
        signs = bits[members].astype(np.float32) * 2 - 1
        distance = (256 - signs @ signs.T) / 2
        for one, other in np.argwhere(np.triu(distance <= SAME_ARTWORK_BITS, 1)):
            artwork.join(keys[members[one]], keys[members[other]])
            family.join(keys[members[one]], keys[members[other]])
    return [artwork.root(key) for key in keys], [family.root(key) for key in keys]


def read_cards(cache: Path) -> list[CardPicture]:
    """The cards of a cache made by `build_cache`, in the order of `pixels.npy`."""
    with (cache / "cards.csv").open(newline="", encoding="utf-8") as file:
        return [CardPicture(**row) for row in csv.DictReader(file)]


def photographed_ids(data: Path) -> set[str]:
    """`game:card_id` of the cards in the real photos, which no training may touch."""
    with (data / "photos.csv").open(newline="", encoding="utf-8") as file:
        return {
            base_number(row["game"], row["card_id"])
            for row in csv.DictReader(file)
            if row["card_id"]
        }


def held_out_families(cards: list[CardPicture], data: Path) -> set[str]:
    """The families kept from training: 8% of each game by a hash of the family's name, and every
    family that appears in a real photo."""
    photographed = photographed_ids(data)
    kept = {card.family for card in cards if base_number(card.game, card.card_id) in photographed}
    for card in cards:
        digest = hashlib.sha256(f"counterscan {card.family}".encode()).digest()
        if int.from_bytes(digest[:4], "big") % 100 < HELD_OUT_PERCENT:
            kept.add(card.family)
    return kept
