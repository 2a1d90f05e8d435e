"""Pictures from files that anybody may have made: looked at by their header before being decoded.

JPEG (ITU-T T.81, annex B), PNG (W3C PNG, section 5) and WebP (RFC 9649) are read. The decoder
never sees a file whose header asks for more than `MAX_PIXELS`, nor one that is cut off.
"""

from __future__ import annotations

import stat
import struct
from pathlib import Path

import cv2
import numpy as np

from scanner.errors import PictureError
from scanner.records import Picture

MAX_PIXELS = 80_000_000
MAX_BYTES = 200_000_000
MIN_SIDE_PX = 32

_PNG = b"\x89PNG\r\n\x1a\n"
_CUT_OFF = "is cut off; copy it again from where it came"
_NO_PICTURE = "is not a JPEG, PNG or WebP picture"
# Markers that start a frame and so hold its size: SOF0…SOF15 without DHT, JPG and DAC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
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
    width_px, height_px = picture_size(data)
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise PictureError(
            f"has only {width_px}×{height_px} pixels; "
            f"a card needs at least {MIN_SIDE_PX}×{MIN_SIDE_PX}"
        )
    if width_px * height_px > MAX_PIXELS:
        raise PictureError(
            f"has {width_px}×{height_px} pixels; "
            f"make it smaller than {MAX_PIXELS // 1_000_000} megapixels"
        )
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


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels from the header alone.

    Raises PictureError when the bytes are no picture or end before the picture does.
    """
    if not data:
        raise PictureError("is empty")
    try:
        if data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
        if data.startswith(_PNG):
            return _png_size(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
    except (struct.error, IndexError) as error:
        raise PictureError(_CUT_OFF) from error
    raise PictureError(_NO_PICTURE)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    size: tuple[int, int] | None = None
    at = 2
    while True:
        if data[at] != 0xFF:
            raise PictureError(_NO_PICTURE)
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xDA:  # the picture itself starts here; the rest is not made of segments
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _JPEG_FRAMES:
            height_px, width_px = struct.unpack_from(">HH", data, at + 5)
            size = (width_px, height_px)
        at += 2 + length
    # A thumbnail in the EXIF data has an end mark too, so only one after `at` counts.
    if data.rfind(b"\xff\xd9") < at:
        raise PictureError(_CUT_OFF)
    if size is None:
        raise PictureError(_NO_PICTURE)
    return size


def _png_size(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise PictureError(_NO_PICTURE)
    width_px, height_px = struct.unpack_from(">II", data, 16)
    at = len(_PNG)
    while data[at + 4 : at + 8] != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        at += 12 + length
        if at + 12 > len(data):
            raise PictureError(_CUT_OFF)
    return width_px, height_px


def _webp_size(data: bytes) -> tuple[int, int]:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise PictureError(_CUT_OFF)
    kind = data[12:16]
    if kind == b"VP8 ":
        width_px, height_px = struct.unpack_from("<HH", data, 26)
        return width_px & 0x3FFF, height_px & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        width_px = int.from_bytes(data[24:27], "little") + 1
        height_px = int.from_bytes(data[27:30], "little") + 1
        if len(data) < 30:
            raise PictureError(_CUT_OFF)
        return width_px, height_px
    raise PictureError(_NO_PICTURE)
