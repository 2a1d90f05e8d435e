"""Files that are whole or not there: synced writes, atomic swaps, locks, and a clear word when
the disk is full."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanner.errors import AlreadyRunningError, PackDiskError

_CHUNK_BYTES = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def disk_errors(folder: Path, afterwards: str) -> Iterator[None]:
    """Turn a full or forbidden disk into a PackDiskError about `folder`.

    `afterwards` ends the sentence: what to do once there is space again.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise PackDiskError(_full_message(folder, afterwards)) from error
        if error.errno in _FORBIDDEN:
            raise PackDiskError(
                f"{folder} can't be written to ({os.strerror(error.errno)}); run this as the user "
                "that owns it, or choose another folder"
            ) from error
        raise PackDiskError(f"{folder} can't be written: {error}; {afterwards}") from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise PackDiskError(_full_message(folder, afterwards)) from error
        raise PackDiskError(f"{folder} can't be written: {error}; {afterwards}") from error


def _full_message(folder: Path, afterwards: str) -> str:
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        free = f", {shutil.disk_usage(there).free // 1_000_000} MB are free"
    except (OSError, StopIteration):
        free = ""
    return f"The disk that holds {folder} is full{free}; make room on it and {afterwards}"


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk. Raises OSError."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file so that a reader, or a power cut, sees the old or the new bytes only."""
    new = path.with_name(f".{path.name}.new")
    try:
        write_synced(new, data)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def locked(path: Path, who: str) -> Iterator[None]:
    """Hold `path` as a lock file; the kernel lets go of it when the process ends, however it ends.

    Raises AlreadyRunningError, which says that `who` is at work.
    """
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(
                f"{who} is at work on {path.parent}; wait until it has finished"
            ) from error
        yield
