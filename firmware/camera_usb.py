"""A USB camera through OpenCV's VideoCapture."""

from __future__ import annotations

from collections.abc import Callable

import cv2

from firmware.camera import WHAT_TO_DO, Frame, checked_frame
from scanner.errors import CameraError

READ_TIMEOUT_MS = 3000
STALE_FRAMES = 1


class UsbCamera:
    """See `firmware.camera.Camera`. `opener` is a seam for tests; it makes a VideoCapture."""

    def __init__(
        self,
        device: int,
        width_px: int,
        height_px: int,
        opener: Callable[[int], cv2.VideoCapture] = cv2.VideoCapture,
    ):
        self.name = f"usb camera {device}"
        self._device = device
        self._size = (width_px, height_px)
        self._opener = opener
        self._capture: cv2.VideoCapture | None = None

    def start(self) -> None:
        """Open the device with the wanted size; the camera may choose the nearest it has."""
        self.close()
        capture = self._opener(self._device)
        if not capture.isOpened():
            capture.release()
            raise CameraError(f"/dev/video{self._device} does not open. {WHAT_TO_DO}")
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
        capture.set(cv2.CAP_PROP_BUFFERSIZE, STALE_FRAMES)
        capture.set(cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS)
        self._capture = capture

    def capture(self) -> Frame:
        """Drop the frame that waited in the driver's buffer, then decode the next one."""
        if self._capture is None:
            raise CameraError(f"/dev/video{self._device} is not open. {WHAT_TO_DO}")
        try:
            for _ in range(STALE_FRAMES):
                self._capture.grab()
            answered, picture = self._capture.read()
        except cv2.error as error:
            raise CameraError(f"The USB camera failed ({error}). {WHAT_TO_DO}") from error
        if not answered:
            raise CameraError(f"/dev/video{self._device} gives no picture. {WHAT_TO_DO}")
        return checked_frame(picture)

    def close(self) -> None:
        """Release the device."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()
