"""The net's looks at a frame: at the whole, at it by half a turn, exposed anew, or enlarged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from scanner.locate_cut import Points
from scanner.locate_net import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, CornerNet, Fit, fit_frame
from scanner.locate_peaks import Quad, find_peaks, find_quads
from scanner.quads import short_side
from scanner.records import Corners, Picture
from scanner.shrink import Levels
from scanner.views import Chances

log = logging.getLogger(__name__)

_MIN_SIDE_PX = 32
_LEAST_STRENGTH = 0.12
_LEAST_SINGLE = 0.25
_CLOSER_ROOM = 0.32
# Below this strength of the best card's corners, the frame is looked at again by half a turn.
_SHARP_ENOUGH = 0.5
_SEVERAL_POSSIBLE = 0.2
_CARD_LIKELY = 0.3
# The mean grey level that a frame is brought to in which no corner was seen.
_MIDDLE_GREY = 90.0
_LAST = np.array([INPUT_WIDTH_PX - 1, INPUT_HEIGHT_PX - 1], np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """What the net made of a frame or a part of it, in the whole frame's pixels."""

    chances: Chances
    quads: list[Quad]
    single: tuple[Points, Points]
    """Sharp corners of each kind, likeliest first: of a card that is cut, not all are in view."""
    scale: float
    """Frame pixels per pixel of the net's input."""


def look_twice(levels: Levels, net: CornerNet) -> Look | None:
    """Look at the frame, and when that is in doubt at the frame by half a turn, for another
    opinion: the chances are then those of both, the corners the sharper ones.

    A card whose corners are lost in glaring white or in the dark is looked for once more in
    another exposure.
    """
    fitted = fit_frame(levels)
    look = look_once(fitted, net)
    if look is None or (not look.quads and look.chances.one_card < _CARD_LIKELY):
        return look
    if not look.quads:
        exposed = look_once(fit_frame(Levels(_exposed(levels.frame))), net)
        return exposed if exposed is not None and exposed.quads else look
    alone = len(look.quads) == 1 or look.quads[1].strength < _SHARP_ENOUGH
    blurred = look.quads[0].strength < _SHARP_ENOUGH
    if not blurred and not (alone and look.chances.several > _SEVERAL_POSSIBLE):
        return look
    turned = look_once(fitted, net, turned=True)
    if turned is None or not turned.quads:
        return look
    chances = look.chances.mean(turned.chances)
    kept, other = look.quads, turned.quads
    if other[0].strength > kept[0].strength:
        kept, other = other, kept
    return replace(look, chances=chances, quads=[kept[0], *(_seen_by(q, other) for q in kept[1:])])


def _seen_by(quad: Quad, others: Sequence[Quad]) -> Quad:
    """A faint card that the other look sees too is as sharp as both say together."""
    middle, near = quad.corners.mean(axis=0), short_side(quad.corners) / 3
    again = max(
        (
            other.strength
            for other in others
            if np.linalg.norm(other.corners.mean(axis=0) - middle) < near
        ),
        default=0.0,
    )
    return replace(quad, strength=min(1.0, quad.strength + again))


def look_once(fitted: tuple[Picture, Fit], net: CornerNet, *, turned: bool = False) -> Look | None:
    """What the net makes of a fitted frame, or of it by half a turn; None when its answer is no
    answer at all."""
    canvas, fit = fitted
    if turned:
        canvas = np.ascontiguousarray(canvas[::-1, ::-1])
    maps, chances = net.run(canvas)
    if not (np.isfinite(maps).all() and np.isfinite(chances).all()):
        log.warning("The locator's model answered with no numbers; the frame counts as empty")
        return None
    quads = [
        Quad(fit.to_frame(_LAST - quad.corners if turned else quad.corners), quad.strength)
        for quad in find_quads(maps)
        if quad.strength > _LEAST_STRENGTH
    ]
    single: tuple[Points, Points] = ((), ())
    if not quads:
        first, second = (
            [
                fit.to_frame(np.array([[peak.x, peak.y]], np.float32))[0]
                for peak in find_peaks(corner_map)
                if peak.mass > _LEAST_SINGLE
            ]
            for corner_map in maps
        )
        single = (first, second)
    return Look(Chances(*map(float, chances)), quads, single, fit.scale)


def look_closer(frame: Picture, quad: Corners, net: CornerNet) -> Look | None:
    """Look again at the part of the frame around `quad`; None when that shows less."""
    height, width = frame.shape[:2]
    low, high = quad.min(axis=0), quad.max(axis=0)
    room = _CLOSER_ROOM * (high - low).max()
    left, top = np.maximum(np.floor(low - room), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high + room) + 1, (width, height)).astype(int)
    part = frame[top:bottom, left:right]
    if min(part.shape[:2]) < _MIN_SIDE_PX:
        return None
    look = look_once(fit_frame(Levels(part)), net)
    if look is None:
        return None
    offset = np.array([left, top], dtype=np.float32)
    moved = [Quad(found.corners + offset, found.strength) for found in look.quads]
    middle = quad.mean(axis=0)
    near = short_side(quad) / 3
    same = [one for one in moved if np.linalg.norm(one.corners.mean(axis=0) - middle) < near]
    if not same or look.chances.one_card <= _CARD_LIKELY:
        return None
    return replace(look, quads=same)


def _exposed(frame: Picture) -> Picture:
    """The frame as with another exposure, its brightness in the middle of the range."""
    mean = min(max(float(np.mean(frame[::8, ::8])), 8.0), 247.0)
    power = np.log(_MIDDLE_GREY / 255) / np.log(mean / 255)
    table = np.round(255 * (np.arange(256) / 255) ** power).astype(np.uint8)
    return np.asarray(cv2.LUT(frame, table), np.uint8)
