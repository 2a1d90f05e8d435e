"""The device's log: every call that the feed loop, the page and the sync make on it.

`Store.open` gives it in one of four roles. `feed` writes the log and owns the machine's lock;
`web` adds commands and reads; `sync` adds prices and reads; `reader` only reads. All calls may come
from several threads.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from scanner.crop_writer import CropWriter
from scanner.crops import crop_path
from scanner.price_sources import USUAL_ORDER, SourceOrder
from scanner.records import Identification, Printing
from scanner.retry import Outcome, TriedWith
from scanner.routing import Routing
from scanner.store_alerts import AlertStore
from scanner.store_backup import Backups, make_backup
from scanner.store_batches import BatchStore
from scanner.store_bins import BinReads
from scanner.store_boot import prepare
from scanner.store_faults import explained
from scanner.store_health import HealthReads
from scanner.store_later import Word, insert_correction, insert_retry, insert_undoing, note_packs
from scanner.store_lock import FeedLock
from scanner.store_machine import route_row
from scanner.store_offers import OfferStore
from scanner.store_open import DATABASE, Log, Role, await_log
from scanner.store_orders import OrderStore
from scanner.store_prices import PriceReads
from scanner.store_reads import StoreReads, find_scan_of_key
from scanner.store_review import ReviewReads
from scanner.store_scan import scan_row
from scanner.store_stock import StockWrites
from scanner.store_sync import SyncStore
from scanner.store_updates import UpdateStore
from scanner.store_uploads import UploadStore
from scanner.tables import Command, Correction, Scan, utc_now

DEFAULT_WAIT_S = 10.0


class Store(
    AlertStore,
    OfferStore,
    StockWrites,
    SyncStore,
    UpdateStore,
    OrderStore,
    BatchStore,
    UploadStore,
    BinReads,
    ReviewReads,
    HealthReads,
    PriceReads,
    StoreReads,
):
    """The open log. A context manager; `close` it where it is not used as one."""

    def __init__(
        self, log: Log, lock: FeedLock | None, crop_quality: int, price_order: SourceOrder
    ) -> None:
        """Use `Store.open`."""
        super().__init__(log)
        self.price_order = price_order
        self._feed_lock = lock
        self._crops = CropWriter(log.data_dir, crop_quality)
        self._backups = Backups(log.path) if lock else None
        self._scan_lock = threading.Lock()

    @classmethod
    def open(
        cls,
        data_dir: Path,
        *,
        role: Role,
        crop_quality: int = 85,
        wait_s: float = DEFAULT_WAIT_S,
        price_order: SourceOrder = USUAL_ORDER,
    ) -> Store:
        """Open the log of a data folder.

        The feed role makes the folder, takes the machine's lock, checks the file, restores the last
        good backup in the place of a damaged one, migrates, and starts a backup behind the scenes.
        The other roles wait up to `wait_s` seconds until there is a log of today's schema.

        Args:
            data_dir: the data folder.
            role: what this process may do.
            crop_quality: JPEG quality of the crops, 1…100.
            wait_s: seconds that `web`, `sync` and `reader` wait for the feed process.
            price_order: whose price counts where several sources know a printing.

        Raises:
            AlreadyRunningError: another feed process has the folder.
            StoreReadOnlyError, StoreFullError, StoreError: each says what to do.
        """
        if role != "feed":
            await_log(data_dir / DATABASE, wait_s)
            return cls(Log(data_dir, role), None, crop_quality, price_order)
        with explained(data_dir):
            data_dir.mkdir(parents=True, exist_ok=True)
        lock = FeedLock(data_dir)
        try:
            prepare(data_dir)
            store = cls(Log(data_dir, role), lock, crop_quality, price_order)
        except BaseException:
            lock.release()
            raise
        store.start_backup()
        return store

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish or drop a running backup, close the file, give the machine's lock back."""
        if self._backups is not None:
            self._backups.close()
        self._crops.close()
        self._log.close()
        if self._feed_lock is not None:
            self._feed_lock.release()

    # Scans, written by the feed process.

    def commit_scan(
        self,
        batch_id: int,
        identification: Identification,
        *,
        feed_key: str | None,
        driver: str,
        finish: str = "unknown",
        captured_mono_ns: int | None = None,
        routing: Routing | None = None,
    ) -> Scan:
        """Put one scan on disk, crop first; on return it survives a power cut.

        A `feed_key` that the log knows returns the scan it has, and writes nothing. Otherwise the
        new scan is the next of its batch (`sequence` 1, 2, 3… without a gap).

        Args:
            batch_id: the open batch.
            identification: what the recogniser answered.
            feed_key: the mechanism's own number of the card, None where there is no mechanism.
            driver: camera and feeder in use.
            finish: `unknown` unless the picture proves one.
            captured_mono_ns: when the frame was taken, on the monotonic clock; now, if None.
            routing: the bin it goes to, where the machine has bins.

        Raises:
            StoreFullError: no room; nothing was written, the same call may be made again.
            StoreError: the log can't be written.
        """
        self._only("feed")
        with self._scan_lock:
            with self._log.read() as session:
                if feed_key is not None:
                    known = find_scan_of_key(session, feed_key)
                    if known is not None:
                        return known
                scan_id = _next_scan_id(session)
            created_at = utc_now()
            cut_crop = identification.cut_crop
            row = scan_row(
                identification,
                scan_id=scan_id,
                batch_id=batch_id,
                feed_key=feed_key,
                driver=driver,
                finish=finish,
                crop_path="" if cut_crop is None else crop_path(scan_id, created_at),
                captured_mono_ns=captured_mono_ns,
                created_at=created_at,
            )
            with (
                self._crops.writing(cut_crop, row.crop_path) as crop,
                self._log.write() as session,
            ):
                row.sequence = _next_sequence(session, batch_id)
                session.add(row)
                session.flush()
                if routing is not None:
                    session.add(route_row(scan_id, routing))
                    session.flush()
                crop.wait()
            return row

    # What is learned of a scan later: retries by the feed process, corrections by the page.

    def note_packs(self, now: TriedWith) -> None:
        """Note which packs and models the scans from here on are tried with."""
        self._only("feed")
        with self._log.write() as session:
            note_packs(session, now)

    def add_retry(
        self, scan_id: int, key: str, outcome: Outcome, answer: Identification | None = None
    ) -> bool:
        """Put one retry of a scan on disk; False where nothing was left to say (`insert_retry`)."""
        self._only("feed")
        with self._log.write() as session:
            return insert_retry(session, scan_id, key, outcome, answer)

    def add_correction(
        self, scan_id: int, printing: Printing | None, finish: str = "unknown",
        language: str = "", condition: str = "",
    ) -> Correction:  # fmt: skip
        """Note a person's word on a scan, see `Word`."""
        self._only("web")
        with self._log.write() as session:
            word = Word(printing, finish, language, condition)
            return insert_correction(session, scan_id, word)

    def undo_correction(self, scan_id: int) -> Correction | None:
        """Take a person's last word back; None where none stands."""
        self._only("web")
        with self._log.write() as session:
            return insert_undoing(session, scan_id)

    # Commands: added by the page, obeyed by the feed process (`finish_command`) or the exchange
    # (`answer_order`).

    def add_command(self, kind: str, argument: Mapping[str, str | int] | None = None) -> Command:
        """Ask something of the machine, read between cards, or of the exchange with the cloud."""
        self._only("web")
        command = Command(kind=kind, argument=dict(argument or {}))
        with self._log.write() as session:
            session.add(command)
        return command

    # News, health and backups.

    def backup(self, path: Path) -> None:
        """Write a checked copy of the log to `path`, in one piece, while others go on writing."""
        with explained(path.parent):
            make_backup(self._log.path, path)


def _next_scan_id(session: Session) -> int:
    """The id that the next scan will get. Nobody else can take it: scans have one writer."""
    counter = text("SELECT seq FROM sqlite_sequence WHERE name = 'scan'")
    return int(session.connection().execute(counter).scalar() or 0) + 1


def _next_sequence(session: Session, batch_id: int) -> int:
    last = session.exec(select(func.max(Scan.sequence)).where(col(Scan.batch_id) == batch_id))
    return (last.one() or 0) + 1
