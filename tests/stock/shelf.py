"""Puts cards into a log by the feed process's own calls, and prices as the sync does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import TracebackType

from scanner.batches import BatchPlan
from scanner.catalog.cards import Card, write_cards
from scanner.records import Candidate, Decision, Identification, Printing, View
from scanner.routing import Mode, Routing
from scanner.store import Store
from scanner.store_open import DATABASE

FOX = Printing("fox", "demo", "Ember Fox", "First Light", "042/120")
HERON = Printing("heron", "demo", "Tidewatch Heron", "First Light", "007/120", "Extended Art")
GOLEM = Printing("golem", "demo", "Moss Golem", "Second Tide", "101/140")
NAMED = BatchPlan(condition="NM", language="en")


def answer(printing: Printing, decision: Decision = Decision.ACCEPTED) -> Identification:
    """What the recogniser says of a card."""
    return Identification(
        decision=decision,
        reasons=(),
        view=View.CARD,
        printing=None if decision is Decision.UNKNOWN else printing,
        candidates=(Candidate(printing, 0.97, "demo@1"),),
        model_id="m",
        pack_id="demo@1",
    )


class Shelf:
    """The feed process's side of a shop."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.store = Store.open(data_dir, role="feed")
        self.batch_id = 0

    def __enter__(self) -> Shelf:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.store.close()

    def batch(self, name: str = "a box", plan: BatchPlan = NAMED) -> int:
        """Begin a batch."""
        made = self.store.create_batch(name, 0, "usb", Mode.SORT, plan)
        self.batch_id = made.id or 0
        return self.batch_id

    def scan(
        self,
        printing: Printing = FOX,
        finish: str = "normal",
        *,
        decision: Decision = Decision.ACCEPTED,
        bin_number: int = 0,
    ) -> int:
        """Log one card; `bin_number` sends it to a bin."""
        if not self.batch_id:
            self.batch()
        routing = Routing(bin_number, "a rule", "because") if bin_number else None
        made = self.store.commit_scan(
            self.batch_id,
            answer(printing, decision),
            feed_key=None,
            driver="usb",
            finish=finish,
            routing=routing,
        )
        return made.id or 0

    def price(
        self,
        printing: Printing,
        amount_minor: int,
        finish: str = "normal",
        condition: str = "NM",
        currency: str = "EUR",
        day: str = "2026-05-01",
        source: str = "test",
    ) -> None:
        """Add a price, as the sync process does."""
        stamp = f"{day} 10:00:00.000000"
        with closing(sqlite3.connect(self.data_dir / DATABASE, isolation_level=None)) as log:
            log.execute(
                "INSERT INTO price (game, card_id, finish, condition, currency, amount_minor,"
                " source, as_of, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (printing.game, printing.card_id, finish, condition, currency, amount_minor,
                 source, stamp, stamp),
            )  # fmt: skip

    def catalog(self, facts: dict[Printing, dict[str, str]]) -> None:
        """Put packs with these facts in use, as far as the stock reads them."""
        for game in {printing.game for printing in facts}:
            folder = self.data_dir / "packs" / game / "1"
            folder.mkdir(parents=True, exist_ok=True)
            (folder.parent / "current").write_text("1\n\n")
            cards = [Card(p, dict(known)) for p, known in facts.items() if p.game == game]
            write_cards(folder / "cards.db", cards, [], [])
