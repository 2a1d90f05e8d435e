"""The page's own book: who may use the page, who did what, how the device fared.

It is a file of its own, apart from the log: people must get in, and be told what is wrong, also
where the log is missing or damaged; and a restored backup of the log must not bring back a key that
was revoked.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete
from sqlmodel import SQLModel, col, select

from scanner.errors import StoreDamagedError
from scanner.migrate import migrate
from scanner.store_backup import companions
from scanner.store_faults import explained
from scanner.store_open import Log, connect
from webui.book_tables import Audit, Person, Sample, Token, TokenEnd

DATABASE = "page.db"
MIGRATIONS = Path(__file__).parent / "migrations"

log = logging.getLogger(__name__)


class Book:
    """The open book. Usable from several threads."""

    def __init__(self, data_dir: Path) -> None:
        """Open it, making it and the folder where there is none.

        A damaged book is set aside and a new one begun: people then pair the page anew.

        Raises:
            StoreError: the folder can't be used; the message says what to do.
        """
        path = data_dir / DATABASE
        with explained(data_dir):
            data_dir.mkdir(parents=True, exist_ok=True)
        try:
            _prepare(path)
        except StoreDamagedError:
            _set_aside(path)
            _prepare(path)
        self._log = Log(data_dir, "web", DATABASE)

    def close(self) -> None:
        """Close the file."""
        self._log.close()

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
        """Put rows on disk together."""
        with self._log.write() as session:
            session.add_all(rows)

    def audit(self, limit: int, before: int | None = None, kind: str = "") -> list[Audit]:
        """The newest rows of the audit log, newest first; `before` an id, of one `kind`."""
        wanted = select(Audit).order_by(col(Audit.id).desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(col(Audit.id) < before)
        if kind:
            wanted = wanted.where(col(Audit.kind) == kind)
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


def _set_aside(path: Path) -> None:
    number = 1 + len(list(path.parent.glob(f"{DATABASE}.damaged-*")))
    aside = path.with_name(f"{DATABASE}.damaged-{number}")
    path.replace(aside)
    for companion in companions(path):
        companion.unlink(missing_ok=True)
    log.error(
        "the page's book was damaged and is kept as %s: pair anew with the code shown here",
        aside.name,
    )
