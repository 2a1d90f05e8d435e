"""What the machine knows of the card in the bay after a restart (the table in `journal.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.events import Bay
from firmware.journal import Journal
from scanner.records import Decision, Identification, View
from scanner.store import Store

ANSWER = Identification(Decision.UNKNOWN, (), View.CARD)


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path, role="feed") as store:
        yield store


def feed_one(store: Store, *, committed: bool, ejected: bool = False) -> tuple[int, str]:
    batch = store.create_batch("b", 0, "test").id or 0
    journal = Journal(store)
    journal.before_feeding(batch)
    if committed:
        store.commit_scan(batch, ANSWER, feed_key=journal.key, driver="test")
    if ejected:
        journal.after_ejecting(batch)
    return batch, journal.key


def test_a_fed_card_without_a_scan_is_scanned_under_its_own_key(store: Store) -> None:
    batch, key = feed_one(store, committed=False)
    restarted = Journal(store)
    assert restarted.bay(True, batch) is Bay.UNLOGGED
    assert restarted.key == key


def test_a_card_that_never_arrived_is_fed_again_under_its_own_key(store: Store) -> None:
    batch, key = feed_one(store, committed=False)
    restarted = Journal(store)
    assert restarted.bay(False, batch) is Bay.EMPTY
    restarted.before_feeding(batch)
    assert restarted.key == key


def test_a_logged_card_still_in_the_bay_is_let_go_unscanned(store: Store) -> None:
    batch, _ = feed_one(store, committed=True)
    assert Journal(store).bay(True, batch) is Bay.LOGGED


def test_a_logged_card_that_has_left_makes_room_for_the_next_number(store: Store) -> None:
    batch, key = feed_one(store, committed=True)
    restarted = Journal(store)
    assert restarted.bay(False, batch) is Bay.EMPTY
    restarted.before_feeding(batch)
    assert int(restarted.key) == int(key) + 1


def test_a_card_that_a_hand_laid_into_the_empty_bay_is_a_new_card(store: Store) -> None:
    batch, key = feed_one(store, committed=True, ejected=True)
    restarted = Journal(store)
    assert restarted.bay(True, batch) is Bay.UNLOGGED
    assert int(restarted.key) == int(key) + 1


def test_the_first_card_ever_found_in_the_bay_is_a_new_card(store: Store) -> None:
    assert Journal(store).bay(True, None) is Bay.UNLOGGED
