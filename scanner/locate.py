"""Find the card in a full frame: what is in view, and the four corners of the card."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scanner.errors import ModelError, PictureError
from scanner.locate_contour import locate_by_contour
from scanner.locate_edges import refine
from scanner.locate_net import CornerNet, fit_frame
from scanner.locate_peaks import Quad, find_quads
from scanner.models import read_manifest
from scanner.records import Corners, Located, Picture, View
from scanner.several import settle_view

log = logging.getLogger(__name__)

_VIEWS = (View.NOTHING, View.CARD, View.SEVERAL, View.BACK)
_MIN_SIDE_PX = 32
_LEAST_STRENGTH = 0.12
# A card whose short side is smaller than this in the net's input is looked at again, enlarged.
_LOOK_CLOSER_PX = 52.0
_CLOSER_ROOM = 0.32
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


class Locator:
    """Finds cards in frames. Not safe to call from two threads at once.

    `kind` is `net`, or `contour` when the model could not be loaded; `reason` then says why.
    """

    def __init__(self, net: CornerNet | None = None, reason: str = "") -> None:
        self._net = net
        self.reason = reason

    @property
    def kind(self) -> str:
        """`net` or, as the loud fallback, `contour`."""
        return "contour" if self._net is None else "net"

    @classmethod
    def load(cls, models_dir: Path | None = None, threads: int = 1) -> Locator:
        """The locator with the model from `models_dir` (default: the one shipped).

        Never raises for a missing or damaged model: it warns and finds cards by their contours.
        """
        try:
            return cls(CornerNet.open(read_manifest("locator", models_dir), threads))
        except ModelError as error:
            log.warning("Cards are found by plain contours, which is far less reliable: %s", error)
            return cls(None, str(error))

    def locate(self, frame: Picture) -> Located:
        """Return the view of `(H, W, 3) uint8` and the corners of each card in its pixels.

        Corners are `(4, 2) float32`, clockwise, a short edge of the card first, as the card lies
        most upright (half a turn is left to the embedder). Raises `PictureError` when `frame` is
        not such a picture or has a side shorter than 32 pixels.
        """
        check_picture(frame)
        if self._net is None:
            return locate_by_contour(frame)
        chances, quads, scale = self._look(frame, self._net)
        view = int(np.argmax(chances))
        if view in (1, 3) and quads and _short_side(quads[0].corners) < _LOOK_CLOSER_PX * scale:
            closer = self._look_closer(frame, quads[0].corners, self._net)
            if closer is not None:
                chances, quads, scale = closer
                view = 3 if chances[3] > chances[1] else 1
        if not quads or view == 0:
            return Located(View.NOTHING, (), float(chances[0]) if view == 0 else 0.5)
        seen = settle_view(_VIEWS[view], float(chances[2]), quads)
        shown = quads if seen is View.SEVERAL else quads[:1]
        corners = tuple(self._exact(frame, quad.corners, scale) for quad in shown)
        return Located(
            seen, corners, float(chances[view]) * quads[0].strength,
            tuple(quad.strength for quad in shown), float(chances[2]),
        )  # fmt: skip

    @staticmethod
    def _look(frame: Picture, net: CornerNet) -> tuple[NDArray[np.float32], list[Quad], float]:
        """Chances of the views, quads in the frame's pixels, frame pixels per input pixel."""
        canvas, fit = fit_frame(frame)
        maps, chances = net.run(canvas)
        quads = [
            Quad(fit.to_frame(quad.corners), quad.strength)
            for quad in find_quads(maps)
            if quad.strength > _LEAST_STRENGTH
        ]
        return chances, quads, fit.scale

    def _look_closer(
        self, frame: Picture, quad: Corners, net: CornerNet
    ) -> tuple[NDArray[np.float32], list[Quad], float] | None:
        """Look again at the part of the frame around `quad`; None when that shows less."""
        height, width = frame.shape[:2]
        low, high = quad.min(axis=0), quad.max(axis=0)
        room = _CLOSER_ROOM * (high - low).max()
        left, top = np.maximum(np.floor(low - room), 0).astype(int)
        right, bottom = np.minimum(np.ceil(high + room) + 1, (width, height)).astype(int)
        part = frame[top:bottom, left:right]
        if min(part.shape[:2]) < _MIN_SIDE_PX:
            return None
        chances, quads, scale = self._look(part, net)
        offset = np.array([left, top], dtype=np.float32)
        moved = [Quad(found.corners + offset, found.strength) for found in quads]
        middle = quad.mean(axis=0)
        near = _short_side(quad) / 3
        same = [one for one in moved if np.linalg.norm(one.corners.mean(axis=0) - middle) < near]
        return (chances, same, scale) if same and chances[1] + chances[3] > 0.3 else None

    @staticmethod
    def _exact(frame: Picture, quad: Corners, scale: float) -> Corners:
        reach_px = _REACH_INPUT_PX * scale + _REACH_SHARE * _short_side(quad)
        refined, _ = refine(frame, quad, reach_px)
        return _upright(refined)


def _short_side(quad: Corners) -> float:
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return float(min(sides[0] + sides[2], sides[1] + sides[3]) / 2)


def _upright(quad: Corners) -> Corners:
    """Keep the net's word on which edges are short; choose the half turn that looks upright."""
    up = quad[:2].mean(axis=0) - quad[2:].mean(axis=0)
    tie = abs(up[1]) <= 1e-3 * abs(up[0])
    if (tie and up[0] > 0) or (not tie and up[1] > 0):
        quad = np.roll(quad, 2, axis=0)
    return np.ascontiguousarray(quad, dtype=np.float32)
