"""The page's own book: who may use the page, who did what, how the device fared.

It is a file of its own, apart from the log: people must get in, and be told what is wrong, also
where the log is missing or damaged; and a restored backup of the log must not bring back a key that
was revoked.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete
from sqlmodel import SQLModel, col, select

from scanner.catalog.disk import sync_folder
from scanner.errors import StoreDamagedError
from scanner.migrate import migrate
from scanner.store_backup import (
    Backups,
    companions,
    generations,
    problem_of,
    sweep_parts,
    sync_file,
)
from scanner.store_faults import explained
from scanner.store_open import Log, connect
from scanner.tables import utc_now
from webui.book_tables import Audit, Person, Sample, Token, TokenEnd

DATABASE = "page.db"
MIGRATIONS = Path(__file__).parent / "migrations"

_TABLES = frozenset({"person", "token", "token_end", "audit", "sample"})
_RESTORED = "The page's book was damaged; its last backup was restored. The damaged one is kept as"
_END_ALL = """
    INSERT INTO token_end (token_id, created_at)
    SELECT id, ? FROM token WHERE id NOT IN (SELECT token_id FROM token_end)
"""
_NOTE_RESTORED = """
    INSERT INTO audit (name, address, kind, text, created_at) VALUES ('', '', 'people', ?, ?)
"""

log = logging.getLogger(__name__)


class Book:
    """The open book. Usable from several threads."""

    def __init__(self, data_dir: Path) -> None:
        """Open it, making it and the folder where there is none.

        A damaged book is set aside and its last backup restored; where there is no good one, a new
        book is begun, and people pair the page anew.

        Raises:
            StoreError: the folder can't be used; the message says what to do.
        """
        path = data_dir / DATABASE
        with explained(data_dir):
            data_dir.mkdir(parents=True, exist_ok=True)
        try:
            _prepare(path)
        except StoreDamagedError:
            with explained(data_dir):
                _restore(path, _set_aside(path))
            _prepare(path)
        self._log = Log(data_dir, "web", DATABASE)
        self._backups = Backups(path, _TABLES)
        self._backups.start()

    def close(self) -> None:
        """Finish or drop a running backup, and close the file."""
        self._backups.close()
        self._log.close()

    def wait_for_backup(self) -> None:
        """Return once no backup is being made."""
        self._backups.wait()

    def people(self) -> list[Person]:
        """Every row of a person, oldest first."""
        with self._log.read() as session:
            return list(session.exec(select(Person).order_by(col(Person.id))))

    def tokens(self) -> list[Token]:
        """Every token that was not ended, oldest first."""
        ended = select(TokenEnd.token_id)
        with self._log.read() as session:
            wanted = select(Token).where(col(Token.id).not_in(ended)).order_by(col(Token.id))
            return list(session.exec(wanted))

    def add(self, *rows: SQLModel) -> None:
        """Put rows on disk together; behind people's comings and goings a backup is made."""
        with self._log.write() as session:
            session.add_all(rows)
        if any(isinstance(row, Person) for row in rows):
            self._backups.start()

    def audit(self, limit: int, before: int | None = None, kind: str = "") -> list[Audit]:
        """The newest rows of the audit log, newest first; `before` an id, of one `kind`."""
        wanted = select(Audit).order_by(col(Audit.id).desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(col(Audit.id) < before)
        if kind:
            wanted = wanted.where(col(Audit.kind) == kind)
        with self._log.read() as session:
            return list(session.exec(wanted))

    def audit_texts(self, kind: str) -> list[str]:
        """The words of every row of one kind, oldest first."""
        wanted = select(Audit.text).where(col(Audit.kind) == kind).order_by(col(Audit.id))
        with self._log.read() as session:
            return list(session.exec(wanted))

    def samples(self, minutes: int, since: datetime) -> Sequence[Sample]:
        """The samples of one length since then, oldest first."""
        wanted = (
            select(Sample)
            .where(col(Sample.minutes) == minutes, col(Sample.created_at) >= since)
            .order_by(col(Sample.created_at))
        )
        with self._log.read() as session:
            return session.exec(wanted).all()

    def newest_sample(self, minutes: int) -> Sample | None:
        """The last sample of one length, None before the first."""
        wanted = select(Sample).where(col(Sample.minutes) == minutes)
        with self._log.read() as session:
            return session.exec(wanted.order_by(col(Sample.id).desc()).limit(1)).first()

    def drop_samples(self, minutes: int, before: datetime) -> None:
        """Forget the samples of one length that are older."""
        with self._log.write() as session:
            session.execute(
                delete(Sample).where(
                    col(Sample.minutes) == minutes, col(Sample.created_at) < before
                )
            )


def _prepare(path: Path) -> None:
    with explained(path.parent), closing(connect(path, mode="rwc")) as connection:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreDamagedError(f"The page's book {path} is damaged ({found}).")
        migrate(connection, folder=MIGRATIONS)
    path.chmod(0o600)
    sweep_parts(path.parent, DATABASE)


def _set_aside(path: Path) -> Path:
    number = 1 + len(list(path.parent.glob(f"{DATABASE}.damaged-*")))
    aside = path.with_name(f"{DATABASE}.damaged-{number}")
    path.replace(aside)
    for companion in companions(path):
        companion.unlink(missing_ok=True)
    return aside


def _restore(path: Path, aside: Path) -> None:
    """Put the newest backup in the place of a damaged book, if it is sound.

    An older one is never asked: somebody who has left since would be back. For the same reason
    everybody signs in anew, and keys are made anew: the backup does not know which were ended.
    """
    newest = next(iter(generations(path.parent, DATABASE)), None)
    if newest is None or problem_of(newest, tables=_TABLES) is not None:
        log.error(
            "the page's book was damaged and is kept as %s: pair anew with the code shown here",
            aside.name,
        )
        return
    new = path.with_name(f"{DATABASE}.restoring")
    shutil.copy(newest, new)
    now = f"{utc_now():%Y-%m-%d %H:%M:%S.%f}"
    with closing(connect(new, mode="rw", wal=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_END_ALL, (now,))
        connection.execute(_NOTE_RESTORED, (f"{_RESTORED} {aside.name}.", now))
        connection.execute("COMMIT")
    sync_file(new)
    new.replace(path)
    sync_folder(path.parent)
    log.error("%s %s: sign in anew, and make programs' keys anew", _RESTORED, aside.name)
