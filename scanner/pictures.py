"""Pictures from files that anybody may have made: looked at by their header before being decoded.

The decoder never sees a file whose header asks for more than `MAX_PIXELS`, nor one that is cut off
(`scanner/picture_header.py`).
"""

from __future__ import annotations

import stat
from pathlib import Path

import cv2
import numpy as np

from scanner.errors import PictureError
from scanner.picture_header import check_size
from scanner.records import Picture

MAX_BYTES = 200_000_000

# The decoder can halve a JPEG while it reads it, several times faster than decoding it whole.
_JPEG_REDUCTIONS = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)


def read_picture(path: Path, *, enough_px: int | None = None) -> Picture:
    """Read one picture file as `(H, W, 3) uint8`, B, G, R, turned as its EXIF data says.

    `enough_px`: neither side needs more pixels than this, so a JPEG may be decoded smaller, never
    below it. Raises PictureError, which names the file and says what is wrong with it.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f"{path} is not a file")
        if status.st_size > MAX_BYTES:
            raise PictureError(
                f"{path} has {status.st_size // 1_000_000} megabytes; "
                f"make it smaller than {MAX_BYTES // 1_000_000} megabytes"
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PictureError(f"{path} does not exist") from error
    except OSError as error:
        raise PictureError(f"{path} can't be read: {error.strerror or error}") from error
    try:
        return decode_picture(data, enough_px=enough_px)
    except PictureError as error:
        raise PictureError(f"{path} {error}") from error


def decode_picture(data: bytes, *, enough_px: int | None = None) -> Picture:
    """Decode the bytes of a picture file; see `read_picture`. The message does not name a file."""
    width_px, height_px = check_size(data)
    flag = cv2.IMREAD_COLOR
    if enough_px is not None and data.startswith(b"\xff\xd8"):
        for factor, reduced in _JPEG_REDUCTIONS:
            if min(width_px, height_px) >= factor * enough_px:
                flag = reduced
                break
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        raise PictureError("is damaged; copy it again from where it came") from error
    if picture is None or picture.ndim != 3 or min(picture.shape[:2]) < 1:
        raise PictureError("is damaged; copy it again from where it came")
    return np.asarray(picture, np.uint8)
