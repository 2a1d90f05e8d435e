"""Whether one card is in view or several: the net's word against the corners it found. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from scanner.locate_peaks import Quad
from scanner.records import View

# Cards under one camera have one size: a zone printed on a playmat or a sliver of a card at the rim
# seldom has the size of the card beside it, and seldom four corners as sharp.
_SHARP = 0.4
_LEAST_OF_SIZE = 0.6
_POSSIBLE = 0.2
# A card that hides most of another shows one set of corners: here only the net's word counts.
_SURELY = 0.9


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
