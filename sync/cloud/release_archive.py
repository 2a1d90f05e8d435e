"""Puts a signed folder into an archive that is named by its content."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from scanner.catalog.disk import sha256_file, sync_folder
from scanner.errors import PackError


def write_archive(files: Path, folder: Path, names: Iterable[str]) -> tuple[str, int]:
    """Write these files of `folder` to `files/SHA256.tar`; the digest and the size in bytes.

    The archive is the same whenever the files are. Raises PackError, OSError.
    """
    files.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=files, prefix=".new-", delete=False) as file:
        new = Path(file.name)
        try:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
                for name in names:
                    member = tarfile.TarInfo(name)
                    member.size = (folder / name).stat().st_size
                    with (folder / name).open("rb") as source:
                        archive.addfile(member, source)
            file.flush()
            digest, size = sha256_file(new), new.stat().st_size
            new.chmod(0o644)
            new.rename(files / f"{digest}.tar")
        except FileNotFoundError as error:
            raise PackError(f"{error.filename} is missing; build it again") from None
        finally:
            new.unlink(missing_ok=True)
    sync_folder(files)
    return digest, size
