"""A folder of pictures or a video instead of a camera, for trying a shop's own photos.

A folder is shown as a hand would lay its pictures down: an empty table, a picture, an empty table,
the next one. A video runs at its own rate. After the end the table stays empty.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from firmware.camera import Frame, checked_frame
from scanner.errors import CameraError, PictureError
from scanner.pictures import read_picture
from scanner.records import Picture

SHOWN_S = 1.2
EMPTY_S = 0.6
TABLE_GREY = 96
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
ENOUGH_PX = 864

log = logging.getLogger(__name__)


class ReplayCamera:
    """See `firmware.camera.Camera`. Unreadable pictures are named in the log and skipped."""

    def __init__(
        self,
        path: Path,
        width_px: int,
        height_px: int,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.name = f"replay of {path}"
        self.skipped: list[str] = []
        self._path = path
        self._table = np.full((height_px, width_px, 3), TABLE_GREY, np.uint8)
        self._clock = clock
        self._began_s: float | None = None
        self._pictures: list[Path] = []
        self._shown = -1
        self._picture: Picture | None = None
        self._video: cv2.VideoCapture | None = None
        self._video_frame = -1

    def start(self) -> None:
        """Open the folder or video; a restart goes on where the time is now."""
        if self._path.is_dir():
            self._pictures = sorted(
                file for file in self._path.iterdir() if file.suffix.lower() in SUFFIXES
            )
            if not self._pictures:
                raise CameraError(f"{self._path} holds no JPEG, PNG or WebP picture to replay.")
        elif self._path.is_file():
            self._video = cv2.VideoCapture(str(self._path))
            if not self._video.isOpened():
                raise CameraError(f"{self._path} is not a video that can be replayed.")
        else:
            raise CameraError(f"{self._path} does not exist: set camera.path to a folder or video.")
        if self._began_s is None:
            self._began_s = self._clock()

    def capture(self) -> Frame:
        """The picture for this moment."""
        if self._began_s is None:
            raise CameraError("The replay is not started.")
        passed_s = self._clock() - self._began_s
        picture = self._of_video(passed_s) if self._video else self._of_folder(passed_s)
        return checked_frame((self._table if picture is None else picture).copy())

    def close(self) -> None:
        """Close the video; the time runs on."""
        video, self._video = self._video, None
        if video is not None:
            video.release()
        self._video_frame = -1

    def _of_folder(self, passed_s: float) -> Picture | None:
        place, within_s = divmod(passed_s, EMPTY_S + SHOWN_S)
        index = int(place)
        if within_s < EMPTY_S or index >= len(self._pictures):
            return None
        if index != self._shown:
            self._shown = index
            try:
                self._picture = read_picture(self._pictures[index], enough_px=ENOUGH_PX)
            except PictureError as error:
                self.skipped.append(self._pictures[index].name)
                log.warning("%s; it is skipped", error)
                self._picture = None
        return self._picture

    def _of_video(self, passed_s: float) -> Picture | None:
        assert self._video is not None
        rate = self._video.get(cv2.CAP_PROP_FPS) or 15.0
        wanted = int(passed_s * rate)
        while self._video_frame < wanted and self._video.grab():
            self._video_frame += 1
        answered, picture = self._video.retrieve()
        return np.asarray(picture, np.uint8) if answered else None
