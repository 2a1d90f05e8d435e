"""The work folder of a build, `PACK.building/`: what is done already, so that a build that was
stopped in any way goes on from there."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.catalog.disk import locked
from scanner.catalog.facts import Reference
from scanner.catalog.manifest import picture_name

_COMMIT_EVERY = 64
_SCHEMA = """
CREATE TABLE IF NOT EXISTS made_with (tools TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS done (
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, why TEXT NOT NULL,
    sha256 TEXT NOT NULL, vector BLOB NOT NULL, hash BLOB NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one picture: either `why` it was skipped, or the rest.

    `sha256` names the small JPEG, `vector` is 128 bytes (int8; none in a build without a model),
    `hash` is 32 bytes.
    """

    why: str = ""
    sha256: str = ""
    vector: bytes = b""
    hash: bytes = b""


def stamp_of(reference: Reference) -> str:
    """Size and time of change of a picture's file; "" when there is none."""
    try:
        status = reference.file.stat()
    except OSError:
        return ""
    return f"{status.st_size}/{status.st_mtime_ns}"


class WorkFolder:
    """Holds the pack while it grows in `pack`, and a small database of what is done."""

    def __init__(self, folder: Path, tools: str) -> None:
        """Use `WorkFolder.open`."""
        self.pack = folder / "pack"
        self._database = folder / "progress.db"
        self._since_commit = 0
        try:
            self._connection = self._start(tools)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # the disk, not the file
            # The work is a copy of what the pictures hold, so a damaged folder only costs time.
            self._forget()
            self._connection = self._start(tools)

    @classmethod
    @contextmanager
    def open(cls, folder: Path, tools: str) -> Iterator[WorkFolder]:
        """Take the folder for this process, making it when it is not there.

        What was done with other `tools` (model, runtime, decoder) is forgotten. Raises
        AlreadyRunningError when another build holds the folder, OSError and
        sqlite3.OperationalError when the disk won't take it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock", "Another build"):
            work = cls(folder, tools)
            try:
                yield work
            finally:
                work.close()

    def _start(self, tools: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self._database)
        try:
            connection.executescript(_SCHEMA)
            made_with = connection.execute("SELECT tools FROM made_with").fetchall()
            if made_with != [(tools,)]:
                with connection:
                    connection.execute("DELETE FROM done")
                    connection.execute("DELETE FROM made_with")
                    connection.execute("INSERT INTO made_with VALUES (?)", (tools,))
        except BaseException:
            connection.close()
            raise
        self.pack.mkdir(exist_ok=True)
        return connection

    def _forget(self) -> None:
        self._database.unlink(missing_ok=True)
        self._database.with_name(f"{self._database.name}-journal").unlink(missing_ok=True)

    def done(self, references: list[Reference]) -> dict[str, Done]:
        """What is done already for these pictures, by path; what changed since is left out.

        After a power cut the database may know of a picture whose file never reached the disk,
        so each file is compared with its checksum.
        """
        found: dict[str, Done] = {}
        stamps = {
            path: (stamp, Done(*values))
            for path, stamp, *values in self._connection.execute(
                "SELECT path, stamp, why, sha256, vector, hash FROM done"
            )
        }
        for reference in references:
            stamp, done = stamps.get(reference.path, (None, Done()))
            if stamp == stamp_of(reference) and (done.why or self._is_whole(done.sha256)):
                found[reference.path] = done
        return found

    def _is_whole(self, sha256: str) -> bool:
        try:
            data = (self.pack / picture_name(sha256)).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(data).hexdigest() == sha256

    def add(self, reference: Reference, stamp: str, done: Done, jpeg: bytes) -> None:
        """Keep what became of one picture; `jpeg` is empty for a skipped one."""
        if jpeg:
            path = self.pack / picture_name(done.sha256)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg)
        self._connection.execute(
            "INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?, ?)",
            (reference.path, stamp, done.why, done.sha256, done.vector, done.hash),
        )
        self._since_commit += 1
        if self._since_commit >= _COMMIT_EVERY:
            self.commit()

    def commit(self) -> None:
        """Make sure that a later build finds what was added so far."""
        self._connection.commit()
        self._since_commit = 0

    def remove_strays(self, digests: set[str]) -> None:
        """Delete pictures that the pack does not use, left by an earlier table of facts."""
        wanted = {picture_name(digest) for digest in digests}
        for path in (self.pack / "pictures").rglob("*.jpg"):
            if str(path.relative_to(self.pack)) not in wanted:
                path.unlink()

    def finish(self, out: Path) -> None:
        """Move the finished pack to `out` in one step, once all of it is on the disk."""
        self.commit()
        os.sync()
        self.pack.rename(out)

    def close(self) -> None:
        """Keep what is done and close the database."""
        try:
            if self._database.exists():
                self._connection.commit()
        finally:
            self._connection.close()


def remove_work(folder: Path) -> None:
    """Delete a work folder whose pack is finished."""
    shutil.rmtree(folder, ignore_errors=True)
