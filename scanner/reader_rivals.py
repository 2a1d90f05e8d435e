"""Put first what is read where the pictures left it open between printings of one artwork.

A reading alone settles nothing: print of five pixels is misread too often for one error in a
thousand. It orders what a person chooses from, and it can cast doubt on the pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from scanner.decide import Evidence
from scanner.reader import Reading
from scanner.reader_places import printed
from scanner.records import Printing

Read = Callable[[Sequence[Printing]], Reading | None]


def read_among(evidence: Sequence[Evidence], read: Read) -> tuple[Evidence, ...]:
    """The evidence, best first, with the printing ahead whose number the card shows.

    Nothing is read unless the pictures left twins that print something else. A twin that is read
    takes the lead, and what was left open stays so. When what is read is a rival that the picture
    spoke against, neither is believed: it is a twin again.
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
    lead = replace(evidence[leader], twin_of_best=False, number_read=True)
    rest = [item for place, item in enumerate(evidence) if place != leader]
    if leader != 0:
        rest[0] = replace(rest[0], twin_of_best=True)
    return (lead, *rest)
