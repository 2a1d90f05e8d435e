"""What is in view: the net's word, against the corners it found. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2

from scanner.locate_peaks import Quad
from scanner.records import View

_SHARP = 0.4
_SURELY_NOTHING = 0.8
# Cards under one camera have one size: a zone printed on a playmat or a sliver of a card at the rim
# seldom has the size of the card beside it, and seldom four corners as sharp.
_LEAST_OF_SIZE = 0.6
_POSSIBLE = 0.2
# A card that hides most of another shows one set of corners: here only the net's word counts.
_SURELY = 0.9


class Chances(NamedTuple):
    """How likely each view is, as the net says; together 1."""

    nothing: float
    card: float
    several: float
    back: float

    @property
    def one_card(self) -> float:
        """That there is one card, whichever side it shows."""
        return self.card + self.back

    def of(self, view: View) -> float:
        """The chance of a view that the net knows."""
        return self[_VIEWS.index(view)]

    def likeliest(self) -> View:
        """The view with the greatest chance."""
        return max(_VIEWS, key=self.of)

    def side(self) -> View:
        """Which side a card shows, where there is one."""
        return View.BACK if self.back > self.card else View.CARD

    def mean(self, other: Chances) -> Chances:
        """What two looks say together."""
        return Chances(*((one + two) / 2 for one, two in zip(self, other, strict=True)))


_VIEWS = (View.NOTHING, View.CARD, View.SEVERAL, View.BACK)


def likeliest_view(chances: Chances, quads: Sequence[Quad]) -> View:
    """The likeliest view; four sharp corners are a card, unless the net is sure of nothing."""
    view = chances.likeliest()
    sharp = bool(quads) and quads[0].strength >= _SHARP
    if view is View.NOTHING and sharp and chances.nothing < _SURELY_NOTHING:
        return chances._replace(nothing=0.0).likeliest()
    return view


def settle_view(view: View, several_chance: float, quads: Sequence[Quad]) -> View:
    """The view when the corners are heard too; `quads` best first, `view` the net's own word."""
    if view not in (View.CARD, View.BACK, View.SEVERAL):
        return view
    if several_chance >= _POSSIBLE and any(_is_another(quads[0], quad) for quad in quads[1:]):
        return View.SEVERAL
    if view is View.SEVERAL and several_chance < _SURELY and quads:
        return View.CARD
    return view


def _is_another(best: Quad, quad: Quad) -> bool:
    one, other = cv2.contourArea(best.corners), cv2.contourArea(quad.corners)
    alike = min(one, other) >= _LEAST_OF_SIZE * max(one, other)
    return alike and quad.strength >= _SHARP
