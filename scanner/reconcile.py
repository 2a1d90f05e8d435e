"""A batch beside a count by hand: do they agree, and where to look if not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_PLACES = 12
_WHY_ODD = {"several": "more than one card was in view"}
_MAY_HIDE_CARDS = {
    "double_feed": "two cards were fed at once here",
    "jam": "a card jammed here",
    "mis_seat": "a card lay askew here",
    "emergency_stop": "the machine was stopped here",
    "door_open": "the door was opened here",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One scan as far as a count needs it; `counted` where a mechanism numbered its card."""

    scan_id: int
    sequence: int
    view: str
    card_id: str
    counted: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the batch to look: after card `sequence`, and why."""

    sequence: int
    why: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`difference` is counted less scanned; `says` is one sentence for the clerk."""

    counted: int
    scanned: int
    says: str
    places: tuple[Place, ...] = ()

    @property
    def difference(self) -> int:
        """How many cards more were counted than scanned."""
        return self.counted - self.scanned


def reconcile(counted: int, scans: Sequence[Seen], faults: Sequence[tuple[str, int]]) -> Reconciled:
    """Compare a count by hand with a batch's scans, in their order.

    `faults` are the kinds of the batch's events with the sequence of the scan before each.
    """
    scanned = len(scans)
    missing = counted - scanned
    if not missing:
        return Reconciled(counted, scanned, "The count agrees with the scans.")
    if missing > 0:
        cards = "1 card was" if missing == 1 else f"{missing:,} cards were"
        places = [
            *(Place(scan.sequence, _WHY_ODD[scan.view]) for scan in scans if scan.view in _WHY_ODD),
            *(Place(after, _MAY_HIDE_CARDS[kind]) for kind, after in faults
              if kind in _MAY_HIDE_CARDS),
        ]  # fmt: skip
        says = f"{cards} counted but not scanned."
        says += " Look at these places, and in the machine." if places else " Look in the machine."
    else:
        cards = "1 scan" if missing == -1 else f"{-missing:,} scans"
        places = [
            Place(second.sequence, "the same card as the one before")
            for first, second in pairwise(scans)
            if first.card_id and first.card_id == second.card_id and not second.counted
        ]
        places += [
            Place(scan.sequence, "no card was in view") for scan in scans if scan.view == "nothing"
        ]
        says = f"{cards} more than cards counted."
        says += " These may have been scanned twice." if places else " Count the stack again."
    ordered = sorted(places, key=lambda place: place.sequence)[:MOST_PLACES]
    return Reconciled(counted, scanned, says, tuple(ordered))
