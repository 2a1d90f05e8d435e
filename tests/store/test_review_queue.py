"""Which cards wait for a person, and in which order."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

from scanner.price_sources import Priced
from scanner.price_table import price_of
from scanner.prices import Money
from scanner.records import Candidate, Decision, Printing
from scanner.retry import Outcome
from scanner.review import candidate_keys, stake_of
from scanner.store import Store
from scanner.tables import Batch
from tests.store.cards import identified


def add(store: Store, batch: Batch, *card_ids: str, decision: Decision = Decision.REVIEW) -> int:
    """Log a card that may be any of these printings."""
    cards = [Printing(card_id, "demo", f"Card {card_id}") for card_id in card_ids]
    answer = dataclasses.replace(
        identified(decision=decision, crop=False),
        printing=None if decision is Decision.UNKNOWN else cards[0],
        candidates=tuple(Candidate(card, 0.8, "demo@1") for card in cards),
    )
    return store.commit_scan(batch.id or 0, answer, feed_key=None, driver="usb").id or 0


def price(data_dir: Path, card_id: str, amount_minor: int, currency: str = "EUR") -> None:
    with closing(sqlite3.connect(data_dir / "counterscan.db")) as connection:
        connection.execute(
            "INSERT INTO price (game, card_id, finish, condition, currency, amount_minor, source,"
            " as_of, created_at) VALUES ('demo', ?, 'normal', 'NM', ?, ?, 't', '2026', '2026')",
            (card_id, currency, amount_minor),
        )
        connection.commit()


def order(page: Store, currency: str = "EUR") -> list[int]:
    return [stake.scan_id for stake in page.review_stakes(currency)]


def test_the_widest_gap_comes_first_then_the_dearest_then_the_oldest(
    store: Store, page: Store, batch: Batch, data_dir: Path
) -> None:
    plain = add(store, batch, "a", "b")
    dear = add(store, batch, "dear")
    narrow = add(store, batch, "c", "d", decision=Decision.UNKNOWN)
    wide = add(store, batch, "c", "e", "a")
    add(store, batch, "a", decision=Decision.ACCEPTED)
    assert order(page) == [plain, dear, narrow, wide], "without prices the oldest comes first"
    for card_id, amount in (("c", 1_000), ("d", 1_050), ("e", 90_000), ("dear", 70_000)):
        price(data_dir, card_id, amount)
    assert order(page) == [wide, narrow, dear, plain]
    assert [stake.gap_minor for stake in page.review_stakes("EUR")] == [89_000, 50, 0, 0]
    price(data_dir, "d", 200_000)
    assert order(page)[0] == narrow, "a newer price counts"
    assert order(page, "USD") == [plain, dear, narrow, wide]
    assert page.review_waiting() == 4


def test_what_is_named_accepted_later_or_undone_leaves_and_returns(
    store: Store, page: Store, batch: Batch
) -> None:
    first, second, third = (add(store, batch, "a", "b") for _ in range(3))
    assert order(page) == [first, second, third]
    page.add_correction(first, Printing("b", "demo", "Card b"))
    page.add_correction(second, None)
    store.add_retry(third, "later", Outcome.ACCEPTED, identified())
    assert order(page) == []
    assert page.last_named(5) == [second, first]
    fourth = add(store, batch, "a", "b")
    page.undo_correction(second)
    assert order(page) == [second, fourth]
    assert page.last_named(5) == [first]
    accepted = add(store, batch, "a", decision=Decision.ACCEPTED)
    page.add_correction(accepted, None)
    page.undo_correction(accepted)
    assert order(page) == [second, fourth], "an accepted card never waits"


def test_old_rows_name_no_game_and_the_best_candidates_pack_does() -> None:
    old = [{"printing": "c1"}, {"printing": "c2", "game": "other"}]
    assert candidate_keys(old, "", "demo@3") == [("demo", "c1"), ("other", "c2")]
    assert candidate_keys(old[:1], "known", "demo@3") == [("known", "c1")]


def test_the_price_that_fits_finish_and_condition_best_counts() -> None:
    prices = {
        ("demo", "c"): [
            Priced("normal", "LP", Money(80, "EUR")),
            Priced("normal", "NM", Money(100, "EUR")),
            Priced("foil", "", Money(900, "EUR")),
        ]
    }
    for finish, condition, amount in (
        ("unknown", "", 100),
        ("normal", "LP", 80),
        ("normal", "DMG", 100),
        ("foil", "NM", 900),
        ("holo", "LP", 80),
    ):
        money = price_of(prices, ("demo", "c"), finish, condition)
        assert money == Money(amount, "EUR"), (finish, condition)
    assert price_of(prices, ("demo", "x"), "normal") is None
    assert stake_of(1, [("demo", "x"), ("demo", "c")], "normal", prices).gap_minor == 0
