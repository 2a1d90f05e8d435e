from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.batches import BatchPlan, plan_of_batch
from scanner.errors import StoreError
from scanner.records import Decision
from scanner.store import Store
from scanner.store_summary import IDLE_S, BatchTally
from scanner.tables import Batch
from tests.store.cards import identified

S = 1_000_000_000


def test_a_batch_is_open_until_it_has_finished_or_was_stopped(store: Store) -> None:
    assert store.open_batch() is None
    for end in ("finished", "stopped"):
        batch = store.create_batch("a stack", 0, "usb")
        for kind in ("started", "paused", "jam", "resumed"):
            store.add_event(batch.id, kind)
            assert store.open_batch() == batch
        store.add_event(batch.id, end)
        assert store.open_batch() is None
        assert store.latest_batch() == batch


def test_a_new_batch_stops_the_one_left_open(store: Store) -> None:
    first = store.create_batch("first", 0, "usb")
    second = store.create_batch("second", 0, "usb")
    assert store.open_batch() == second
    assert [(e.batch_id, e.kind) for e in store.latest_events(5)] == [(first.id, "stopped")]
    store.add_event(second.id, "finished")
    assert store.open_batch() is None
    assert [b.name for b in store.latest_batches(5)] == ["second", "first"]


def test_events_keep_their_order_and_their_place_among_the_scans(
    store: Store, batch: Batch
) -> None:
    store.add_event(batch.id, "started")
    store.commit_scan(batch.id, identified(crop=False), feed_key=None, driver="usb")
    store.add_event(batch.id, "jam", "A card sticks at the exit: take it out.")
    store.add_event(None, "camera_lost")
    events = store.latest_events(2)[::-1]
    assert [(e.kind, e.after_scan) for e in events] == [("jam", 1), ("camera_lost", 1)]
    assert events[0].detail == "A card sticks at the exit: take it out."
    assert [e.kind for e in store.latest_events(1)] == ["camera_lost"]
    assert [e.kind for e in store.latest_events(5, batch.id)] == ["jam", "started"]


def test_the_summary_counts_what_came_since_it_was_last_asked(store: Store, batch: Batch) -> None:
    def commit(*decisions: Decision) -> None:
        for decision in decisions:
            answer = identified(crop=False, decision=decision)
            store.commit_scan(batch.id, answer, feed_key=None, driver="usb")

    store.add_event(batch.id, "started")
    commit(Decision.ACCEPTED, Decision.REVIEW)
    first = store.batch_summary(batch.id)
    assert (first.cards, first.accepted, first.review, first.unknown) == (2, 1, 1, 0)
    assert (first.expected, first.state, first.started_at) == (100, "started", batch.created_at)
    commit(Decision.UNKNOWN, Decision.ACCEPTED)
    store.add_event(batch.id, "paused")
    later = store.batch_summary(batch.id)
    assert (later.cards, later.accepted, later.review, later.unknown) == (4, 2, 1, 1)
    assert later.state == "paused"
    assert later.cards_per_hour > 0


def test_a_page_that_reads_along_and_one_that_comes_late_see_the_same(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    other = store.batch_summary(batch.id)
    for number in range(12):
        if number % 4 == 0:
            store.add_event(batch.id, "started" if number == 0 else "paused")
            store.add_event(batch.id, "resumed")
        store.commit_scan(batch.id, identified(crop=False), feed_key=f"{number}", driver="usb")
        along = store.batch_summary(batch.id)
        with Store.open(data_dir, role="web") as late:
            assert late.batch_summary(batch.id) == along
    assert other.cards == 0


def test_scans_and_events_are_added_up_in_the_order_they_came(store: Store, batch: Batch) -> None:
    def commit_at(mono_ns: int) -> None:
        store.commit_scan(
            batch.id, identified(crop=False), feed_key=None, driver="usb", captured_mono_ns=mono_ns
        )

    store.add_event(batch.id, "started")
    commit_at(time.monotonic_ns())
    store.add_event(batch.id, "jam")
    commit_at(time.monotonic_ns() + 100 * S)
    assert store.batch_summary(batch.id).cards_per_hour > 1_000, "the jam did not count"


def test_the_summary_of_no_batch_says_so(store: Store) -> None:
    with pytest.raises(StoreError, match="no batch 4"):
        store.batch_summary(4)


def tally_of(*rows: tuple[str, float] | tuple[str, float, str]) -> BatchTally:
    """`scan` or an event's kind, its second on the monotonic clock, a boot if not the first."""
    tally = BatchTally()
    for number, (kind, at_s, *boot) in enumerate(rows, start=1):
        name = boot[0] if boot else "boot1"
        if kind == "scan":
            tally.add_scan(number, "accepted", str(name), int(at_s * S))
        else:
            tally.add_event(number, kind, str(name), int(at_s * S))
    return tally


def running_s(*rows: tuple[str, float] | tuple[str, float, str]) -> float:
    return tally_of(*rows).running_ns / S


def test_running_time_goes_from_the_start_to_the_last_card() -> None:
    assert running_s(("started", 10), ("scan", 12), ("scan", 14)) == 4


@pytest.mark.parametrize("wait", ["paused", "jam", "double_feed", "hopper_empty", "disk_full"])
def test_pauses_and_faults_do_not_count(wait: str) -> None:
    assert running_s(("started", 0), ("scan", 2), (wait, 3), ("resumed", 60), ("scan", 62)) == 5


def test_a_card_after_a_fault_shows_that_the_machine_runs_again() -> None:
    assert running_s(("started", 0), ("jam", 5), ("scan", 50), ("scan", 52)) == 7


def test_other_events_leave_the_clock_alone() -> None:
    assert running_s(("started", 0), ("backup_failed", 1), ("scan", 2)) == 2


def test_the_time_without_power_does_not_count() -> None:
    before, after = [("started", 900), ("scan", 902)], [("scan", 910, "2"), ("scan", 912, "2")]
    assert running_s(*before, *after) == 4


def test_a_silence_is_a_pause_that_nobody_pressed() -> None:
    assert running_s(("started", 0), ("scan", 2), ("scan", 3 + IDLE_S), ("scan", 5 + IDLE_S)) == 4


def test_a_stamp_from_before_never_takes_time_away() -> None:
    assert running_s(("started", 10), ("scan", 9), ("scan", 12)) == 2


def summary_of(tally: BatchTally, expected_cards: int) -> tuple[float, float | None]:
    batch = Batch(
        id=1, name="", expected_cards=expected_cards, driver="", created_at=datetime.now(UTC)
    )
    summary = tally.summary(batch)
    return summary.cards_per_hour, summary.seconds_left


def test_speed_and_time_left_follow_from_cards_and_running_time() -> None:
    tally = tally_of(("started", 0), *[("scan", 2.0 * n) for n in range(1, 11)])
    assert summary_of(tally, 25) == (1800, 30)
    assert summary_of(tally, 0) == (1800, None)
    assert summary_of(tally, 10) == (1800, 0)
    assert summary_of(tally, 8) == (1800, 0), "more cards than were counted"


@pytest.mark.parametrize("seed", range(40))
def test_time_left_is_within_a_tenth_after_twenty_cards(seed: int) -> None:
    """Cards take 1.9 s give or take; one in eight needs a second frame, one in sixty sticks for
    a while without a fault, and a hand has to free one."""
    rng = random.Random(seed)

    def took_s() -> float:
        slow = 0.4 if rng.random() < 1 / 8 else 0.0
        return rng.gauss(1.9, 0.15) + slow + (rng.uniform(1, 4) if rng.random() < 1 / 60 else 0.0)

    at_s, rows = 0.0, [("started", 0.0)]
    for number in range(20):
        at_s += took_s()
        rows.append(("scan", at_s))
        if number == 11:
            rows += [("jam", at_s + 3), ("resumed", at_s + 63)]
            at_s += 63
    rest_s = sum(took_s() for _ in range(480))
    _, left = summary_of(tally_of(*rows), 500)
    assert left == pytest.approx(rest_s, rel=0.1)


def test_one_card_that_took_a_minute_hardly_changes_the_time_left() -> None:
    times = [2.0 * n for n in range(1, 31)] + [120.0 + 2 * n for n in range(1, 11)]
    _, left = summary_of(tally_of(("started", 0), *[("scan", at) for at in times]), 140)
    assert left == pytest.approx(200, rel=0.1)


def test_time_left_is_unknown_before_the_first_card() -> None:
    assert summary_of(tally_of(("started", 0)), 25) == (0, None)


def test_a_batch_is_called_anew_and_its_row_stays(data_dir: Path) -> None:
    with Store.open(data_dir, role="feed") as store, Store.open(data_dir, role="web") as page:
        plan = BatchPlan(location="Shelf A", game="demo", sets=("One",), condition="NM")
        number = store.create_batch("First", 5, "usb", plan=plan).id or 0
        for name in ("Second", "Third"):
            page.change_batch(number, name, BatchPlan(location="Box 3", language="en"))
        found = store.batch(number)
        assert found is not None
        assert plan_of_batch(found) == BatchPlan(
            location="Box 3", game="demo", sets=("One",), language="en"
        )
        for batch in (store.open_batch(), store.latest_batch(), *store.latest_batches(9)):
            assert batch is not None
            assert (batch.name, batch.expected_cards, batch.id) == ("Third", 5, number)
        assert page.batch_names() == {number: "Third"}
        assert [b.id for b in page.batches_before(99, 9, "third box")] == [number]
        assert page.batches_before(99, 9, "first") == []
        with pytest.raises(StoreError, match="There is no batch 99"):
            page.change_batch(99, "Fourth", BatchPlan())
        with pytest.raises(StoreError):
            store.change_batch(number, "Fifth", BatchPlan())
