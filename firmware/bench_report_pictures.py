"""The pictures of a report: small JPEG files in its folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from firmware.bench_by_eye import OFF_WITHIN, RIGHT_WITHIN
from firmware.bench_corners import card_width_px
from scanner.bench_truth import Truth
from scanner.errors import StoreError
from scanner.records import Corners, Picture

_FRAME_PX, _FINE_FRAME_PX = 480, 960
_THUMB_WIDTH_PX, _THUMB_HEIGHT_PX = 224, 320
# A photo is judged by eye, so 1% of the card's width is 20 px there.
_CLOSE_PX, _FINE_CLOSE_PX = 200, 400
_CLOSE_SHARE = 0.2  # of the card's width that each close-up of a corner shows
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]
_LINE_BGR, _OUTSIDE_BGR = (60, 60, 255), (150, 90, 150)
_RING_BGR, _RING_EDGE_BGR, _SEAM_BGR = (255, 255, 80), (40, 40, 40), (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame made small: its file, its size, and the outlines in its pixels, as SVG points."""

    file: str
    width_px: int
    height_px: int
    found: str = ""
    true: str = ""
    closeups: str = ""
    closeups_px: int = 0


class ReportPictures:
    """Writes into one folder; every reference is written once however often it is shown."""

    def __init__(self, folder: Path) -> None:
        """StoreError when the folder can't be made."""
        self._folder = folder
        self._references: dict[str, str] = {}
        try:
            (folder / "pictures").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the report can't be written to {folder} ({error.strerror or error}); "
                "name another folder with --report"
            ) from error

    def frame(
        self, key: str, frame: Picture, found: Corners | None, true: Corners | None, fine: bool
    ) -> Shown:
        """The frame made small, and close-ups of the found corners; both larger when `fine`, for
        a frame whose corners a person judges."""
        height, width = frame.shape[:2]
        scale = min(1.0, (_FINE_FRAME_PX if fine else _FRAME_PX) / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        file = self._write(f"{key}-frame", small)
        shown = Shown(file, size[0], size[1], _points(found, scale), _points(true, scale))
        if found is None:
            return shown
        close = corner_closeups(frame, found, _FINE_CLOSE_PX if fine else _CLOSE_PX)
        file = self._write(f"{key}-corners", close)
        return replace(shown, closeups=file, closeups_px=close.shape[0])

    def crop(self, key: str, crop: Picture) -> str:
        """The upright crop at the references' size; the path of its file."""
        size = (_THUMB_WIDTH_PX, _THUMB_HEIGHT_PX)
        small = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
        return self._write(f"{key}-crop", small)

    def reference(self, card_id: str, truth: Truth) -> str:
        """The pack's picture of a printing; "" when the packs have none."""
        if card_id not in self._references:
            picture = truth.picture(card_id) if card_id else None
            self._references[card_id] = (
                "" if picture is None else self._write(f"card-{len(self._references)}", picture)
            )
        return self._references[card_id]

    def _write(self, name: str, picture: Picture) -> str:
        file = f"pictures/{name}.jpg"
        done, data = cv2.imencode(".jpg", picture, _JPEG)
        try:
            (self._folder / file).write_bytes(bytes(data) if done else b"")
        except OSError as error:
            raise StoreError(
                f"{self._folder / file} can't be written ({error.strerror or error}); "
                "make room or name another folder with --report"
            ) from error
        return file


def corner_closeups(frame: Picture, corners_px: Corners, side_px: int) -> Picture:
    """The four found corners as they lie in the frame, each in `side_px` squared, for judging them
    by eye: `(2 * side_px, 2 * side_px, 3) uint8`.

    The outline is on them, and rings around each corner as wide as the limits of the verdicts.
    What is outside the frame is violet.
    """
    # The corner that is most to the frame's top left comes first, whichever way up the card is.
    corners_px = np.roll(corners_px, -int(corners_px.sum(axis=1).argmin()), axis=0)
    scale = side_px / max(_CLOSE_SHARE * card_width_px(corners_px), 1e-3)
    # They are shown at half their size or less, and a line of one pixel fades there.
    thick = max(1, side_px // 200)
    picture = np.zeros((2 * side_px, 2 * side_px, 3), np.uint8)
    for corner, (left, top) in zip(
        corners_px, ((0, 0), (side_px, 0), (side_px, side_px), (0, side_px)), strict=True
    ):
        middle = side_px / 2
        matrix = np.array(
            [[scale, 0, middle - scale * corner[0]], [0, scale, middle - scale * corner[1]]]
        )
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        warped = cv2.warpAffine(
            frame, matrix, (side_px, side_px), flags=flags,
            borderMode=cv2.BORDER_CONSTANT, borderValue=_OUTSIDE_BGR,
        )  # fmt: skip
        part = np.asarray(warped, np.uint8)
        line = np.round((corners_px * scale + matrix[:, 2]) * 16).clip(-1e6, 1e6)
        cv2.polylines(part, [line.astype(np.int32)], True, _LINE_BGR, thick, cv2.LINE_AA, 4)
        _draw_limits(part, side_px, thick)
        picture[top : top + side_px, left : left + side_px] = part
    picture[side_px - 1 : side_px + 1] = picture[:, side_px - 1 : side_px + 1] = _SEAM_BGR
    return picture


def _draw_limits(part: Picture, side_px: int, thick: int) -> None:
    """Rings around the middle, as wide as `RIGHT_WITHIN` and `OFF_WITHIN` of the card's width."""
    middle = (side_px // 2, side_px // 2)
    for limit in (RIGHT_WITHIN, OFF_WITHIN):
        radius = round(limit / _CLOSE_SHARE * side_px)
        # Dark beside light, so that a ring shows on white paper and on a black table.
        cv2.circle(part, middle, radius + thick, _RING_EDGE_BGR, 1, cv2.LINE_AA)
        cv2.circle(part, middle, radius, _RING_BGR, thick, cv2.LINE_AA)


def _points(corners_px: Corners | None, scale: float) -> str:
    if corners_px is None:
        return ""
    return " ".join(f"{x * scale:.1f},{y * scale:.1f}" for x, y in (corners_px + 0.5).tolist())
