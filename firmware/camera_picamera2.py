"""The Pi camera through picamera2, which comes from the OS and is imported nowhere else."""

from __future__ import annotations

import contextlib
from typing import Any

from firmware.camera import WHAT_TO_DO, Frame, checked_frame
from scanner.errors import CameraError

CAPTURE_TIMEOUT_S = 3.0


class PiCamera:
    """See `firmware.camera.Camera`. picamera2's "RGB888" is B, G, R in memory, as OpenCV has it."""

    def __init__(self, width_px: int, height_px: int):
        self.name = "picamera2"
        self._size = (width_px, height_px)
        self._camera: Any = None

    def start(self) -> None:
        """Open and configure the camera; raises CameraError with what to do."""
        self.close()
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise CameraError(
                "picamera2 is not installed: `sudo apt install python3-picamera2`, and make the "
                "environment with --system-site-packages."
            ) from error
        try:
            self._camera = Picamera2()
            # Two buffers: one is filled while the other is copied; more would only hold memory.
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": self._size, "format": "RGB888"}, buffer_count=2, queue=False
                )
            )
            self._camera.start()
        except (RuntimeError, IndexError, OSError, ValueError) as error:
            self.close()
            raise CameraError(f"The Pi camera does not start ({error}). {WHAT_TO_DO}") from error

    def capture(self) -> Frame:
        """Borrow one request, copy its picture once, give the buffer back."""
        if self._camera is None:
            raise CameraError(f"The Pi camera is not started. {WHAT_TO_DO}")
        try:
            # flush: a frame that was exposed before this call may still show the card before.
            job = self._camera.capture_request(wait=False, flush=True)
            request = self._camera.wait(job, timeout=CAPTURE_TIMEOUT_S)
        except (RuntimeError, OSError, TimeoutError) as error:
            raise CameraError(f"The Pi camera does not answer ({error}). {WHAT_TO_DO}") from error
        if request is None:
            raise CameraError(f"The Pi camera does not answer. {WHAT_TO_DO}")
        try:
            picture = request.make_array("main")
        except (RuntimeError, OSError, ValueError) as error:
            raise CameraError(f"The Pi camera gives no picture ({error}). {WHAT_TO_DO}") from error
        finally:
            request.release()
        return checked_frame(picture)

    def close(self) -> None:
        """Stop and release; a camera that already failed must not fail again here."""
        camera, self._camera = self._camera, None
        if camera is not None:
            with contextlib.suppress(RuntimeError, OSError):
                camera.stop()
            with contextlib.suppress(RuntimeError, OSError):
                camera.close()
