"""Files that claim to be pictures."""

from __future__ import annotations

import os
import resource
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.errors import PictureError
from scanner.picture_header import picture_size
from scanner.pictures import decode_picture, read_picture
from tests.catalog.shelf import paint_card

KINDS = (".jpg", ".png", ".webp")


def encoded(kind: str, width_px: int = 112, height_px: int = 160) -> bytes:
    done, data = cv2.imencode(kind, paint_card(1, width_px, height_px))
    assert done
    return data.tobytes()


def png_chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


@pytest.mark.parametrize("kind", KINDS)
def test_whole_pictures_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"card{kind}"
    path.write_bytes(encoded(kind))
    picture = read_picture(path)
    assert picture.shape == (160, 112, 3)
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - paint_card(1)).mean() < 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_tells_the_size(kind: str) -> None:
    assert picture_size(encoded(kind, 120, 200)) == (120, 200)


def test_a_lossless_webp_tells_its_size() -> None:
    done, data = cv2.imencode(".webp", paint_card(1), [cv2.IMWRITE_WEBP_QUALITY, 101])
    assert done
    assert data.tobytes()[12:16] == b"VP8L"
    assert picture_size(data.tobytes()) == (112, 160)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_cut_off_anywhere_is_refused(kind: str) -> None:
    data = encoded(kind)
    for length in [*range(0, len(data), max(1, len(data) // 40)), len(data) - 2]:
        with pytest.raises(PictureError):
            decode_picture(data[:length])


def test_a_cut_off_jpeg_is_not_saved_by_the_end_mark_of_its_thumbnail() -> None:
    thumbnail = encoded(".jpg", 32, 32)
    segment = b"Exif\0\0" + thumbnail
    jpeg = encoded(".jpg")
    data = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    assert decode_picture(data).shape == (160, 112, 3)
    with pytest.raises(PictureError, match="cut off"):
        decode_picture(data[:-40])


def test_picture_bombs_are_refused_before_they_are_decoded() -> None:
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    pixels = zlib.compressobj(9)
    body = b"".join(pixels.compress(bytes(120_001)) for _ in range(400)) + pixels.flush()
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    bomb += png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PictureError, match="40000×40000 pixels; make it smaller than 80 mega"):
        decode_picture(bomb)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 100_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_pixel_is_no_card(kind: str) -> None:
    with pytest.raises(PictureError, match="only 1×1 pixels"):
        decode_picture(encoded(kind, 1, 1))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"hello, I am a letter", "is not a JPEG, PNG or WebP picture"),
        (b"GIF89a" + bytes(100), "is not a JPEG, PNG or WebP picture"),
        (b"\xff\xd8 not at all a JPEG", "is not a JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is not a JPEG"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "thing.jpg"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=f"thing.jpg {why}"):
        read_picture(path)


def test_things_that_are_no_files_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")  # reading it would wait for ever
    for name, why in (("pipe.jpg", "is not a file"), ("", "is not a file"), ("no", "not exist")):
        with pytest.raises(PictureError, match=why):
            read_picture(tmp_path / name)


def test_a_file_of_gigabytes_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "film.jpg"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)  # takes no space
    with pytest.raises(PictureError, match="5000 megabytes; make it smaller"):
        read_picture(path)


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_never_raises_anything_else(kind: str) -> None:
    rng = np.random.default_rng(5)
    whole = encoded(kind, 64, 64)
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), rng.integers(1, 12)):
            data[at] = rng.integers(0, 256)
        try:
            picture = decode_picture(bytes(data))
        except PictureError:
            continue
        assert picture.ndim == 3


def test_a_large_jpeg_is_decoded_no_larger_than_needed() -> None:
    data = encoded(".jpg", 1300, 2600)
    assert decode_picture(data).shape == (2600, 1300, 3)
    assert decode_picture(data, enough_px=640).shape == (1300, 650, 3)
