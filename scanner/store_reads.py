"""The calls that only read the log; any role may make them, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, col, select

from scanner.batches import MACHINE
from scanner.errors import StoreError
from scanner.retry import Standing
from scanner.store_boot import Notice, newest_notice
from scanner.store_later import read_standings
from scanner.store_open import Log
from scanner.store_present import PresentAnswer, read_present_answers
from scanner.store_summary import ENDS, BatchSummary, BatchTally, bring_up_to_date
from scanner.tables import Batch, BatchEvent, Command, CommandDone, FeedMovement, Price, Scan
from scanner.tables_batches import BATCH_NOW
from scanner.tables_updates import OF_THE_EXCHANGE, SyncAnswer

_KEPT_TALLIES = 32


class StoreReads:
    """The reading half of `scanner.store.Store`."""

    def __init__(self, log: Log) -> None:
        """Read from an open log."""
        self._log = log
        self._tally_lock = threading.Lock()
        self._tallies: dict[int, BatchTally] = {}
        self._tallies_of = log.generation
        self._commands_done_up_to = 0

    def open_batch(self) -> Batch | None:
        """The batch that is neither finished nor stopped, which a restart goes on with."""
        with self._log.read() as session:
            return find_open_batch(session)

    def latest_batch(self) -> Batch | None:
        """The machine's newest batch, open or not."""
        with self._log.read() as session:
            return find_latest_batch(session)

    def batch(self, batch_id: int) -> Batch | None:
        """One batch by its id."""
        with self._log.read() as session:
            return session.exec(select(BATCH_NOW).where(BATCH_NOW.id == batch_id)).first()

    def latest_batches(self, limit: int) -> list[Batch]:
        """The newest batches, of uploads too, newest first."""
        with self._log.read() as session:
            newest = select(BATCH_NOW).order_by(col(BATCH_NOW.id).desc())
            return list(session.exec(newest.limit(limit)))

    def prices_of(self, game: str, card_id: str, limit: int) -> list[Price]:
        """What was last said of one printing's price, by any source, newest first."""
        query = (
            select(Price)
            .where(Price.game == game, Price.card_id == card_id)
            .order_by(col(Price.id).desc())
            .limit(limit)
        )
        with self._log.read() as session:
            return list(session.exec(query))

    def latest_events(self, limit: int, batch_id: int | None = None) -> list[BatchEvent]:
        """The newest events (of one batch), newest first."""
        query = select(BatchEvent).order_by(col(BatchEvent.id).desc()).limit(limit)
        if batch_id is not None:
            query = query.where(col(BatchEvent.batch_id) == batch_id)
        with self._log.read() as session:
            return list(session.exec(query))

    def batch_summary(self, batch_id: int) -> BatchSummary:
        """Counts, speed and time left of one batch; quick however often it is asked.

        Raises:
            StoreError: there is no such batch.
        """
        with self._tally_lock, self._log.read() as session:
            batch = session.get(Batch, batch_id)
            if batch is None:
                raise StoreError(f"There is no batch {batch_id}: choose one from the list.")
            if self._tallies_of != self._log.generation:
                self._tallies.clear()
                self._tallies_of = self._log.generation
            tally = self._tallies.pop(batch_id, None) or BatchTally()
            bring_up_to_date(session, batch_id, tally)
            self._tallies[batch_id] = tally
            while len(self._tallies) > _KEPT_TALLIES:
                del self._tallies[next(iter(self._tallies))]
            return tally.summary(batch)

    def has_feed_key(self, key: str) -> bool:
        """Whether the card that the mechanism numbered `key` is in the log."""
        with self._log.read() as session:
            return find_scan_of_key(session, key) is not None

    def scan(self, scan_id: int) -> Scan | None:
        """One scan by its id."""
        with self._log.read() as session:
            return session.get(Scan, scan_id)

    def scans_after(self, scan_id: int, limit: int = 200) -> list[Scan]:
        """Scans later than `scan_id`, oldest first: what a reader's cursor asks."""
        query = select(Scan).where(col(Scan.id) > scan_id).order_by(col(Scan.id)).limit(limit)
        with self._log.read() as session:
            return list(session.exec(query))

    def latest_scans(self, limit: int, batch_id: int | None = None) -> list[Scan]:
        """The newest scans (of one batch), newest first."""
        query = select(Scan).order_by(col(Scan.id).desc()).limit(limit)
        if batch_id is not None:
            query = select(Scan).where(col(Scan.batch_id) == batch_id)
            query = query.order_by(col(Scan.sequence).desc()).limit(limit)
        with self._log.read() as session:
            return list(session.exec(query))

    def present_answers(self, scan_ids: Iterable[int]) -> dict[int, PresentAnswer]:
        """What the answers of these scans are by now, after retries and corrections."""
        with self._log.read() as session:
            return read_present_answers(session, scan_ids)

    def scans_not_accepted(self, key: str, before: int, limit: int = 500) -> list[Standing]:
        """How scans that were not accepted stand towards the packs and models named `key`.

        Newest first, with ids below `before`; `scanner.retry.is_due` says which are to be tried.
        """
        with self._log.read() as session:
            return read_standings(session, key, before, limit)

    def crop_file(self, scan: Scan) -> Path | None:
        """Where the scan's crop is, or None when it has none or the retention limit removed it."""
        path = self._log.data_dir / scan.crop_path
        return path if scan.crop_path and path.is_file() else None

    def last_movement(self) -> FeedMovement | None:
        """The feeder's last movement, which a restart reasons from."""
        query = select(FeedMovement).order_by(col(FeedMovement.id).desc()).limit(1)
        with self._log.read() as session:
            return session.exec(query).first()

    def pending_commands(self) -> list[Command]:
        """What was asked of the machine and not yet answered, oldest first; cheap enough for every
        card."""
        done = select(CommandDone.command_id)
        query = (
            select(Command)
            .where(
                col(Command.id) > self._commands_done_up_to,
                col(Command.id).not_in(done),
                col(Command.kind).not_in(OF_THE_EXCHANGE),
            )
            .order_by(col(Command.id))
        )
        with self._log.read() as session:
            newest = session.exec(select(func.max(Command.id))).one() or 0
            pending = list(session.exec(query))
        self._commands_done_up_to = (pending[0].id or 1) - 1 if pending else newest
        return pending

    def command_outcome(self, command_id: int) -> str | None:
        """What became of a command; None while it waits."""
        with self._log.read() as session:
            command = session.get(Command, command_id)
            done: CommandDone | SyncAnswer | None
            if command is not None and command.kind in OF_THE_EXCHANGE:
                done = session.get(SyncAnswer, command_id)
            else:
                done = session.get(CommandDone, command_id)
            return None if done is None else done.outcome

    def data_version(self) -> int:
        """Changes whenever anyone commits: ask often, and read only when it differs."""
        return self._log.data_version()

    def notice(self) -> Notice | None:
        """What the page should tell the owner about the log: that a backup had to be restored."""
        with self._log.read() as session:
            return newest_notice(session)


def find_open_batch(session: Session) -> Batch | None:
    """The newest batch, unless it has come to its end; older ones have, by `create_batch`."""
    batch = find_latest_batch(session)
    if batch is None:
        return None
    ended = select(BatchEvent.id).where(
        col(BatchEvent.batch_id) == batch.id, col(BatchEvent.kind).in_(ENDS)
    )
    return batch if session.exec(ended.limit(1)).first() is None else None


def find_latest_batch(session: Session) -> Batch | None:
    """The newest batch of the machine."""
    of_machine = select(BATCH_NOW).where(col(BATCH_NOW.kind) == MACHINE)
    return session.exec(of_machine.order_by(col(BATCH_NOW.id).desc()).limit(1)).first()


def find_scan_of_key(session: Session, feed_key: str) -> Scan | None:
    """The scan of the card that the mechanism numbered so."""
    return session.exec(select(Scan).where(col(Scan.feed_key) == feed_key)).first()
