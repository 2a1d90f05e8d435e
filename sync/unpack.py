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
_CHUNK_BYTES = 1 << 20


class ArchiveError(PackError):
    """A fetched file is no archive, or holds something that has no place in it."""


def unpack_archive(archive: Path, into: Path, names: re.Pattern[str]) -> None:
    """Write the archive's files into the new folder `into`. Raises ArchiveError and PackError.

    Nothing is taken from the archive but names that match whole, and bytes: no links, no folders,
    no rights, no owners. Together they can't be longer than the archive itself.
    """
    with disk_errors(into, "it is tried again"):
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        left = archive.stat().st_size
        try:
            with tarfile.open(archive, "r:") as opened:
                while (member := opened.next()) is not None:
                    opened.members.clear()  # type: ignore[attr-defined] # or tarfile keeps them all
                    if member.isdir():
                        continue  # folders are made for the files in them
                    left -= member.size
                    target = into / _safe(member, names)
                    if left < 0 or target.exists():
                        raise ArchiveError("The fetched archive holds a file twice, or none")
                    source = opened.extractfile(member)
                    if source is None:
                        raise ArchiveError(f"{member.name!r} can't be read from the archive")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    _copy(source, target)
        except (tarfile.TarError, EOFError, ValueError) as error:
            if isinstance(error, ArchiveError):
                raise
            raise ArchiveError(f"The fetched file is no archive: {error}") from None


def _safe(member: tarfile.TarInfo, names: re.Pattern[str]) -> str:
    if member.type not in _PLAIN or member.issparse() or not names.fullmatch(member.name):
        raise ArchiveError(
            f"The fetched archive holds {member.name[:100]!r}, which has no place in it"
        )
    return member.name


def _copy(source: IO[bytes], target: Path) -> None:
    with target.open("xb") as file:
        shutil.copyfileobj(source, file, _CHUNK_BYTES)
