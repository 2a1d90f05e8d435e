"""A fetched archive is read before anything of it is known to be signed."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from scanner.catalog.manifest import MANIFEST, VECTORS
from sync.unpack import PACK_NAMES, ArchiveError, unpack_archive

HUGE = 200_000_000


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def archive(folder: Path, *parts: bytes, length: int = 0) -> Path:
    file = folder / "fetched.tar"
    with file.open("wb") as opened:
        opened.write(b"".join(parts))
        opened.truncate(max(opened.tell(), length))
    return file


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME,
                                  tarfile.GNUTYPE_LONGLINK, tarfile.GNUTYPE_SPARSE])  # fmt: skip
def test_headers_without_end_take_no_memory(tmp_path: Path, kind: bytes) -> None:
    name = VECTORS if kind == tarfile.GNUTYPE_SPARSE else "x"
    file = archive(
        tmp_path, header(name, HUGE, kind), b"%d comment=" % HUGE, length=HUGE + 2048
    )  # fmt: skip
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError, match="no place in it"):
            unpack_archive(file, tmp_path / "into", PACK_NAMES)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_sizes_that_can_not_be_are_refused(tmp_path: Path) -> None:
    negative = bytearray(header(VECTORS, 0))
    negative[124:136] = b"\xff" * 12  # base 256, as GNU tar writes what octal can't hold: -1
    negative[148:156] = b" " * 8
    negative[148:156] = b"%06o\0 " % sum(negative)
    for parts, words in (
        ((bytes(negative),), "no place in it"),
        ((header(VECTORS, 10_000), b"only this"), "twice, or none"),
        ((header(MANIFEST, 3), b"abc".ljust(512, b"\0")) * 2, "twice, or none"),
        ((header(VECTORS, 2**62), bytes(1024)), "twice, or none"),
        ((header(VECTORS, 600), bytes(512)), "cut off"),
        ((header(VECTORS, 1)[:300],), "no archive"),
        ((header("pictures", 7, tarfile.DIRTYPE), bytes(1024)), "no place in it"),
    ):
        with pytest.raises(ArchiveError, match=words):
            unpack_archive(archive(tmp_path, *parts), tmp_path / "into", PACK_NAMES)


def test_files_come_out_as_they_went_in(tmp_path: Path) -> None:
    digest = "ab" * 32
    contents = {MANIFEST: b"x = 1", VECTORS: bytes(range(256)) * 9000, "cards.db": b"",
                f"pictures/ab/{digest}.jpg": b"p" * 512}  # fmt: skip
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as made:
        folder = tarfile.TarInfo("pictures")
        folder.type = tarfile.DIRTYPE
        made.addfile(folder)
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o6777
            made.addfile(member, io.BytesIO(content))
    into = tmp_path / "into"
    unpack_archive(archive(tmp_path, out.getvalue()), into, PACK_NAMES)
    found = {path for path in into.rglob("*") if path.is_file()}
    assert {f"{path.relative_to(into)}": path.read_bytes() for path in found} == contents
    assert not any(path.stat().st_mode & 0o6111 for path in found)
