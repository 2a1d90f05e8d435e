"""Uploaded pictures on disk, from when they are taken in until they were read."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from scanner.catalog.disk import sync_folder
from scanner.crops import make_folder
from scanner.store_faults import explained

FOLDER = "uploads"
_ORPHAN_AFTER_S = 3600.0


def keep_picture(data_dir: Path, data: bytes) -> str:
    """Put a picture on disk, whole or not at all; return its place relative to the data folder.

    Raises:
        StoreFullError, StoreReadOnlyError, StoreError.
    """
    relative = f"{FOLDER}/{uuid.uuid4().hex}"
    target = data_dir / relative
    with explained(data_dir):
        make_folder(target.parent)
        temporary = target.with_name(f".{target.name}")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    return relative


def drop_picture(data_dir: Path, relative: str) -> None:
    """Remove a picture that was read, or whose row could not be written."""
    if relative:
        (data_dir / relative).unlink(missing_ok=True)


def sweep(data_dir: Path, needed: Iterable[str]) -> None:
    """Remove old files that no row waits for: a power cut came between a file and its row."""
    keep = {Path(name).name for name in needed}
    for path in (data_dir / FOLDER).glob("*"):
        with suppress(OSError):
            is_old = time.time() - path.stat().st_mtime > _ORPHAN_AFTER_S
            if path.name not in keep and is_old:
                path.unlink()
