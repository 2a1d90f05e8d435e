"""The pile for the simulated machine: which cards, in which order, how each of them lies. Pure.

A machine knows a card only as its place in the pile; the truth behind it is here, for the camera
that renders it and for the demo that checks the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scanner.records import Picture, Printing

UPSIDE_DOWN_SHARE = 0.12
SLEEVED_SHARE = 0.15
TWIN_SHARE = 0.06
REPRINT_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Printed:
    """One printing that can lie in a pile. `picture` reads its face; `artwork` groups reprints."""

    printing: Printing
    picture: Callable[[], Picture]
    foil: bool = False
    artwork: str = ""


@dataclass(frozen=True, slots=True)
class DeckCard:
    """One piece of cardboard: its printing, how it lies, and the seed of its scene."""

    printed: Printed
    upside_down: bool
    sleeved: bool
    seed: int


def draw_deck(pool: Sequence[Printed], count: int, seed: int) -> list[DeckCard]:
    """Shuffle a pile of `count` cards: twins in a row, reprints, sleeves, some upside down.

    Raises ValueError for an empty pool.
    """
    if not pool:
        raise ValueError("there is no printing to make a pile of")
    rng = np.random.default_rng([seed, 11])
    groups = [printed.artwork for printed in pool]
    shared = [printed for printed in pool if printed.artwork and groups.count(printed.artwork) > 1]
    deck: list[DeckCard] = []
    while len(deck) < count:
        if deck and rng.random() < TWIN_SHARE:
            printed = deck[-1].printed
        elif shared and rng.random() < REPRINT_SHARE:
            printed = shared[int(rng.integers(len(shared)))]
        else:
            printed = pool[int(rng.integers(len(pool)))]
        deck.append(
            DeckCard(
                printed,
                upside_down=bool(rng.random() < UPSIDE_DOWN_SHARE),
                sleeved=bool(rng.random() < SLEEVED_SHARE),
                seed=int(rng.integers(2**62)),
            )
        )
    return deck
