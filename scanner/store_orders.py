"""The log's calls for what the page asks of the exchange with the cloud, and what it may ask for.

A command of the page is for the feed process, for the exchange, or, as `restart`, for both: each
answers in a table of its own.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import col, select

from scanner.store_machine import MachineWrites
from scanner.tables import Command, utc_now
from scanner.tables_updates import RESTART, UPDATE, SyncAnswer, UpdateAnnounced


class OrderStore(MachineWrites):
    """A part of `scanner.store.Store`."""

    def exchange_orders(self) -> list[Command]:
        """What the page asks of the exchange and has no answer yet, oldest first."""
        answered = select(SyncAnswer.command_id)
        query = (
            select(Command)
            .where(
                col(Command.kind).in_((UPDATE, RESTART)), col(Command.id).not_in(answered)
            )
            .order_by(col(Command.id))
        )  # fmt: skip
        with self._log.read() as session:
            return list(session.exec(query))

    def answer_order(self, command_id: int, outcome: str = "done") -> None:
        """Say that an order was obeyed, or why not; a second answer changes nothing."""
        self._only("sync")
        with self._log.write() as session:
            if session.get(SyncAnswer, command_id) is None:
                session.add(SyncAnswer(command_id=command_id, outcome=outcome))

    def announced(self) -> list[UpdateAnnounced]:
        """What the cloud announces to this device, by target."""
        with self._log.read() as session:
            return list(session.exec(select(UpdateAnnounced).order_by(col(UpdateAnnounced.target))))

    def set_announced(self, rows: list[UpdateAnnounced]) -> None:
        """Replace all that is announced; where nothing differs, nothing is written."""
        self._only("sync")
        before = {row.target: row for row in self.announced()}
        new = [row for row in rows if not _is_same(before.get(row.target), row)]
        gone = before.keys() - {row.target for row in rows}
        if not new and not gone:
            return
        with self._log.write() as session:
            for target in gone:
                session.delete(session.get_one(UpdateAnnounced, target))
            for row in new:
                session.merge(row)

    def set_fetched(self, target: str, fetched_bytes: int) -> None:
        """Say how much of an announced file is here."""
        self._only("sync")
        with self._log.write() as session:
            session.execute(
                update(UpdateAnnounced)
                .where(col(UpdateAnnounced.target) == target)
                .values(fetched_bytes=fetched_bytes, changed_at=utc_now())
            )


def _is_same(one: UpdateAnnounced | None, other: UpdateAnnounced) -> bool:
    """Whether two rows say the same, however much has been fetched by now."""
    passing = {"fetched_bytes", "changed_at"}
    return one is not None and one.model_dump(exclude=passing) == other.model_dump(exclude=passing)
