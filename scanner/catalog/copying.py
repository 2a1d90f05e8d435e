"""Moves packs into the library and out of it, in steps that a kill can't leave half done."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from scanner.catalog.disk import write_synced
from scanner.catalog.manifest import (
    FILES,
    MANIFEST,
    SIGNATURE,
    Manifest,
    check_files,
    check_pictures,
    picture_digests,
    picture_name,
    read_manifest,
)
from scanner.errors import PackDamagedError, PackError

UNFINISHED = ".installing-"
_REMOVED = ".removing-"


def is_installed(installed: Path, wanted: Manifest) -> bool:
    """Is the very same pack there already, undamaged? Raises PackError when another one is."""
    try:
        manifest = read_manifest(installed)
        if manifest.files == wanted.files:
            check_files(installed, manifest)
            check_pictures(installed, manifest)
            return True
    except PackError:
        return False
    raise PackError(
        f"Another pack is installed as {wanted.pack_id}; build yours again with another --version"
    )


def copy_pack(source: Path, manifest: Manifest, target: Path) -> None:
    """Copy a pack's files and nothing else, comparing each with its checksum on the way."""
    target.mkdir()
    for name in FILES:
        _copy_file(source, name, manifest.files[name], target)
    for digest in picture_digests(target):
        _copy_file(source, picture_name(digest), digest, target)
    if (source / SIGNATURE).exists():
        write_synced(target / SIGNATURE, (source / SIGNATURE).read_bytes())
    # As it is, byte for byte: a signature covers it.
    write_synced(target / MANIFEST, (source / MANIFEST).read_bytes())
    if read_manifest(target) != manifest:
        raise PackDamagedError(f"{source} was changed while it was copied; copy it again")


def _copy_file(source: Path, name: str, digest: str, target: Path) -> None:
    try:
        data = (source / name).read_bytes()
    except OSError as error:
        raise PackDamagedError(
            f"{source / name} can't be read ({error.strerror}); copy or build the pack again"
        ) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise PackDamagedError(
            f"{source / name} is damaged (its checksum differs); copy or build the pack again"
        )
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def remove_pack(pack: Path) -> None:
    """Delete a pack so that a kill half way leaves no half of it under its name."""
    doomed = pack.with_name(f"{_REMOVED}{pack.name}")
    pack.rename(doomed)
    shutil.rmtree(doomed)


def remove_leftovers(game: Path) -> None:
    """Delete what a killed install or removal left in a game's folder."""
    for leftover in (*game.glob(f"{UNFINISHED}*"), *game.glob(f"{_REMOVED}*")):
        shutil.rmtree(leftover)
