"""What a picture's header says, read without decoding it and without OpenCV.

JPEG (ITU-T T.81, annex B), PNG (W3C PNG, section 5) and WebP (RFC 9649) are read.
"""

from __future__ import annotations

import struct

from scanner.errors import PictureError

MAX_PIXELS = 80_000_000
MIN_SIDE_PX = 32

_PNG = b"\x89PNG\r\n\x1a\n"
_CUT_OFF = "is cut off; copy it again from where it came"
_NO_PICTURE = "is not a JPEG, PNG or WebP picture"
# Markers that start a frame and so hold its size: SOF0…SOF15 without DHT, JPG and DAC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def check_size(data: bytes, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Width and height in pixels of a picture of a sensible size.

    Raises PictureError when the bytes are no picture, or it is too small or too large.
    """
    width_px, height_px = picture_size(data)
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise PictureError(
            f"has only {width_px}×{height_px} pixels; "
            f"a card needs at least {MIN_SIDE_PX}×{MIN_SIDE_PX}"
        )
    if width_px * height_px > max_pixels:
        raise PictureError(
            f"has {width_px}×{height_px} pixels; "
            f"make it smaller than {max_pixels // 1_000_000} megapixels"
        )
    return width_px, height_px


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
