"""A batch beside a count by hand, and what it is worth."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scanner.batch_value import BatchValue
from scanner.batches import BatchPlan, plan_of
from scanner.errors import StoreError
from scanner.inventory_log import Edit
from scanner.reconcile import Seen, reconcile
from scanner.records import Decision, Printing
from scanner.store import Store
from scanner.tables import Batch
from tests.store.cards import identified


def cards(*views_and_ids: tuple[str, str], counted: bool = False) -> list[Seen]:
    return [
        Seen(10 + place, place, view, card_id, counted)
        for place, (view, card_id) in enumerate(views_and_ids, start=1)
    ]


FOUR = cards(("card", "a"), ("several", ""), ("card", "b"), ("card", "b"))


def test_a_count_that_agrees_says_so() -> None:
    found = reconcile(4, FOUR, [])
    assert (found.difference, found.places) == (0, ())
    assert "agrees" in found.says


def test_missing_cards_are_looked_for_where_two_may_have_been() -> None:
    found = reconcile(6, FOUR, [("started", 0), ("double_feed", 1), ("paused", 3)])
    assert found.says.startswith("2 cards were counted but not scanned")
    assert [(place.sequence, place.why) for place in found.places] == [
        (1, "two cards were fed at once here"),
        (2, "more than one card was in view"),
    ]
    assert reconcile(3, cards(("card", "a")), []).says.endswith("Look in the machine.")


def test_cards_too_many_are_looked_for_where_one_may_have_been_seen_twice() -> None:
    found = reconcile(3, FOUR, [])
    assert found.says.startswith("1 scan more than cards counted")
    assert [place.sequence for place in found.places] == [4]
    by_machine = cards(("card", "b"), ("card", "b"), counted=True)
    assert reconcile(1, by_machine, []).places == (), "a mechanism numbers its cards"


def test_the_newest_count_counts_and_is_compared_with_the_log(
    store: Store, page: Store, batch: Batch
) -> None:
    number = batch.id or 0
    store.commit_scan(number, identified(crop=False), feed_key=None, driver="usb")
    store.add_event(number, "double_feed")
    page.add_hand_count(number, 9)
    page.add_hand_count(number, 2)
    assert page.hand_counts([number, 99]) == {number: 2}
    found = page.reconcile_batch(number, 2)
    assert (found.difference, [place.sequence for place in found.places]) == (1, [1])
    with pytest.raises(StoreError, match="no batch 99"):
        page.add_hand_count(99, 1)
    with pytest.raises(StoreError, match="Only the web process"):
        store.add_hand_count(number, 1)


def test_the_value_is_that_of_the_accepted_cards_in_their_finish_and_condition(
    store: Store, page: Store, data_dir: Path
) -> None:
    batch = store.create_batch("a binder", 0, "usb", plan=BatchPlan(condition="LP"))
    number = batch.id or 0
    first = store.commit_scan(number, identified(crop=False), feed_key=None, driver="usb")
    for decision in (Decision.ACCEPTED, Decision.REVIEW):
        answer = identified("Other Card", decision=decision, crop=False)
        store.commit_scan(number, answer, feed_key=None, driver="usb")
    with closing(sqlite3.connect(data_dir / "counterscan.db")) as connection:
        for finish, condition, amount in (("foil", "NM", 900), ("foil", "LP", 700)):
            connection.execute(
                "INSERT INTO price (game, card_id, finish, condition, currency, amount_minor,"
                " source, as_of, created_at)"
                " VALUES ('demo', 'demo-Ember Drake', ?, ?, 'EUR', ?, 't', '2026', '2026')",
                (finish, condition, amount),
            )
        connection.commit()
    mine = Printing("demo-Ember Drake", "demo", "Ember Drake")
    page.add_correction(first.id or 0, mine, "foil")
    assert page.batch_value(number, "EUR") == BatchValue(700, 1)
    page.add_correction(first.id or 0, mine, "foil", condition="NM")
    assert page.batch_value(number, "EUR") == BatchValue(900, 1)
    assert page.batch_value(number, "USD") == BatchValue(0, 2)


def test_the_value_of_a_batch_follows_bulk_edits_of_the_stock(
    store: Store, page: Store, data_dir: Path
) -> None:
    number = store.create_batch("box", 0, "usb", plan=BatchPlan(condition="NM")).id or 0
    ids = [
        store.commit_scan(number, identified(crop=False), feed_key=None, driver="usb").id or 0
        for _ in range(3)
    ]
    with closing(sqlite3.connect(data_dir / "counterscan.db")) as connection:
        for finish, condition, amount in (("normal", "NM", 100), ("foil", "NM", 900),
                                          ("foil", "LP", 700)):  # fmt: skip
            connection.execute(
                "INSERT INTO price (game, card_id, finish, condition, currency, amount_minor,"
                " source, as_of, created_at)"
                " VALUES ('demo', 'demo-Ember Drake', ?, ?, 'EUR', ?, 't', '2026', '2026')",
                (finish, condition, amount),
            )
        connection.commit()
    assert page.batch_value(number, "EUR") == BatchValue(300, 0), "nobody has proven a foil"
    before = page.values_as_of()
    page.add_edit(ids[:2], Edit(finish="foil"), "Finish: Foil")
    assert page.values_as_of() != before
    assert page.batch_value(number, "EUR") == BatchValue(900 + 900 + 100, 0)
    worn = page.add_edit(ids[:1], Edit(condition="LP"), "Condition: Lightly played")
    page.add_edit(ids[2:], Edit(removed="mistake"), "Removed")
    page.add_edit(ids[1:2], Edit(removed="sold"), "Removed")
    assert page.batch_value(number, "EUR") == BatchValue(700 + 900, 0)
    page.undo_change(worn.id or 0)
    assert page.batch_value(number, "EUR") == BatchValue(900 + 900, 0)
    mine = Printing("demo-Ember Drake", "demo", "Ember Drake")
    page.add_correction(ids[0], mine, "normal")
    assert page.batch_value(number, "EUR") == BatchValue(100 + 900, 0), "a later word in Review"


def test_batches_are_found_by_name_store_and_place(store: Store, page: Store) -> None:
    for name, shop in (("Long box", "Main street"), ("Binder 100%", "Main street"), ("x", "Mall")):
        store.create_batch(name, 0, "usb", plan=BatchPlan(store=shop, location="Shelf 2"))

    def found(words: str, before: int = 99) -> list[str]:
        return [batch.name for batch in page.batches_before(before, 9, words)]

    assert found("") == ["x", "Binder 100%", "Long box"]
    assert found("main") == ["Binder 100%", "Long box"]
    assert found("main shelf box") == ["Long box"]
    assert found("100%") == ["Binder 100%"]
    assert found("_") == []
    assert found("", before=2) == ["Long box"]


def test_a_plan_goes_through_a_command_and_leaves_out_what_makes_no_sense() -> None:
    plan = BatchPlan("Main street", "Shelf 2", "demo", ("Dawn", "Tide"), "LP", "ja")
    assert plan_of(plan.argument()) == plan
    assert plan_of({}) == BatchPlan()
    assert BatchPlan().argument() == {}
    odd = {"store": "a\x00b", "condition": "gold", "language": 7, "sets": "\n \nDawn\nDawn"}
    assert plan_of(odd) == BatchPlan(sets=("Dawn",))
