"""Settle between the best candidate and those that look almost like it: its other printings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from scanner.decide import Evidence
from scanner.printing import Grey, tell_apart, to_grey
from scanner.records import Picture

# Candidates within this of the best one's score may be another printing of its artwork.
_REACH = 0.2
_MOST_RIVALS = 4
_MOST_CHANGES = 2


def settle(
    crop: Picture, evidence: Sequence[Evidence], reference: Callable[[int], Grey]
) -> tuple[Evidence, ...]:
    """The evidence with each close rival marked: told apart, a twin, or neither.

    `evidence` is best first; `reference` gives the `(320, 224) uint8` picture of the candidate at
    a place in it. A rival that the crop sides with takes the best one's place.
    """
    order = [
        place
        for place, item in enumerate(evidence)
        if evidence[0].comparison.score - item.comparison.score < _REACH
    ][: _MOST_RIVALS + 1]
    if len(order) < 2:
        return tuple(evidence)
    grey = to_grey(crop)
    pictures = {place: reference(place) for place in order}
    leader = order[0]
    marks: dict[int, Evidence] = {}
    for _ in range(_MOST_CHANGES + 1):
        marks, winner = _against(grey, leader, order, evidence, pictures)
        if winner == leader:
            break
        leader = winner
    else:
        # The crop sides with one, then with another: none of them is certain.
        marks = {place: replace(evidence[place], twin_of_best=True) for place in order}
    rest = [place for place in range(len(evidence)) if place != leader]
    return (evidence[leader], *(marks.get(place, evidence[place]) for place in rest))


def _against(
    grey: Grey, leader: int, order: Sequence[int], evidence: Sequence[Evidence],
    pictures: dict[int, Grey],
) -> tuple[dict[int, Evidence], int]:  # fmt: skip
    """Each rival marked against the leader, and who should lead instead (or the leader)."""
    marks: dict[int, Evidence] = {}
    for place in order:
        if place == leader:
            continue
        lead = tell_apart(grey, pictures[leader], pictures[place])
        if lead is None:
            marks[place] = evidence[place]
            continue
        if lead.certain and lead.lead < 0:
            return marks, place
        marks[place] = replace(
            evidence[place], told_apart=lead.certain, twin_of_best=not lead.certain
        )
    return marks, leader
