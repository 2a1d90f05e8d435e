"""Settle by reading what the pictures left open between printings of one artwork."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from scanner.decide import Evidence
from scanner.reader import Reading
from scanner.reader_places import printed
from scanner.records import Printing

Read = Callable[[Sequence[Printing]], Reading | None]


def read_among(evidence: Sequence[Evidence], read: Read) -> tuple[Evidence, ...]:
    """The evidence, best first, with twins told apart where the card's number says which it is.

    Nothing is read unless the pictures left twins that print something else. A twin that is read
    for certain takes the lead. When what is read is a rival that the picture spoke against,
    neither is believed: it is a twin again, and a person decides.
    """
    rivals = [p for p, item in enumerate(evidence) if item.twin_of_best or item.told_apart]
    if not rivals:
        return tuple(evidence)
    places = [0, *rivals]
    prints = {place: printed(evidence[place].printing) for place in places}
    if not any(evidence[p].twin_of_best and prints[p] != prints[0] for p in rivals):
        return tuple(evidence)
    reading = read([evidence[place].printing for place in places])
    if reading is None:
        return tuple(evidence)
    certain = [place for index, place in enumerate(places) if reading.is_certain(index)]
    if not certain:
        return tuple(evidence)
    believed = [place for place in certain if not evidence[place].told_apart]
    if not believed:
        doubted = {p: replace(evidence[p], told_apart=False, twin_of_best=True) for p in certain}
        return tuple(doubted.get(place, item) for place, item in enumerate(evidence))
    leader = believed[0]
    marks = {
        place: replace(evidence[place], twin_of_best=False, told_apart=True)
        for place in places
        if place not in certain
    }
    if leader != 0:
        # The pictures were compared with another one's; of those that print the same nothing is
        # known beyond that.
        marks |= {p: replace(evidence[p], twin_of_best=True, told_apart=False) for p in certain}
    lead = replace(evidence[leader], twin_of_best=False, told_apart=False)
    rest = [place for place in range(len(evidence)) if place != leader]
    return (lead, *(marks.get(place, evidence[place]) for place in rest))
