"""The pictures of a report: small JPEG files in its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from firmware.bench_corners import card_width_px
from scanner.bench_truth import Truth
from scanner.errors import StoreError
from scanner.records import Corners, Picture

_FRAME_PX = 480
_THUMB_WIDTH_PX, _THUMB_HEIGHT_PX = 224, 320
_CLOSE_PX = 120
_CLOSE_SHARE = 0.28  # of the card's width that each close-up of a corner shows
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]
_LINE_BGR, _OUTSIDE_BGR = (60, 60, 255), (150, 90, 150)


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame made small: its file, its size, and the outlines in its pixels, as SVG points."""

    file: str
    width_px: int
    height_px: int
    found: str = ""
    true: str = ""
    closeups: str = ""


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

    def frame(self, key: str, frame: Picture, found: Corners | None, true: Corners | None) -> Shown:
        """The frame with its longer side at 480 px, and close-ups of the found corners."""
        height, width = frame.shape[:2]
        scale = min(1.0, _FRAME_PX / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        file = self._write(f"{key}-frame", small)
        closeups = (
            "" if found is None else self._write(f"{key}-corners", corner_closeups(frame, found))
        )
        return Shown(file, size[0], size[1], _points(found, scale), _points(true, scale), closeups)

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


def corner_closeups(frame: Picture, corners_px: Corners) -> Picture:
    """The four found corners side by side as they lie in the frame, `(240, 240, 3) uint8`, each
    with the outline on it, for judging them by eye. What is outside the frame is violet."""
    # The corner that is most to the frame's top left comes first, whichever way up the card is.
    corners_px = np.roll(corners_px, -int(corners_px.sum(axis=1).argmin()), axis=0)
    scale = _CLOSE_PX / max(_CLOSE_SHARE * card_width_px(corners_px), 1e-3)
    picture = np.zeros((2 * _CLOSE_PX, 2 * _CLOSE_PX, 3), np.uint8)
    for corner, (left, top) in zip(
        corners_px, ((0, 0), (_CLOSE_PX, 0), (_CLOSE_PX, _CLOSE_PX), (0, _CLOSE_PX)), strict=True
    ):
        middle = _CLOSE_PX / 2
        matrix = np.array(
            [[scale, 0, middle - scale * corner[0]], [0, scale, middle - scale * corner[1]]]
        )
        part = cv2.warpAffine(
            frame, matrix, (_CLOSE_PX, _CLOSE_PX),
            flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_CONSTANT, borderValue=_OUTSIDE_BGR,
        )  # fmt: skip
        line = np.round((corners_px * scale + matrix[:, 2]) * 16).clip(-1e6, 1e6)
        cv2.polylines(part, [line.astype(np.int32)], True, _LINE_BGR, 1, cv2.LINE_AA, 4)
        picture[top : top + _CLOSE_PX, left : left + _CLOSE_PX] = part
    return picture


def _points(corners_px: Corners | None, scale: float) -> str:
    if corners_px is None:
        return ""
    return " ".join(f"{x * scale:.1f},{y * scale:.1f}" for x, y in (corners_px + 0.5).tolist())
