"""Find the card in a full frame: what is in view, and the four corners of the card."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scanner.errors import ModelError, PictureError
from scanner.locate_contour import locate_by_contour
from scanner.locate_cut import complete_card, reaches_beyond
from scanner.locate_edges import refine
from scanner.locate_lines import EdgeFinder
from scanner.locate_look import Look, look_closer, look_twice
from scanner.locate_net import CornerNet
from scanner.models import read_manifest
from scanner.quads import looks_upside_down, short_side
from scanner.records import Corners, Located, Picture, Trust, View
from scanner.shrink import Levels
from scanner.views import likeliest_view, settle_view

log = logging.getLogger(__name__)

_MIN_SIDE_PX = 32
_UNKNOWN = np.zeros(4)
# A card that is not whole in view is never sure to be found exactly.
_CUT_CONFIDENCE = 0.3
# A card whose short side is smaller than this in the net's input is looked at again, enlarged.
_LOOK_CLOSER_PX = 52.0
# How far from the net's edge the paper's edge may lie, as a share of the short side.
_REACH_SHARE = 0.03


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
        """Return the view of `(H, W, 3) uint8` and the exact corners of each card in its pixels.

        Corners are `(4, 2) float32`, clockwise, a short edge of the card first, as the card lies
        most upright (half a turn is left to the embedder). Raises `PictureError` when `frame` is
        not such a picture or has a side shorter than 32 pixels.
        """
        return self.exact(frame, self.glance(Levels(frame)))

    def glance(self, levels: Levels) -> Located:
        """As `locate`, in half the time: corners are off by one or two per cent of the width."""
        frame = levels.frame
        check_picture(frame)
        if self._net is None:
            return locate_by_contour(frame)
        look = look_twice(levels, self._net)
        if look is None:
            return Located(View.NOTHING)
        view = likeliest_view(look.chances, look.quads)
        small = bool(look.quads) and (
            short_side(look.quads[0].corners) < _LOOK_CLOSER_PX * look.scale
        )
        if view in (View.CARD, View.BACK) and small:
            closer = look_closer(frame, look.quads[0].corners, self._net)
            if closer is not None:
                look = closer
                view = look.chances.side()
        if view is View.NOTHING:
            return Located(View.NOTHING, (), look.chances.nothing)
        if not look.quads:
            return _cut_card(frame, view, look)
        seen = settle_view(view, look.chances.several, look.quads)
        shown = look.quads if seen is View.SEVERAL else look.quads[:1]
        return Located(
            seen, tuple(_upright(quad.corners, _UNKNOWN)[0] for quad in shown),
            look.chances.of(view) * shown[0].strength,
            tuple(quad.strength for quad in shown), look.chances.several,
        )  # fmt: skip

    def exact(self, frame: Picture, located: Located) -> Located:
        """What a `glance` at the same frame saw, its corners set where the paper's edges meet."""
        if self._net is None or not located.corners_px:
            return located
        exact = [self._exact(frame, corners) for corners in located.corners_px]
        return replace(
            located,
            corners_px=tuple(corners for corners, _ in exact),
            cut=located.cut or reaches_beyond(exact[0][0], (frame.shape[1], frame.shape[0])),
            corner_trust=tuple(trust for _, trust in exact),
        )

    def _exact(self, frame: Picture, quad: Corners) -> tuple[Corners, Trust]:
        if self._edges is None:
            reach_px = _REACH_SHARE * short_side(quad)
            corners, found = refine(frame, quad, reach_px)
            return _upright(corners, np.full(4, found))
        exact = self._edges.refine(frame, quad)
        return _upright(exact.corners, exact.trust)


def _cut_card(frame: Picture, view: View, look: Look) -> Located:
    """The answer when no card is seen whole: one that reaches beyond the frame, or nothing."""
    quad = complete_card(*look.single, (frame.shape[1], frame.shape[0]))
    if quad is None or view is View.SEVERAL:
        return Located(View.NOTHING, (), 0.5)
    return Located(
        view, (_upright(quad, _UNKNOWN)[0],), look.chances.of(view) * _CUT_CONFIDENCE,
        (_CUT_CONFIDENCE,), look.chances.several, cut=True,
    )  # fmt: skip


def _upright(quad: Corners, trust: NDArray[np.float64]) -> tuple[Corners, Trust]:
    """Keep the net's word on which edges are short; choose the half turn that looks upright."""
    if looks_upside_down(quad):
        quad, trust = np.roll(quad, 2, axis=0), np.roll(trust, 2)
    one, two, three, four = (float(value) for value in trust)
    return np.ascontiguousarray(quad, dtype=np.float32), (one, two, three, four)
