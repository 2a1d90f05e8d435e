"""Turns what SQLite and the file system say into Counterscan's own errors, once, with a way out."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from scanner.errors import (
    CounterscanError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PROBE_BYTES = 64 * 1024


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is broken, rather than the disk, rights or locks."""
    return _code(error) in _DAMAGED


@contextmanager
def explained(data_dir: Path) -> Iterator[None]:
    """Raise what goes wrong inside as a StoreError that says what to do.

    Raises:
        StoreFullError, StoreReadOnlyError, StoreDamagedError, StoreError.
    """
    try:
        yield
    except CounterscanError:
        raise
    except DBAPIError as error:
        if not isinstance(error.orig, sqlite3.Error):
            raise
        raise _from_sqlite(error.orig, data_dir) from error
    except sqlite3.Error as error:
        raise _from_sqlite(error, data_dir) from error
    except OSError as error:
        raise _from_system(error, data_dir) from error


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where Python raised the error itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _from_sqlite(error: sqlite3.Error, data_dir: Path) -> Exception:
    code = _code(error)
    if code in _DAMAGED:
        return StoreDamagedError(
            f"The log in {data_dir} is damaged ({error}): restart the scanner, which restores the "
            "last good backup."
        )
    if code == sqlite3.SQLITE_FULL:
        return _full(data_dir)
    if code == sqlite3.SQLITE_READONLY:
        return _read_only(data_dir)
    if code in _BUSY:
        return StoreError(
            f"Another program holds the log in {data_dir} locked ({error}): close it and try again."
        )
    if code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        # SQLite says "I/O error" for a disk too full to grow its index file: ask the disk itself.
        return _from_system(_probe(data_dir), data_dir, otherwise=str(error))
    if code == sqlite3.SQLITE_CONSTRAINT:
        return StoreError(f"The log in {data_dir} refused a row ({error}): please report this.")
    if code == sqlite3.SQLITE_ERROR or not code:
        return error  # our own SQL is wrong: a defect, which shows its traceback
    return StoreError(f"The log in {data_dir} can't be used ({error}): see the service's log.")


def _from_system(error: OSError | None, data_dir: Path, otherwise: str = "") -> CounterscanError:
    if error is not None and error.errno in _FULL:
        return _full(data_dir)
    if error is not None and error.errno in _READ_ONLY:
        return _read_only(data_dir)
    return StoreError(
        f"The data folder {data_dir} can't be used ({otherwise or error}): check the folder and "
        "its disk, or choose another folder with --data."
    )


def _full(data_dir: Path) -> StoreFullError:
    return StoreFullError(
        f"The disk that holds {data_dir} is full: make room, for instance with a smaller "
        "crops.keep_megabytes, and press resume. Nothing was lost."
    )


def _read_only(data_dir: Path) -> StoreReadOnlyError:
    return StoreReadOnlyError(
        f"The data folder {data_dir} can't be written by user {os.geteuid()}: give the folder to "
        "that user, check that the disk isn't mounted read-only, or choose another with --data."
    )


def _probe(data_dir: Path) -> OSError | None:
    """Write a little to the data folder, and take it away again: the disk's own answer."""
    try:
        with tempfile.TemporaryFile(dir=data_dir) as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None
