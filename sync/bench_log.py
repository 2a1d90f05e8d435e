"""A device's log full of scans, for tests and measurements; and whether a cloud has the same."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, insert, select, text

from scanner.batches import BatchPlan
from scanner.inventory_log import Edit
from scanner.prices import Money
from scanner.records import Printing
from scanner.store import Store
from scanner.store_later import Word, insert_correction, insert_undoing
from scanner.store_open import Log
from scanner.store_sync import Row, Stream
from scanner.tables import Scan, utc_now
from scanner.tables_alerts import AlertRaised, AlertWithdrawn
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES

_OF_STOCK = (
    Stream.STOCK_CHANGE, Stream.STOCK_EDIT, Stream.HAND_COUNT, Stream.BATCH_WORD, Stream.OFFER_MADE
)  # fmt: skip
_PAID = Money(500, "EUR")
_ANSWER = "decision, game, card_id, name, set_name, number, variant, finish, language, condition"


class FilledLog:
    """Writes scans and corrections into the log of a data folder as the two processes would."""

    def __init__(self, data_dir: Path, seed: int = 7) -> None:
        """Make the log, and one batch in it."""
        self.data_dir = data_dir
        with Store.open(data_dir, role="feed") as store:
            batch = store.create_batch("Long box", 0, "simulated")
            store.wait_for_backup()
        self._batch_id = batch.id or 0
        self._log = Log(data_dir, "feed")
        self._random = random.Random(seed)
        self.scans = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def add_scans(self, count: int) -> None:
        """Add scans in one transaction."""
        first = self.scans + 1
        rows = [self._row(number) for number in range(first, first + count)]
        with self._log.write() as session:
            session.connection().execute(insert(Scan), rows)
        self.scans += count

    def add_corrections(self, count: int) -> None:
        """Say `count` words on scans picked by chance: new names, and some taken back."""
        with self._log.write() as session:
            for _ in range(count):
                scan_id = self._random.randint(1, min(self.scans, 400))
                if self._random.random() < 0.3:
                    insert_undoing(session, scan_id)
                else:
                    card = f"said-{self._random.randrange(1_000_000)}"
                    insert_correction(session, scan_id, Word(Printing(card, "demo", card), "foil"))
                session.flush()

    def add_stock_words(self, count: int) -> None:
        """Edit `count` cards in bulk, take the first edit back, count the batch by hand, name it
        anew, and pay for some of its cards."""
        chosen = [self._random.randint(1, self.scans) for _ in range(count)]
        with Store.open(self.data_dir, role="web") as page:
            first = page.add_edit(chosen, Edit(condition="LP", location="Box 3"), "In box 3")
            page.add_edit(chosen[: count // 2], Edit(removed=""), "Put back")
            page.undo_change(first.id or 0)
            page.add_hand_count(self._batch_id, self.scans)
            page.change_batch(self._batch_id, "Played box", BatchPlan(condition="LP"))
            paid = [{"scans": chosen, "status": "offered"}, {"scans": [1], "status": "look"}]
            page.end_offer(self._batch_id, "cash", _PAID, _PAID, paid)

    def accept(self, scan_id: int) -> None:
        """Let a person name a scan's card as it was recognised."""
        with self._log.write() as session:
            scan = session.get_one(Scan, scan_id)
            printing = Printing(scan.card_id, scan.game, scan.name, scan.set_name, scan.number)
            insert_correction(session, scan_id, Word(printing))

    def raise_alert(self, alert: AlertRaised) -> None:
        """A card that was scanned sets off a rule."""
        with self._log.write() as session:
            session.add(alert)

    def withdraw_alert(self, key: str, why: str) -> None:
        """Such a card is another one after all."""
        with self._log.write() as session:
            session.add(AlertWithdrawn(key=key, why=why))

    def _row(self, number: int) -> dict[str, Any]:
        card = self._random.randrange(20_000)
        return {
            "batch_id": self._batch_id, "sequence": number, "feed_key": f"k{number}",
            "decision": self._random.choice(("accepted", "accepted", "review", "unknown")),
            "reasons": ["clear of every other card"], "game": "demo", "card_id": f"card-{card}",
            "name": f"Ember Drake {card}", "set_name": "First Light", "number": f"{card:03d}/120",
            "candidates": [], "corners_px": [], "stages_ms": {}, "score": 0.97,
            "model_id": "tiny-1", "pack_id": "demo@1", "driver": "simulated",
            "created_at": utc_now(), "captured_mono_ns": number,
        }  # fmt: skip


def differences(data_dir: Path, cloud: CloudStore, device: str) -> list[str]:
    """What the cloud does not have as the device has it: nothing, if all went well."""
    found: list[str] = []
    with Store.open(data_dir, role="reader") as store:
        log_name = store.log_name()
        with store.log_session() as session:
            ours = session.connection().execute(
                text(f"SELECT scan_id, {_ANSWER} FROM present_answer ORDER BY scan_id")
            )
            said = [tuple(row) for row in ours]
            words = session.connection().execute(text("SELECT id, kind FROM correction")).all()
        of_stock = {stream: store.rows_after(stream, 0, 1_000_000) for stream in _OF_STOCK}
    with cloud.log.read() as session:
        owner = {"device": device, "log": log_name}
        where = "WHERE device = :device AND log = :log"
        connection = session.connection()
        theirs = [
            tuple(row)
            for row in connection.execute(
                text(f"SELECT scan_id, {_ANSWER} FROM present_answer {where} ORDER BY scan_id"),
                owner,
            )
        ]
        received = connection.execute(
            text(f"SELECT id, kind FROM correction {where} ORDER BY id"), owner
        ).all()
        for stream, rows in of_stock.items():
            if (kept := _kept(connection, stream, owner, rows)) != rows:
                found.append(f"of {len(rows)} rows of {stream.value} the cloud has {len(kept)}")
        others = connection.execute(
            text("SELECT count(*) FROM scan WHERE device <> :device OR log <> :log"), owner
        ).scalar_one()
    if [row[0] for row in said] != [row[0] for row in theirs]:
        found.append(f"the device has {len(said)} scans, the cloud {len(theirs)}")
    wrong = sum(one != other for one, other in zip(said, theirs, strict=False))
    if wrong:
        found.append(f"{wrong} scans have another answer in the cloud")
    if sorted(map(tuple, words)) != sorted(map(tuple, received)):
        found.append(f"of {len(words)} corrections the cloud has {len(received)}")
    if others:
        found.append(f"the cloud has {others} scans that are nobody's")
    return found


def _kept(
    connection: Connection, stream: Stream, owner: Mapping[str, str], like: Sequence[Row]
) -> list[Row]:
    """The cloud's rows of a stream, with the columns of the device's."""
    table = LOG_TABLES[stream.value]
    names = list(like[0]) if like else ["id"]
    query = select(*(table.c[name] for name in names)).where(
        *(table.c[name] == value for name, value in owner.items())
    )
    return [dict(row._mapping) for row in connection.execute(query.order_by(table.c.id))]


def scans_in(cloud: CloudStore, tables: Sequence[str] = ("scan", "correction")) -> int:
    """How many rows the cloud has."""
    with cloud.log.read() as session:
        connection = session.connection()
        return sum(
            int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
            for name in tables
        )


def rows_in(data_dir: Path) -> int:
    """How many scans and corrections the device has."""
    log = Log(data_dir, "reader")
    try:
        with log.read() as session:
            query = text("SELECT (SELECT count(*) FROM scan) + (SELECT count(*) FROM correction)")
            return int(session.connection().execute(query).scalar_one())
    finally:
        log.close()
