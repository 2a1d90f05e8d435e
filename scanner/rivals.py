"""Settle between the best candidate and those that look almost like it: its other printings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from scanner.decide import Evidence
from scanner.printing import Reading, Siding, read
from scanner.printing_group import Plate, Siblings, join, plate
from scanner.records import Picture

# Candidates within this of the best one's score may be another printing of its artwork.
_REACH = 0.2
_MOST_RIVALS = 4
_KEPT_GROUPS = 8
_KEPT_PLATES = 64


class Rivals:
    """Settles between printings, and keeps what it made of the last references.

    The same groups come again in one stack, and laying references on one another takes as long
    as reading a crop against them. Not safe for use from several threads at once.
    """

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._plates: OrderedDict[Hashable, Plate] = OrderedDict()
        self._groups: OrderedDict[tuple[Hashable, ...], Siblings] = OrderedDict()

    def settle(
        self, cut: Callable[[], Picture], evidence: Sequence[Evidence],
        key: Callable[[int], Hashable], reference: Callable[[int], Picture],
    ) -> tuple[Evidence, ...]:  # fmt: skip
        """The evidence with each close rival marked: told apart, a twin, or neither.

        `cut` gives the upright `(640, 448, 3) uint8` crop, and is asked only where there are close
        rivals; `evidence` is best first; `reference` gives the `(320, 224, 3) uint8` picture of the
        candidate at a place in it, `key` what that picture is known by. The printing that the
        crop sides with takes the best one's place.
        """
        order = [
            place
            for place, item in enumerate(evidence)
            if evidence[0].comparison.score - item.comparison.score < _REACH
        ][: _MOST_RIVALS + 1]
        if len(order) < 2:
            return tuple(evidence)
        siblings = self._siblings([key(place) for place in order], order, reference)
        alike = [index for index, luma in enumerate(siblings.lumas) if luma is not None]
        if len(alike) < 2:
            return tuple(evidence)
        reading = read(cut(), siblings)
        if reading is None:
            marks = {order[index]: (False, True) for index in alike[1:]}
            return _marked(evidence, order[0], marks)
        leader, sides = _leader(reading, alike)
        marks = {order[index]: (side.certain, not side.certain) for index, side in sides.items()}
        return _marked(evidence, order[leader], marks)

    def _siblings(
        self, keys: Sequence[Hashable], order: Sequence[int],
        reference: Callable[[int], Picture],
    ) -> Siblings:  # fmt: skip
        group = tuple(keys)
        found = self._groups.pop(group, None)
        if found is None:
            found = join(
                [self._plate(key, place, reference) for key, place in zip(keys, order, strict=True)]
            )
        self._groups[group] = found
        if len(self._groups) > _KEPT_GROUPS:
            self._groups.popitem(last=False)
        return found

    def _plate(self, key: Hashable, place: int, reference: Callable[[int], Picture]) -> Plate:
        found = self._plates.pop(key, None)
        if found is None:
            found = plate(reference(place))
        self._plates[key] = found
        if len(self._plates) > _KEPT_PLATES:
            self._plates.popitem(last=False)
        return found


def _leader(reading: Reading, alike: Sequence[int]) -> tuple[int, dict[int, Siding]]:
    """The one that the crop sides with against each of the others, and how far.

    Where it sides in a circle, the one with the most evidence in all leads.
    """
    sides: dict[int, dict[int, Siding]] = {}
    leader = alike[0]
    for _ in alike:
        sides[leader] = {index: reading.side(leader, index) for index in alike if index != leader}
        worst, stronger = min((side.evidence, index) for index, side in sides[leader].items())
        if worst >= 0:
            return leader, sides[leader]
        if stronger in sides:
            break
        leader = stronger
    leader = max(sides, key=lambda one: sum(side.evidence for side in sides[one].values()))
    return leader, sides[leader]


def _marked(
    evidence: Sequence[Evidence], leader: int, marks: dict[int, tuple[bool, bool]]
) -> tuple[Evidence, ...]:
    """The leader first; each mark is told apart, twin of the best."""
    marked = [
        replace(item, told_apart=marks[place][0], twin_of_best=marks[place][1])
        if place in marks
        else item
        for place, item in enumerate(evidence)
    ]
    return (marked[leader], *(item for place, item in enumerate(marked) if place != leader))
