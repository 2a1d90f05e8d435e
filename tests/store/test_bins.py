"""Where each card went is on disk with its scan, or neither is."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import StoreError
from scanner.inventory_rows import read_rows
from scanner.records import Candidate, Decision, Identification, Printing, View
from scanner.routing import BinsByDecision, Mode, Routing
from scanner.store import Store


def answer(name: str = "Card", decision: Decision = Decision.ACCEPTED) -> Identification:
    printing = Printing(name, "test", name)
    return Identification(decision, (), View.CARD, printing, (Candidate(printing, 0.9),))


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path, role="feed") as store:
        yield store


def commit(store: Store, batch_id: int, key: str, bin_number: int) -> int:
    scan = store.commit_scan(
        batch_id,
        answer(key),
        feed_key=key,
        driver="usb",
        routing=Routing(bin_number, "rares", "It is rare."),
    )
    return scan.id or 0


def test_a_routing_is_written_with_its_scan_and_only_once(store: Store) -> None:
    batch = store.create_batch("b", 0, "usb", Mode.SORT)
    first = commit(store, batch.id or 0, "7", 3)
    again = commit(store, batch.id or 0, "7", 4)
    assert first == again
    assert store.routing_of_key("7") == Routing(3, "rares", "It is rare.")
    assert store.routing_of_key("8") is None
    assert store.routes_of_batch(batch.id or 0) == {first: Routing(3, "rares", "It is rare.")}
    latest = store.latest_batch()
    assert latest is not None
    assert latest.mode == "sort"


def test_a_scan_whose_routing_cannot_be_written_is_not_in_the_log(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = store.create_batch("b", 0, "usb")

    def broken(scan_id: int, routing: Routing) -> None:
        raise OSError("no disk")

    monkeypatch.setattr("scanner.store.route_row", broken)
    with pytest.raises(StoreError):
        commit(store, batch.id or 0, "7", 3)
    assert store.scans_after(0) == []


def test_a_cards_place_counts_from_the_last_time_its_bin_was_empty(store: Store) -> None:
    batch_id = store.create_batch("b", 0, "usb").id or 0
    ids = [
        commit(store, batch_id, str(key), bin_number) for key, bin_number in enumerate([1, 2, 1])
    ]
    assert store.bin_contents() == {1: 2, 2: 1}
    store.add_bin_emptied(1)
    assert store.bin_contents() == {2: 1}
    ids.append(commit(store, batch_id, "3", 1))
    with store.log_session() as session:
        places = [(row.bin, row.position) for row in read_rows(session, ids)]
    assert places == [(1, 1), (2, 1), (1, 2), (1, 1)]
    assert store.bin_contents() == {1: 1, 2: 1}


def test_without_rules_a_decision_has_its_bin() -> None:
    router = BinsByDecision(accepted=1, review=3, unknown=4)
    bins = [router.route(answer(decision=one), frozenset()).bin for one in Decision]
    assert bins == [1, 3, 4]
