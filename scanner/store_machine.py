"""What the feed process writes of the machine: batches, events, movements, emptied bins."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import Session, select

from scanner.batches import MACHINE, NO_PLAN, BatchPlan, batch_row
from scanner.errors import StoreError
from scanner.price_sources import SourceOrder
from scanner.routing import Mode, Routing
from scanner.store_backup import Backups
from scanner.store_open import Log, Role
from scanner.store_reads import find_open_batch
from scanner.store_summary import ENDS
from scanner.tables import Batch, BatchEvent, CommandDone, FeedMovement, Scan
from scanner.tables_bins import BinEmptied, Route


class MachineWrites:
    """The machine's part of `scanner.store.Store`."""

    _log: Log
    _backups: Backups | None
    price_order: SourceOrder

    def create_batch(
        self, name: str, expected_cards: int, driver: str,
        mode: Mode = Mode.SCAN, plan: BatchPlan = NO_PLAN,
    ) -> Batch:  # fmt: skip
        """Begin a stack; the machine's batch still open is stopped first, unless this is an upload.

        `expected_cards` is 0 when nobody counted. The caller adds the event `started`.
        """
        self._only("feed")
        with self._log.write() as session:
            batch = batch_row(name, expected_cards, driver, mode, plan)
            still_open = find_open_batch(session) if batch.kind == MACHINE else None
            if still_open is not None:
                session.add(_event(session, still_open.id, "stopped", "The next batch was begun."))
            session.add(batch)
        return batch

    def add_event(self, batch_id: int | None, kind: str, detail: str = "") -> BatchEvent:
        """Note a change of a batch, or of the machine outside of any (`batch_id` None).

        After `finished` or `stopped` a backup is made behind the scenes.
        """
        self._only("feed")
        with self._log.write() as session:
            event = _event(session, batch_id, kind, detail)
            session.add(event)
        if kind in ENDS:
            self.start_backup()
        return event

    def add_movements(self, batch_id: int | None, movements: Sequence[tuple[str, str]]) -> None:
        """Note what the feeder is about to do or was seen to do, all of it or nothing.

        Each movement is its kind (`feeding`: about to bring a card, `ejected`: it has gone) and the
        card's feed key.
        """
        self._only("feed")
        with self._log.write() as session:
            for kind, feed_key in movements:
                session.add(FeedMovement(batch_id=batch_id, kind=kind, feed_key=feed_key))
                session.flush()  # the order of ids is the order of movements

    def add_bin_emptied(self, bin_number: int, after_scan: int | None = None) -> BinEmptied:
        """Note that a person has emptied a bin: its next card is its first again.

        The cards of the scans up to `after_scan` (of all scans, if None) had fallen by then.
        """
        self._only("feed")
        with self._log.write() as session:
            after = last_scan_id(session) if after_scan is None else after_scan
            emptied = BinEmptied(bin=bin_number, after_scan=after)
            session.add(emptied)
        return emptied

    def finish_command(self, command_id: int, outcome: str = "done") -> None:
        """Say that a command was obeyed, or why not; a second answer changes nothing."""
        self._only("feed")
        with self._log.write() as session:
            if session.get(CommandDone, command_id) is None:
                session.add(CommandDone(command_id=command_id, outcome=outcome))

    def start_backup(self) -> None:
        """Begin the next generation in `backups/` behind the scenes, unless nothing is new."""
        if self._backups is not None:
            self._backups.start()

    def wait_for_backup(self) -> None:
        """Return once no backup is being made."""
        if self._backups is not None:
            self._backups.wait()

    def _only(self, role: Role) -> None:
        if self._log.role != role:
            raise StoreError(
                f"Only the {role} process writes this; this one opened the log as {self._log.role}."
            )


def route_row(scan_id: int, routing: Routing) -> Route:
    """The row that one routing becomes."""
    return Route(scan_id=scan_id, bin=routing.bin, rule=routing.rule, why=routing.why)


def last_scan_id(session: Session) -> int:
    """The id of the newest scan, 0 when there is none."""
    return session.exec(select(func.max(Scan.id))).one() or 0


def _event(session: Session, batch_id: int | None, kind: str, detail: str) -> BatchEvent:
    """A new event in its place in the order of scans."""
    return BatchEvent(batch_id=batch_id, kind=kind, detail=detail, after_scan=last_scan_id(session))
