"""A collection in the cloud is worth what the device's own inventory says, whatever was said."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from scanner.batches import BatchPlan
from scanner.inventory import EVERYTHING
from scanner.inventory_log import Edit
from scanner.price_feed import PriceTold
from scanner.prices import Money
from scanner.records import Decision, Printing
from scanner.retry import Outcome
from scanner.routing import Mode
from scanner.stock import Stock
from scanner.store import Store
from scanner.store_sync import Stream
from scanner.tables import utc_now
from sync.cloud.api.collections import value_collections
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import Arrived, CloudStore
from sync.protocol_rows import rows_model
from tests.stock.shelf import FOX, GOLEM, HERON, NAMED, Shelf, answer
from tests.sync.api.conftest import Cloud

NOW = utc_now()
OTHER = Printing("other", "demo", "Nobody's Card", "First Light", "120/120")
CARDS = (FOX, HERON, GOLEM, OTHER)
NO_MONEY = Money(0, "EUR")
PRICES = (
    (FOX, "normal", "NM", 1000, "tcgcsv"), (FOX, "normal", "LP", 700, "tcgcsv"),
    (FOX, "foil", "NM", 4000, "tcgcsv"), (FOX, "normal", "NM", 10, "cardmarket"),
    (HERON, "foil", "", 300, "cardmarket"), (GOLEM, "unknown", "NM", 50, "pokemontcg"),
    (GOLEM, "holo", "HP", 20, "tcgcsv"), (GOLEM, "holo", "NM", 90, "ebay"),
)  # fmt: skip


@dataclass
class Shop:
    """One history, at both ends."""

    shelf: Shelf
    page: Store
    sync: Store
    stock: Stock
    cloud: CloudStore

    def price(
        self, card: Printing, finish: str, condition: str, amount: int, source: str, **words: Any
    ) -> None:
        """A price, told to the device and in the cloud."""
        self.shelf.price(card, amount, finish, condition, day=f"{NOW:%Y-%m-%d}", source=source)
        told = PriceTold(card.card_id, finish, condition, "EUR", amount, source, utc_now())
        tell_prices(self.cloud, card.game, card.set, [told], now_ms())

    def send(self) -> None:
        """Bring every row of the device's log to the cloud, some of them twice."""
        for stream in Stream:
            rows = self.sync.rows_after(stream, 0, 1000)
            if rows:
                body = {"log": self.sync.log_name(), "after": 0, "rows": rows}
                message = rows_model(stream).model_validate(body)
                self.cloud.take([Arrived("counter-1", stream, message)])

    def facts(self) -> None:
        """Packs with the same facts in use at both ends."""
        facts = {HERON: {"finishes": "foil"}, FOX: {"finishes": "normal/foil"}}
        self.shelf.catalog(facts)
        Shelf.catalog(self._cloud_shelf(), facts)

    def _cloud_shelf(self) -> Any:
        @dataclass
        class Folder:
            data_dir: Path

        return Folder(self.cloud.data_dir)

    def is_worth_the_same(self) -> tuple[int, int, int]:
        """Cards, cards with a price and what they amount to, at both ends."""
        self.send()
        value_collections(self.cloud, "EUR")
        ours = self.stock.totals(EVERYTHING)
        with self.cloud.log.read() as session:
            query = "SELECT cards, priced, amount_minor FROM collection_value ORDER BY day DESC"
            row = session.connection().execute(text(query)).first()
        assert row is not None
        assert tuple(row) == (ours.copies, ours.copies - ours.unpriced, ours.value_minor)
        points = self.stock.value_over_time()
        assert (points[-1][1] if points else 0) == row.amount_minor
        return row.cards, row.priced, row.amount_minor


@pytest.fixture
def shop(tmp_path: Path, either_api: Cloud) -> Iterator[Shop]:
    with (
        Shelf(tmp_path / "data") as shelf,
        Store.open(shelf.data_dir, role="web") as page,
        Store.open(shelf.data_dir, role="sync") as sync,
    ):
        stock = Stock(page, shelf.data_dir, "EUR")
        yield Shop(shelf, page, sync, stock, either_api.store)
        stock.close()


def test_bulk_edits_count_as_on_the_device(shop: Shop) -> None:
    for price in PRICES:
        shop.price(*price)
    ids = [shop.shelf.scan(FOX) for _ in range(4)]
    assert shop.is_worth_the_same() == (4, 4, 4000)
    worn = shop.stock.edit(Edit(condition="LP"), scan_ids=ids[:2])
    assert shop.is_worth_the_same() == (4, 4, 3400)
    shop.stock.edit(Edit(finish="foil", language="de"), scan_ids=ids[:1])
    assert shop.is_worth_the_same() == (4, 4, 6700)
    shop.stock.edit(Edit(removed="sold"), scan_ids=ids[1:3])
    assert shop.is_worth_the_same() == (2, 2, 5000)
    shop.page.undo_change(worn.id or 0)
    shop.stock.edit(Edit(removed=""), scan_ids=ids[2:3])
    assert shop.is_worth_the_same() == (3, 3, 6000)


def test_a_later_correction_wins_where_it_says_something(shop: Shop) -> None:
    for price in PRICES:
        shop.price(*price)
    scan = shop.shelf.scan(FOX)
    shop.stock.edit(Edit(condition="LP", finish="foil"), scan_ids=[scan])
    assert shop.is_worth_the_same() == (1, 1, 4000)
    shop.page.add_correction(scan, GOLEM, "holo", condition="HP")
    assert shop.is_worth_the_same() == (1, 1, 20)
    shop.page.undo_correction(scan)
    assert shop.is_worth_the_same() == (1, 1, 4000)


def test_a_finish_that_only_the_catalog_knows_is_the_cards(shop: Shop) -> None:
    for price in PRICES:
        shop.price(*price)
    shop.facts()
    shop.shelf.scan(HERON, "unknown")
    shop.shelf.scan(FOX, "unknown")
    assert shop.is_worth_the_same() == (2, 2, 1300)


def test_what_is_said_of_a_batch_later_holds_for_its_cards(shop: Shop) -> None:
    for price in PRICES:
        shop.price(*price)
    batch = shop.shelf.batch()
    shop.shelf.scan(FOX)
    assert shop.is_worth_the_same() == (1, 1, 1000)
    shop.page.change_batch(batch, "Played box", BatchPlan(condition="LP"))
    assert shop.is_worth_the_same() == (1, 1, 700)


def test_an_offers_cards_count_once_they_are_paid_for(shop: Shop) -> None:
    for price in PRICES:
        shop.price(*price)
    made = shop.shelf.store.create_batch("a lot", 0, "usb", Mode.OFFER, NAMED)
    shop.shelf.batch_id = made.id or 0
    ids = [shop.shelf.scan(FOX) for _ in range(3)]
    assert shop.is_worth_the_same() == (0, 0, 0)
    lines = [
        {"scans": ids[:2], "status": "offered"}, {"scans": ids[2:], "status": "not bought"}
    ]  # fmt: skip
    shop.page.end_offer(shop.shelf.batch_id, "cash", Money(500, "EUR"), NO_MONEY, lines)
    assert shop.is_worth_the_same() == (2, 2, 2000)
    shop.stock.edit(Edit(removed="sold"), scan_ids=ids[:1])
    assert shop.is_worth_the_same() == (1, 1, 1000)
    shop.page.end_offer(shop.shelf.batch_id, "undone", NO_MONEY, NO_MONEY, [])
    assert shop.is_worth_the_same() == (0, 0, 0)


def test_how_likely_a_name_is_right_is_what_the_device_says(shop: Shop) -> None:
    scan = shop.shelf.scan(FOX)
    shop.send()
    query = "SELECT source, row_id, probability FROM present_answer"
    with shop.cloud.log.read() as session:
        row = session.connection().execute(text(query)).one()
    ours = shop.page.present_answers([scan])[scan]
    assert tuple(row) == (ours.source, ours.row_id, ours.probability)
    shop.page.add_correction(scan, GOLEM)
    shop.send()
    with shop.cloud.log.read() as session:
        assert tuple(session.connection().execute(text(query)).one()) == ("person", 1, 1.0)


@pytest.mark.parametrize("seed", range(6))
def test_any_history_is_worth_the_same_at_both_ends(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)
    if seed % 2:
        shop.facts()
    for price in PRICES:
        shop.price(*price)
    ids: list[int] = []
    for _ in range(4):
        for _ in range(25):
            _something(shop, chance, ids)
        shop.is_worth_the_same()


def _something(shop: Shop, chance: random.Random, ids: list[int]) -> None:
    """One thing that happens in a shop."""
    card, finish = chance.choice(CARDS), chance.choice(("normal", "foil", "holo", "unknown"))
    condition = chance.choice(("", "NM", "LP", "HP"))
    what = chance.randrange(12)
    some = chance.sample(ids, min(len(ids), chance.randint(1, 4)))
    if what < 4 or not some:
        decision = chance.choice((Decision.ACCEPTED, Decision.ACCEPTED, Decision.UNKNOWN))
        ids.append(shop.shelf.scan(card, finish, decision=decision))
    elif what == 4:
        mode = chance.choice((Mode.SORT, Mode.OFFER))
        plan = BatchPlan(condition=condition, language="en")
        shop.shelf.batch_id = shop.shelf.store.create_batch("x", 0, "usb", mode, plan).id or 0
    elif what == 5:
        shop.page.add_correction(some[0], card, finish, condition=condition)
    elif what == 6:
        shop.page.undo_correction(some[0])
    elif what == 7:
        shop.shelf.store.add_retry(some[0], f"k{len(ids)}", Outcome.ACCEPTED, answer(card))
    elif what == 8:
        shop.page.change_batch(shop.shelf.batch_id, "x", BatchPlan(condition=condition))
    elif what == 9:
        outcome = chance.choice(("cash", "credit", "declined", "undone"))
        lines = [{"scans": some, "status": chance.choice(("offered", "look"))}]
        shop.page.end_offer(shop.shelf.batch_id, outcome, NO_MONEY, NO_MONEY, lines)
    elif what == 10 and (standing := [c for c, stands in shop.page.changes(99) if stands]):
        shop.page.undo_change(chance.choice(standing).id or 0)
    else:
        edit = chance.choice((
            Edit(condition=condition), Edit(finish=finish), Edit(removed="sold"),
            Edit(removed=""), Edit(condition=condition, finish=finish, language="de"),
        ))  # fmt: skip
        shop.page.add_edit(some, edit, "said")
