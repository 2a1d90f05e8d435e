"""Takes a fetched tar apart: plain files under names that are expected, and nothing else."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path
from typing import IO

from scanner.catalog.disk import disk_errors
from scanner.catalog.manifest import FILES, MANIFEST, PICTURES, SIGNATURE
from scanner.errors import PackError

PACK_NAMES = re.compile(
    "|".join((
        *(re.escape(name) for name in (*FILES, MANIFEST, SIGNATURE)),
        rf"{PICTURES}/[0-9a-f]{{2}}/[0-9a-f]{{64}}\.jpg",
    ))
)  # fmt: skip
"""What a pack's tar may hold."""

_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)
_BLOCK_BYTES = 512
_CHUNK_BYTES = 1 << 20


class ArchiveError(PackError):
    """A fetched file is no archive, or holds something that has no place in it."""


def unpack_archive(archive: Path, into: Path, names: re.Pattern[str]) -> None:
    """Write the archive's files into the new folder `into`. Raises ArchiveError and PackError.

    Nothing is taken from the archive but names that match whole, and bytes: no links, no folders,
    no rights, no owners. Together they can't be longer than the archive itself. Headers are read
    one by one, for `tarfile` reads what extends them whole into memory, however long that is.
    """
    with disk_errors(into, "it is tried again"):
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        left = archive.stat().st_size
        with archive.open("rb") as source:
            while (member := _next(source)) is not None:
                if member.isdir() and not member.size:
                    continue  # folders are made for the files in them
                left -= member.size
                target = into / _safe(member, names)
                if left < 0 or target.exists():
                    raise ArchiveError("The fetched archive holds a file twice, or none")
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(source, target, member.size)


def _next(source: IO[bytes]) -> tarfile.TarInfo | None:
    """The next header of a tar (POSIX ustar); None at the end."""
    try:
        return tarfile.TarInfo.frombuf(source.read(_BLOCK_BYTES), "utf-8", "surrogateescape")
    except (tarfile.EmptyHeaderError, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
        return None
    except (tarfile.TarError, ValueError) as error:
        raise ArchiveError(f"The fetched file is no archive: {error}") from None


def _safe(member: tarfile.TarInfo, names: re.Pattern[str]) -> str:
    if member.type not in _PLAIN or member.size < 0 or not names.fullmatch(member.name):
        raise ArchiveError(
            f"The fetched archive holds {member.name[:100]!r}, which has no place in it"
        )
    return member.name


def _copy(source: IO[bytes], target: Path, size_bytes: int) -> None:
    left = size_bytes
    with target.open("xb") as file:
        while left:
            chunk = source.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise ArchiveError("The fetched archive is cut off")
            file.write(chunk)
            left -= len(chunk)
    source.seek(-size_bytes % _BLOCK_BYTES, 1)
