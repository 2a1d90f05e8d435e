"""What a printing is worth, and what a difference between prices does to a decision."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from scanner.config import load_settings
from scanner.decide import Evidence, Limits, decide
from scanner.price_log import LoggedPrices, decider_of
from scanner.prices import Money, widest_gap
from scanner.quality import Quality
from scanner.records import Decision, Located, Printing, View
from scanner.store import Store
from scanner.verify import Comparison

GOOD = partial(Quality, sharpness=0.5, glare=0.0, brightness=120.0, contrast=50.0)


class Book:
    """Prices by card id, in euro unless said otherwise."""

    def __init__(self, cents: Mapping[str, int], currency: str = "EUR") -> None:
        self._cents, self._currency = cents, currency

    def price(self, printing: Printing) -> Money | None:
        found = self._cents.get(printing.card_id)
        return None if found is None else Money(found, self._currency)


def card(card_id: str) -> Printing:
    return Printing(card_id, "drawn", f"Name {card_id}", "S1", card_id)


def seen(card_id: str, score: float, similarity: float, **marks: bool) -> Evidence:
    return Evidence(card(card_id), "drawn@1", similarity, Comparison(score, 0.95), **marks)


LEADER = seen("A", 0.95, 0.95)
APART = seen("B", 0.93, 0.94, told_apart=True)
TWIN = seen("B", 0.94, 0.94, twin_of_best=True)
STRANGER = seen("C", 0.4, 0.3)


def test_money_reads_as_a_clerk_writes_it() -> None:
    assert str(Money(1240, "EUR")) == "12.40 EUR"
    assert str(Money(5, "USD")) == "0.05 USD"
    assert str(Money(-1250, "EUR")) == "-12.50 EUR"
    assert str(Money(1200, "JPY")) == "1200 JPY"


def test_the_widest_gap_is_between_the_leader_and_the_rest_in_one_currency() -> None:
    book = Book({"A": 100, "B": 700, "C": 50})
    assert widest_gap(book, card("A"), [card("B"), card("C")], "EUR") == Money(600, "EUR")
    assert widest_gap(book, card("A"), [card("D")], "EUR") is None
    assert widest_gap(book, card("D"), [card("A")], "EUR") is None
    assert widest_gap(book, card("A"), [card("B")], "USD") is None


def test_a_wide_price_gap_to_another_printing_sends_a_likely_answer_to_review() -> None:
    usual = decide([LEADER, APART, STRANGER], GOOD)
    assert usual.decision is Decision.ACCEPTED
    held = decide([LEADER, APART, STRANGER], GOOD, prices=Book({"A": 100, "B": 1340}))
    assert held.decision is Decision.REVIEW
    assert held.reasons == ("the prices differ by 12.40 EUR: check the printing",)
    assert held.printing == card("A")


@pytest.mark.parametrize(
    ("book", "gap"),
    [
        (Book({"A": 100, "B": 600}), 500),  # not more than the limit
        (Book({"A": 100, "B": 9900}), 0),  # switched off
        (Book({"A": 100}), 500),  # the other's price is not known
        (Book({"A": 100, "B": 9900}, "USD"), 500),  # in another currency
        (Book({}), 500),
    ],
)
def test_otherwise_prices_change_nothing(book: Book, gap: int) -> None:
    limits = Limits(price_gap=Money(gap, "EUR"))
    verdict = decide([LEADER, APART, STRANGER], GOOD, limits=limits, prices=book)
    assert verdict.decision is Decision.ACCEPTED


def test_the_price_of_a_card_that_is_far_behind_does_not_matter() -> None:
    verdict = decide([LEADER, STRANGER], GOOD, prices=Book({"A": 100, "C": 99900}))
    assert verdict.decision is Decision.ACCEPTED


def test_printings_that_look_the_same_are_named_and_so_is_their_price_gap() -> None:
    verdict = decide([LEADER, TWIN, STRANGER], GOOD, prices=Book({"A": 100, "B": 1340}))
    assert verdict.decision is Decision.REVIEW
    assert "printing uncertain: these printings look the same: Name A" in verdict.reasons[0]
    assert "12.40 EUR" in verdict.reasons[1]


ROW = """INSERT INTO price
(game, card_id, finish, condition, currency, amount_minor, source, as_of, created_at)
VALUES (?, ?, ?, ?, ?, ?, 'test', '2026-01-01 10:00:00', '2026-01-01 10:00:00')"""


def logged(data_dir: Path, *rows: tuple[str, str, str, str, str, int]) -> Store:
    store = Store.open(data_dir, role="feed")
    with closing(sqlite3.connect(data_dir / "counterscan.db", isolation_level=None)) as sync:
        sync.executemany(ROW, rows)
    return store


def test_the_newest_price_of_the_normal_finish_near_mint_is_the_one_that_counts(
    tmp_path: Path,
) -> None:
    rows = [
        ("drawn", "A", "normal", "NM", "EUR", 100),
        ("drawn", "A", "normal", "NM", "EUR", 250),
        ("drawn", "A", "foil", "NM", "EUR", 9000),
        ("drawn", "A", "normal", "HP", "EUR", 20),
        ("drawn", "A", "normal", "NM", "USD", 300),
        ("other", "A", "normal", "NM", "EUR", 77),
        ("drawn", "F", "foil", "", "EUR", 4000),
    ]
    with logged(tmp_path, *rows) as store:
        prices = LoggedPrices(store, "EUR")
        assert prices.price(card("A")) == Money(250, "EUR")
        assert prices.price(card("F")) == Money(4000, "EUR")
        assert prices.price(card("Z")) is None
        assert LoggedPrices(store, "GBP").price(card("A")) is None


def test_the_settings_and_the_log_together_hold_a_dear_card_back(tmp_path: Path) -> None:
    rows = [("drawn", "A", "normal", "NM", "EUR", 100), ("drawn", "B", "normal", "NM", "EUR", 900)]
    located = Located(View.CARD)
    with logged(tmp_path, *rows) as store:
        settings = load_settings(data_dir=tmp_path)
        prices = LoggedPrices(store, settings.decision.currency)
        strict = decider_of(settings, prices)
        assert strict.decide([LEADER, APART], GOOD, located).decision is Decision.REVIEW
        wide = decider_of(load_settings(decision__price_gap=800), prices)
        assert wide.decide([LEADER, APART], GOOD, located).decision is Decision.ACCEPTED
