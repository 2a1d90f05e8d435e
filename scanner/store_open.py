"""The only place that opens SQLite: pragmas, transactions, and noticing a replaced file."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from scanner.errors import StoreError
from scanner.migrate import latest_version, refuse_newer, version_of
from scanner.store_faults import explained

Role = Literal["feed", "web", "sync", "reader"]

DATABASE = "counterscan.db"
BUSY_TIMEOUT_MS = 10_000
_WAL_LIMIT_BYTES = 16 * 1024 * 1024
_POLL_S = 0.1
_VALUES_PER_QUERY = 500

T = TypeVar("T")


def connect(
    path: Path, *, mode: Literal["ro", "rw", "rwc"], wal: bool = True
) -> sqlite3.Connection:
    """Open one connection in autocommit mode with the pragmas that all of Counterscan relies on.

    Args:
        path: the database file.
        mode: `ro` can't write, `rw` needs the file to exist, `rwc` makes it.
        wal: False for a file that no other process uses, and that shall be one file.

    Raises:
        sqlite3.Error: as SQLite says it; StoreError where the disk can't do write-ahead logging.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES:d}")
        if mode == "ro":
            connection.execute("PRAGMA query_only = ON")
        elif wal:
            journal = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if journal != "wal":
                raise StoreError(
                    f"The disk that holds {path} can't keep a write-ahead log (it offers "
                    f"{journal}): choose a folder on a local disk with --data."
                )
    except BaseException:
        connection.close()
        raise
    return connection


def in_parts(values: Iterable[T], size: int = _VALUES_PER_QUERY) -> Iterator[list[T]]:
    """The values in lists short enough for one query: SQLite takes so many and no more."""
    left = iter(values)
    while part := list(islice(left, size)):
        yield part


def make_file(data_dir: Path, database: str) -> None:
    """Make the folder and an empty database in it, where there is none, and keep others out.

    Raises StoreError.
    """
    with explained(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True)
        file = data_dir / database
        file.touch(mode=0o600)
        found = file.stat()
        if found.st_mode & 0o007 and found.st_uid == os.geteuid():  # of an earlier release
            file.chmod(found.st_mode & 0o770)
        connect(data_dir / database, mode="rwc").close()


class Log:
    """The open log file: sessions to read and to write in, usable from several threads.

    A feed process that restores a backup puts another file in this one's place. Each call looks
    whether it did, so that a page that runs on never reads or writes the file set aside.
    """

    def __init__(self, data_dir: Path, role: Role, database: str = DATABASE) -> None:
        self.data_dir = data_dir
        self.path = data_dir / database
        self.role = role
        self.generation = 0
        self._lock = threading.Lock()
        self._inode = self._inode_now()
        self._watch: sqlite3.Connection | None = None
        self._engine = self._make_engine()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the log, however many statements it runs."""
        with (
            explained(self.data_dir),
            Session(self._current(), expire_on_commit=False) as session,
        ):
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one BEGIN IMMEDIATE transaction; on disk when the block has ended.

        Raises:
            StoreError: also when the file was replaced meanwhile; the call may be made again.
        """
        with explained(self.data_dir):
            engine = self._current().execution_options(counterscan_writes=True)
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
            if self._inode_now() != self._inode:
                raise StoreError("The log was just restored from a backup: please try again.")

    def data_version(self) -> int:
        """A number that changes whenever any connection commits; cheap enough to ask often."""
        with explained(self.data_dir):
            self._current()
            with self._lock:
                if self._watch is None:
                    self._watch = connect(self.path, mode="ro")
                version = int(self._watch.execute("PRAGMA data_version").fetchone()[0])
            return self.generation * 1_000_000_000 + version

    def close(self) -> None:
        """Close every connection. The last one to close folds the write-ahead log into the file."""
        with self._lock:
            self._dispose()

    def _current(self) -> Engine:
        """The engine on the file that now bears the name."""
        inode = self._inode_now()
        with self._lock:
            if inode != self._inode:
                self._dispose()
                self._inode = inode
                self._engine = self._make_engine()
                self.generation += 1
            return self._engine

    def _dispose(self) -> None:
        self._engine.dispose()
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _inode_now(self) -> tuple[int, int]:
        try:
            status = os.stat(self.path)  # noqa: PTH116 - asked before every call, so kept cheap
        except FileNotFoundError:
            return (0, 0)
        return (status.st_dev, status.st_ino)

    def _make_engine(self) -> Engine:
        path, mode = self.path, "ro" if self.role == "reader" else "rw"
        engine = create_engine(
            "sqlite+pysqlite://",
            creator=lambda: connect(path, mode="ro" if mode == "ro" else "rw"),
            poolclass=QueuePool,
            pool_size=4,
            max_overflow=28,
        )
        event.listen(engine, "begin", _begin)
        return engine


def _begin(connection: Connection) -> None:
    """Begin as the session asked: readers never block, writers take the lock before they read."""
    writes = connection.get_execution_options().get("counterscan_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def await_log(path: Path, wait_s: float) -> None:
    """Wait until the feed process has made the log and brought it to today's schema.

    Raises:
        StoreError: it has not within `wait_s` seconds, or the log is from a newer release.
    """
    deadline_mono_s = time.monotonic() + wait_s
    while True:
        version = 0
        if path.exists() and path.stat().st_size > 0:
            with explained(path.parent):
                connection = connect(path, mode="ro")
                try:
                    version = version_of(connection)
                finally:
                    connection.close()
            refuse_newer(version, path)
            if version == latest_version():
                return
        if time.monotonic() >= deadline_mono_s:
            what = "is of an older release" if version else "does not exist yet"
            raise StoreError(
                f"The log {path} {what}: start `counterscan feed`, which brings it up to date."
            )
        time.sleep(_POLL_S)
