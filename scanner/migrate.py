"""Brings the log's file to today's schema: numbered, frozen SQL files, each in one transaction.

The schema's version is SQLite's own `PRAGMA user_version`, which changes inside the transaction of
the file that makes it: a power cut leaves the old version or the new one, never half of one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from scanner.errors import StoreError

FOLDER = Path(__file__).parent / "migrations"


@cache
def migrations(folder: Path = FOLDER) -> Mapping[int, Path]:
    """The files by the version that each makes, in order.

    Raises:
        StoreError: a number is missing or given twice; the installation is broken.
    """
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    numbers = [int(file.name[:4]) for file in files]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise StoreError(
            f"The migrations in {folder} are numbered {numbers}; install Counterscan again."
        )
    return dict(zip(numbers, files, strict=True))


def latest_version() -> int:
    """The version that this release of Counterscan reads and writes."""
    return max(migrations())


def version_of(connection: sqlite3.Connection) -> int:
    """The version of an open file; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(version: int, path: Path) -> None:
    """Raise a StoreError for a file of a later release, which this one must not touch."""
    if version > latest_version():
        raise StoreError(
            f"The log {path} has schema {version}, from a newer Counterscan than this one, which "
            f"knows {latest_version()}: update Counterscan on this machine."
        )


def migrate(
    connection: sqlite3.Connection, *, to_version: int | None = None, folder: Path = FOLDER
) -> list[int]:
    """Apply what is missing up to `to_version` (the latest by default); the versions applied.

    `connection` must be in autocommit mode (`isolation_level=None`). A file that fails is rolled
    back whole and its `sqlite3.Error` raised.
    """
    steps = migrations(folder)
    applied = []
    for version in range(version_of(connection) + 1, (to_version or max(steps)) + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements(steps[version].read_text(encoding="utf-8")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version:d}")
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        applied.append(version)
    return applied


def statements(script: str) -> Iterator[str]:
    """Split a script at the ends of its statements; a trigger's inner semicolons don't count."""
    gathered = ""
    for line in script.splitlines(keepends=True):
        gathered += line
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""
    if gathered.strip():
        raise ValueError(f"an unfinished statement: {gathered.strip()[:60]!r}")
