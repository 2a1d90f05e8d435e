"""Weigh printings that share an artwork by the number and set code that the card shows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scanner.errors import ModelError
from scanner.reader_net import ReaderNet, Steps
from scanner.reader_places import cut_strip, places_of, printed
from scanner.reader_score import explained, score
from scanner.records import Corners, Picture, Printing

_log = logging.getLogger(__name__)

# How much less likely it is beforehand, in nats, that none of the candidates' strings is printed.
_NONE_NATS = 6.0
# Posterior above which a printing's number is shown as read. On strips of large reference pictures
# and of drawn scenes no wrong string of a list that held the right one came above it, in print of
# five pixels one in twenty did; of lists without the right one, one in fifty.
CERTAIN = 0.98


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: `chances` of each printing, in their order. Printings that print the same
    share one chance; what is left to 1 is that none of them is there, or that it can't be read."""

    chances: tuple[float, ...]

    def is_certain(self, place: int) -> bool:
        """Whether what this printing prints is there beyond doubt."""
        return self.chances[place] >= CERTAIN


class Reader:
    """Reads at the full resolution of the frame, only where and what the candidates ask for."""

    def __init__(self, net: ReaderNet | None, why_not: str = "") -> None:
        """Use `Reader.load`. With `net` None nothing is ever read."""
        self._net = net
        self._why_not = why_not

    @classmethod
    def load(cls, models_dir: Path | None = None, threads: int = 1) -> Reader:
        """Without a usable model cards are still named, only not read: `describe` says so."""
        try:
            return cls(ReaderNet.load(models_dir, threads))
        except ModelError as error:
            _log.warning("numbers are not read: %s", error)
            return cls(None, str(error))

    def describe(self) -> str:
        """The model in use, or why numbers are not read."""
        return self._net.model_id if self._net else f"NUMBERS ARE NOT READ ({self._why_not})"

    def weigh(
        self, frame: Picture, corners: Corners, printings: Sequence[Printing]
    ) -> Reading | None:
        """The chances of printings of one game; `corners` are the upright card's in the frame.

        None when there is nothing to tell them apart by: no model, strings that are all the same
        or not known, or corners out of this world.
        """
        distinct = list(dict.fromkeys(printed(printing) for printing in printings))
        if self._net is None or len(distinct) < 2 or not np.isfinite(corners).all():
            return None
        places = places_of(printings[0].game)
        evidence = np.zeros(len(distinct), np.float64)
        told = False
        for kind, says in enumerate(dict.fromkeys(place.says for place in places)):
            strings = [one[kind] for one in distinct]
            if not all(strings) or len(set(strings)) < 2:
                continue
            strips = [cut_strip(frame, corners, place) for place in places if place.says is says]
            evidence += weigh_strings(self._net.read(strips), strings)
            told = True
        if not told:
            return None
        # "None of them" has 0.
        likely = np.exp(evidence - evidence.max())
        chances = likely / (likely.sum() + np.exp(-evidence.max()))
        return Reading(tuple(float(chances[distinct.index(printed(one))]) for one in printings))


def weigh_strings(
    steps: Sequence[Steps], strings: Sequence[tuple[str, ...]]
) -> NDArray[np.float64]:
    """How much the strips speak for each candidate, in nats over "none of them".

    Each candidate has some forms its string may take; the likeliest form at the likeliest place
    counts. A candidate of whose string nothing is seen gets 0, no more and no less.
    """
    forms = [form for one in strings for form in one]
    owner = np.repeat(np.arange(len(strings)), [len(one) for one in strings])
    worth = explained(forms)
    gains = score(steps, forms) + worth[None]
    # "None of them" reads what is there as well as the best candidate might, at its price.
    winner = gains.argmax(axis=1)
    none = worth[winner] - _NONE_NATS
    lead = (gains - none[:, None]).max(axis=0)
    best = np.full(len(strings), -np.inf)
    np.maximum.at(best, owner, lead)
    return np.asarray(np.logaddexp(best, 0.0), np.float64)
