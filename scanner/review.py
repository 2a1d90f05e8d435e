"""The cards that a person must look at, those first where most money is at stake.

At stake is what naming the wrong candidate would cost: the widest gap between the candidates'
prices; among equal gaps the dearest card comes first, then the one scanned first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from scanner.price_sources import SourceOrder
from scanner.price_table import Key, Prices, price_of, read_prices
from scanner.records import Decision, Finish
from scanner.store_open import Log
from scanner.store_present import FROM_PERSON, PresentAnswer, read_present_answers

_WAITING = text("""
    SELECT id, batch_id FROM scan
    WHERE id > :after AND decision IN ('review', 'unknown') ORDER BY id
""")
_TOUCHED = """
    SELECT later.scan_id, max(later.id) FROM {} AS later WHERE later.id > :after
    GROUP BY later.scan_id
"""


@dataclass(frozen=True, slots=True)
class Stake:
    """The money at stake in one scan, in minor units; `gap_minor` 0 where no gap is known."""

    scan_id: int
    gap_minor: int = 0
    value_minor: int = 0
    batch_id: int = 0

    @property
    def order(self) -> tuple[int, int, int]:
        """Sorts the scan with most at stake first."""
        return -self.gap_minor, -self.value_minor, self.scan_id


def candidate_keys(candidates: Iterable[Mapping[str, Any]], game: str, pack_id: str) -> list[Key]:
    """Game and card_id of each candidate; old rows name no game, which the best one's pack does."""
    fallback = game or pack_id.partition("@")[0]
    return [(str(one.get("game") or fallback), str(one.get("printing", ""))) for one in candidates]


def stake_of(scan_id: int, keys: Iterable[Key], finish: str, prices: Prices) -> Stake:
    """What is at stake when any of `keys` may be the card."""
    known = [price_of(prices, key, finish) for key in keys]
    amounts = [money.amount_minor for money in known if money is not None]
    if not amounts:
        return Stake(scan_id)
    gap = max(amounts) - min(amounts) if len(amounts) > 1 else 0
    return Stake(scan_id, gap, max(amounts))


class ReviewQueue:
    """The queue of one log, brought up to date with each look. Safe to share among threads."""

    def __init__(self, log: Log, order: SourceOrder) -> None:
        """Nothing is read yet. `order` says whose price counts."""
        self._log = log
        self._order = order
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[list[Key], str]] = {}
        self._stakes: dict[int, Stake] = {}
        self._batch_of: dict[int, int] = {}
        self._cursors = dict.fromkeys(("scan", "retry", "correction", "price"), 0)
        self._seen: tuple[int, str] = (-1, "")

    def stakes(self, currency: str) -> list[Stake]:
        """Every scan that waits for a person, with most at stake first.

        Raises:
            StoreError: the log can't be read.
        """
        with self._lock, self._log.read() as session:
            self._begin_anew_if_other(self._log.generation, currency)
            self._read_on(session, currency)
            return sorted(self._stakes.values(), key=lambda stake: stake.order)

    def count(self) -> int:
        """How many scans wait for a person, whatever is at stake. Raises StoreError."""
        with self._lock, self._log.read() as session:
            currency = self._seen[1]
            self._begin_anew_if_other(self._log.generation, currency)
            self._read_on(session, currency)
            return len(self._waiting)

    def _begin_anew_if_other(self, generation: int, currency: str) -> None:
        """A restored backup may hold fewer rows; another currency other prices."""
        if self._seen != (generation, currency):
            self._seen = (generation, currency)
            self._waiting, self._stakes, self._batch_of = {}, {}, {}
            self._cursors = dict.fromkeys(self._cursors, 0)

    def _read_on(self, session: Session, currency: str) -> None:
        touched = self._new_scans(session)
        for table in ("retry", "correction"):
            touched |= self._touched(session, table)
        for scan_id, answer in read_present_answers(session, sorted(touched)).items():
            self._take(scan_id, answer)
        newest = session.connection().execute(text("SELECT coalesce(max(id), 0) FROM price"))
        newest_price = int(newest.scalar_one())
        if newest_price != self._cursors["price"]:
            self._cursors["price"] = newest_price
            touched = set(self._waiting)
        self._price(session, touched & self._waiting.keys(), currency)

    def _new_scans(self, session: Session) -> set[int]:
        rows = session.connection().execute(_WAITING, {"after": self._cursors["scan"]})
        found = {int(row[0]): int(row[1]) for row in rows}
        self._batch_of.update(found)
        self._cursors["scan"] = max(found, default=self._cursors["scan"])
        return set(found)

    def _touched(self, session: Session, table: str) -> set[int]:
        query = text(_TOUCHED.format(table))
        rows = list(session.connection().execute(query, {"after": self._cursors[table]}))
        self._cursors[table] = max((int(row[1]) for row in rows), default=self._cursors[table])
        return {int(row[0]) for row in rows}

    def _take(self, scan_id: int, answer: PresentAnswer) -> None:
        if answer.decision == Decision.ACCEPTED or answer.source == FROM_PERSON:
            self._waiting.pop(scan_id, None)
            self._stakes.pop(scan_id, None)
            return
        keys = candidate_keys(answer.candidates, answer.game, answer.pack_id)
        self._waiting[scan_id] = keys, answer.finish or Finish.UNKNOWN.value

    def _price(self, session: Session, scan_ids: set[int], currency: str) -> None:
        wanted = {key for scan_id in scan_ids for key in self._waiting[scan_id][0]}
        prices = read_prices(session, sorted(wanted), currency, self._order)
        for scan_id in scan_ids:
            keys, finish = self._waiting[scan_id]
            stake = stake_of(scan_id, keys, finish, prices)
            self._stakes[scan_id] = replace(stake, batch_id=self._batch_of.get(scan_id, 0))
