"""Find the card in a full frame: what is in view, and the four corners of the card."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.errors import ModelError, PictureError
from scanner.locate_contour import locate_by_contour
from scanner.locate_cut import Points, complete_card, reaches_beyond
from scanner.locate_edges import refine
from scanner.locate_lines import EdgeFinder
from scanner.locate_net import CornerNet, fit_frame
from scanner.locate_peaks import Quad, find_peaks, find_quads
from scanner.locate_strips import short_side
from scanner.models import read_manifest
from scanner.records import Corners, Located, Picture, Trust, View
from scanner.several import settle_view

log = logging.getLogger(__name__)

_VIEWS = (View.NOTHING, View.CARD, View.SEVERAL, View.BACK)
_MIN_SIDE_PX = 32
_LEAST_STRENGTH = 0.12
_LEAST_SINGLE = 0.25
# A card that is not whole in view is never sure to be found exactly.
_CUT_CONFIDENCE = 0.3
# A card whose short side is smaller than this in the net's input is looked at again, enlarged.
_LOOK_CLOSER_PX = 52.0
_CLOSER_ROOM = 0.32
# Below this strength of the best card's corners, the frame is looked at again by half a turn.
_SHARP_ENOUGH = 0.5
_SEVERAL_POSSIBLE = 0.2
_CARD_LIKELY = 0.5
# The mean grey level that a frame is brought to in which no corner was seen.
_MIDDLE_GREY = 90.0
# How far from the net's edge the paper's edge may lie: input pixels, and share of the short side.
_REACH_INPUT_PX = 0.6
_REACH_SHARE = 0.018


def check_picture(frame: Picture) -> None:
    """Raise `PictureError` unless `frame` is `(H, W, 3) uint8` of at least 32 × 32 pixels."""
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8:
        raise PictureError("The frame is not an array of 8-bit pixels; decode the picture first.")
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise PictureError(
            f"The frame has the shape {frame.shape}; a colour picture (height, width, 3) is needed."
        )
    if min(frame.shape[:2]) < _MIN_SIDE_PX:
        raise PictureError(
            f"The picture is {frame.shape[1]} × {frame.shape[0]} pixels; "
            f"at least {_MIN_SIDE_PX} × {_MIN_SIDE_PX} are needed to find a card."
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """What the net made of a frame or a part of it, in the whole frame's pixels."""

    chances: NDArray[np.float32]
    quads: list[Quad]
    single: tuple[Points, Points]
    """Sharp corners of each kind, likeliest first: of a card that is cut, not all are in view."""
    scale: float
    """Frame pixels per pixel of the net's input."""


class Locator:
    """Finds cards in frames. Not safe to call from two threads at once.

    `kind` is `net`, or `contour` when the model could not be loaded; `reason` then says why.
    """

    def __init__(
        self, net: CornerNet | None = None, reason: str = "", edges: EdgeFinder | None = None
    ) -> None:
        self._net = net
        self._edges = edges
        self.reason = reason

    @property
    def kind(self) -> str:
        """`net` or, as the loud fallback, `contour`."""
        return "contour" if self._net is None else "net"

    @classmethod
    def load(cls, models_dir: Path | None = None, threads: int = 1) -> Locator:
        """The locator with the models from `models_dir` (default: those shipped).

        Never raises for a missing or damaged model: it warns and finds cards by their contours,
        or makes the corners exact by plain edges.
        """
        try:
            net = CornerNet.open(read_manifest("locator", models_dir), threads)
        except ModelError as error:
            log.warning("Cards are found by plain contours, which is far less reliable: %s", error)
            return cls(None, str(error))
        try:
            return cls(net, "", EdgeFinder.open(read_manifest("edges", models_dir), threads))
        except ModelError as error:
            log.warning("Corners are placed by plain edges, which is less exact: %s", error)
            return cls(net, str(error))

    def locate(self, frame: Picture) -> Located:
        """Return the view of `(H, W, 3) uint8` and the corners of each card in its pixels.

        Corners are `(4, 2) float32`, clockwise, a short edge of the card first, as the card lies
        most upright (half a turn is left to the embedder). Raises `PictureError` when `frame` is
        not such a picture or has a side shorter than 32 pixels.
        """
        check_picture(frame)
        if self._net is None:
            return locate_by_contour(frame)
        look = self._look_twice(frame, self._net)
        if look is None:
            return Located(View.NOTHING)
        view = int(np.argmax(look.chances))
        small = bool(look.quads) and (
            short_side(look.quads[0].corners) < _LOOK_CLOSER_PX * look.scale
        )
        if view in (1, 3) and small:
            closer = self._look_closer(frame, look.quads[0].corners, self._net)
            if closer is not None:
                look = closer
                view = 3 if look.chances[3] > look.chances[1] else 1
        if view == 0:
            return Located(View.NOTHING, (), float(look.chances[0]))
        if not look.quads:
            return self._cut_card(frame, view, look)
        seen = settle_view(_VIEWS[view], float(look.chances[2]), look.quads)
        shown = look.quads if seen is View.SEVERAL else look.quads[:1]
        exact = [self._exact(frame, quad.corners, look.scale) for quad in shown]
        return Located(
            seen, tuple(corners for corners, _ in exact),
            float(look.chances[view]) * shown[0].strength,
            tuple(quad.strength for quad in shown), float(look.chances[2]),
            cut=reaches_beyond(exact[0][0], (frame.shape[1], frame.shape[0])),
            corner_trust=tuple(trust for _, trust in exact),
        )  # fmt: skip

    def _cut_card(self, frame: Picture, view: int, look: _Look) -> Located:
        """The answer when no card is seen whole: one that reaches beyond the frame, or nothing."""
        quad = complete_card(*look.single, (frame.shape[1], frame.shape[0]))
        if quad is None or view == 2:
            return Located(View.NOTHING, (), 0.5)
        corners, trust = self._exact(frame, quad, look.scale)
        chance = float(look.chances[view])
        return Located(
            _VIEWS[view], (corners,), chance * _CUT_CONFIDENCE, (_CUT_CONFIDENCE,),
            float(look.chances[2]), cut=True, corner_trust=(trust,),
        )  # fmt: skip

    def _look_twice(self, frame: Picture, net: CornerNet) -> _Look | None:
        """Look at the frame, and when that is in doubt at the frame by half a turn, for another
        opinion: the chances are then those of both, the corners the sharper ones.

        A card whose corners are lost in glaring white or in the dark is looked for once more in
        another exposure.
        """
        look = self._look(frame, net)
        if look is None or (not look.quads and look.chances[1] + look.chances[3] < _CARD_LIKELY):
            return look
        if not look.quads:
            exposed = self._look(_exposed(frame), net)
            return exposed if exposed is not None and exposed.quads else look
        alone = len(look.quads) == 1 or look.quads[1].strength < _SHARP_ENOUGH
        blurred = look.quads[0].strength < _SHARP_ENOUGH
        if not blurred and not (alone and look.chances[2] > _SEVERAL_POSSIBLE):
            return look
        turned = self._look(np.ascontiguousarray(frame[::-1, ::-1]), net)
        if turned is None or not turned.quads:
            return look
        chances = np.asarray((look.chances + turned.chances) / 2, np.float32)
        if turned.quads[0].strength <= look.quads[0].strength:
            return replace(look, chances=chances)
        last = np.array([frame.shape[1] - 1, frame.shape[0] - 1], np.float32)
        quads = [Quad(last - quad.corners, quad.strength) for quad in turned.quads]
        return replace(look, chances=chances, quads=quads)

    @staticmethod
    def _look(frame: Picture, net: CornerNet) -> _Look | None:
        """None when the net's answer is no answer at all."""
        canvas, fit = fit_frame(frame)
        maps, chances = net.run(canvas)
        if not (np.isfinite(maps).all() and np.isfinite(chances).all()):
            log.warning("The locator's model answered with no numbers; the frame counts as empty")
            return None
        quads = [
            Quad(fit.to_frame(quad.corners), quad.strength)
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
        return _Look(chances, quads, single, fit.scale)

    def _look_closer(self, frame: Picture, quad: Corners, net: CornerNet) -> _Look | None:
        """Look again at the part of the frame around `quad`; None when that shows less."""
        height, width = frame.shape[:2]
        low, high = quad.min(axis=0), quad.max(axis=0)
        room = _CLOSER_ROOM * (high - low).max()
        left, top = np.maximum(np.floor(low - room), 0).astype(int)
        right, bottom = np.minimum(np.ceil(high + room) + 1, (width, height)).astype(int)
        part = frame[top:bottom, left:right]
        if min(part.shape[:2]) < _MIN_SIDE_PX:
            return None
        look = self._look(part, net)
        if look is None:
            return None
        offset = np.array([left, top], dtype=np.float32)
        moved = [Quad(found.corners + offset, found.strength) for found in look.quads]
        middle = quad.mean(axis=0)
        near = short_side(quad) / 3
        same = [one for one in moved if np.linalg.norm(one.corners.mean(axis=0) - middle) < near]
        if not same or look.chances[1] + look.chances[3] <= 0.3:
            return None
        return replace(look, quads=same)

    def _exact(self, frame: Picture, quad: Corners, scale: float) -> tuple[Corners, Trust]:
        if self._edges is None:
            reach_px = _REACH_INPUT_PX * scale + _REACH_SHARE * short_side(quad)
            corners, found = refine(frame, quad, reach_px)
            return _upright(corners, np.full(4, found))
        exact = self._edges.refine(frame, quad)
        return _upright(exact.corners, exact.trust)


def _upright(quad: Corners, trust: NDArray[np.float64]) -> tuple[Corners, Trust]:
    """Keep the net's word on which edges are short; choose the half turn that looks upright."""
    up = quad[:2].mean(axis=0) - quad[2:].mean(axis=0)
    tie = abs(up[1]) <= 1e-3 * abs(up[0])
    if (tie and up[0] > 0) or (not tie and up[1] > 0):
        quad, trust = np.roll(quad, 2, axis=0), np.roll(trust, 2)
    one, two, three, four = (float(value) for value in trust)
    return np.ascontiguousarray(quad, dtype=np.float32), (one, two, three, four)


def _exposed(frame: Picture) -> Picture:
    """The frame as with another exposure, its brightness in the middle of the range."""
    mean = min(max(float(np.mean(frame[::8, ::8])), 8.0), 247.0)
    power = np.log(_MIDDLE_GREY / 255) / np.log(mean / 255)
    table = np.round(255 * (np.arange(256) / 255) ** power).astype(np.uint8)
    return np.asarray(cv2.LUT(frame, table), np.uint8)
