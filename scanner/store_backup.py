"""Checks of a log file, and copies of it: two good generations in `backups/`.

The page's own file is kept the same way, under its own name.

A copy is made by SQLite's own online backup, checked, and only then given its name, so that a power
cut leaves the older generations untouched and a copy that can't be trusted never counts as one.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from scanner.catalog.disk import sync_folder
from scanner.crops import make_folder
from scanner.errors import StoreDamagedError, StoreError
from scanner.migrate import version_of
from scanner.store_faults import explained, is_damage
from scanner.store_open import DATABASE, connect

FOLDER = "backups"
GENERATIONS = 2
FULL_CHECK_BYTES = 64 * 1024 * 1024
_HIGHEST_VERSION = 9_999
_PAGES_PER_LOOK = 2_000
_STEPS_PER_LOOK = 100_000
_SPARE_BYTES = 64 * 1024 * 1024
LOG_TABLES = frozenset({"batch", "batch_event", "scan", "command"})
"""What every log holds; a file without them is none."""

_GRACE_S = 3.0
_NOT_NUMBERED = """
    SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%AUTOINCREMENT%'
        AND name NOT LIKE 'sqlite%' ORDER BY name
"""

log = logging.getLogger(__name__)


def problem_of(
    path: Path, stop: threading.Event | None = None, tables: frozenset[str] = LOG_TABLES
) -> str | None:
    """What is wrong with a file that must hold `tables`; None where it is sound, or new and empty.

    Up to `FULL_CHECK_BYTES` the indexes are compared with the rows too; beyond, where that would
    take a Pi minutes at each start, the structure alone is checked.

    Raises:
        sqlite3.Error: it can't be read for another reason than damage, or `stop` was set.
    """
    try:
        with closing(connect(path, mode="rw", wal=False)) as connection:
            if stop is not None:
                connection.set_progress_handler(stop.is_set, _STEPS_PER_LOOK)
            full = path.stat().st_size <= FULL_CHECK_BYTES
            check = "integrity_check" if full else "quick_check"
            answer = str(connection.execute(f"PRAGMA {check}(1)").fetchone()[0])
            if answer != "ok":
                return answer.replace("\n", " ")
            version = version_of(connection)
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    if not 0 <= version <= _HIGHEST_VERSION or (version and not names >= tables):
        return "its description of itself is damaged"
    if not version and names:
        return "it is not a file of Counterscan"
    return None


def is_empty(path: Path) -> bool:
    """Whether a sound file holds no log yet."""
    with closing(connect(path, mode="rw", wal=False)) as connection:
        return version_of(connection) == 0


def make_backup(
    source: Path,
    target: Path,
    stop: threading.Event | None = None,
    tables: frozenset[str] = LOG_TABLES,
) -> None:
    """Copy a log that may be in use to `target`, whole, checked and on disk, or not at all.

    Who may read the log may read the copy. Setting `stop` ends it early with an error, the target
    untouched.

    Raises:
        StoreDamagedError: the copy does not pass the check. sqlite3.Error, OSError: as they are.
    """
    make_folder(target.parent)
    part = target.with_name(target.name + ".part")
    remove_log(part)

    def look(_status: int, _remaining: int, _total: int) -> None:
        if stop is not None and stop.is_set():
            raise InterruptedError("the scanner is closing")

    try:
        part.touch(mode=source.stat().st_mode & 0o777)
        with (
            closing(connect(source, mode="ro")) as reading,
            closing(connect(part, mode="rwc", wal=False)) as writing,
        ):
            # One moment of the log: without a transaction each commit would start the copy anew.
            reading.execute("BEGIN")
            version_of(reading)
            reading.backup(writing, pages=_PAGES_PER_LOOK, progress=look)
            writing.execute("PRAGMA journal_mode = DELETE")  # one file, without companions
        problem = problem_of(part, stop, tables)
        if problem is not None:
            raise StoreDamagedError(
                f"The backup of {source} is damaged ({problem}): check the disk, and restart the "
                "scanner, which checks the log."
            )
        sync_file(part)
        part.replace(target)
        sync_folder(target.parent)
    finally:
        remove_log(part)


def remove_log(path: Path) -> None:
    """Remove a copy and its companions."""
    for name in (path, *companions(path)):
        name.unlink(missing_ok=True)


def companions(path: Path) -> tuple[Path, Path]:
    """The files that SQLite keeps beside a log: its write-ahead log and that one's index."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def sync_file(path: Path) -> None:
    """Bring a file's contents to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def generations(data_dir: Path, database: str = DATABASE) -> list[Path]:
    """The backups of one file of a data folder, newest first, checked or not."""
    return sorted((data_dir / FOLDER).glob(f"{Path(database).stem}-*.db"), reverse=True)


def sweep_parts(data_dir: Path, database: str = DATABASE) -> None:
    """Remove what a power cut left of backups of this file. Only before any is being made."""
    for pattern in (f"{Path(database).stem}-*.db.part", "before-migration-*.db.part"):
        for part in (data_dir / FOLDER).glob(pattern):
            remove_log(part)


class Backups:
    """Makes the next generation in a thread of its own, so that no card waits for it."""

    def __init__(self, source: Path, tables: frozenset[str] = LOG_TABLES) -> None:
        self._source = source
        self._tables = tables
        self._data_dir = source.parent
        self._lock = threading.Lock()
        self._wanted = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Ask for a backup of the log as it is now, or as it is a little later."""
        with self._lock:
            self._wanted = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="backup", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Return once all backups asked for are made, or have failed."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Let a backup in work finish, but not for long: the next start makes it anyway."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(_GRACE_S)
            self._stop.set()
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._thread = None
                    return
                self._wanted = False
            try:
                with explained(self._data_dir):
                    self._make_next()
            except StoreError as error:
                if self._stop.is_set():
                    continue
                # Scanning goes on without: the older generations are still there.
                log.warning("no backup of %s was made: %s", self._source.name, error)

    def _make_next(self) -> None:
        kept = generations(self._data_dir, self._source.name)
        if kept and _state_of(kept[0]) == _state_of(self._source):
            return
        needed = self._source.stat().st_size + _SPARE_BYTES
        if shutil.disk_usage(self._data_dir).free < needed:
            log.warning("no backup of %s was made: the disk is nearly full", self._source.name)
            return
        number = int(kept[0].stem.rpartition("-")[2]) + 1 if kept else 1
        target = self._data_dir / FOLDER / f"{self._source.stem}-{number:06d}.db"
        make_backup(self._source, target, self._stop, self._tables)
        for old in kept[GENERATIONS - 1 :]:
            remove_log(old)


def _state_of(path: Path) -> tuple[object, ...]:
    """Differs whenever a row was added."""
    with closing(connect(path, mode="ro")) as connection:
        counts = [
            (name, connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
            for (name,) in connection.execute(_NOT_NUMBERED).fetchall()
        ]
        numbered = sorted(connection.execute("SELECT name, seq FROM sqlite_sequence"))
        return version_of(connection), numbered, counts
