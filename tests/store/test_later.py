"""Retries and corrections: the answer of a scan that stands, and the counts that follow it."""

from __future__ import annotations

import dataclasses

import pytest

from scanner.batches import BatchPlan
from scanner.errors import StoreError
from scanner.records import Candidate, Decision, Printing
from scanner.retry import Outcome, Standing, TriedWith, is_due, judge, tried_with
from scanner.store import Store
from scanner.tables import Batch, Scan
from tests.store.cards import identified

DEMO_2 = "packs-2"
RIGHT = Printing("demo-right", "demo", "Right Card", "First Light", "001/120")


def add(store: Store, batch: Batch, decision: Decision, key: str) -> Scan:
    answer = identified(decision=decision)
    return store.commit_scan(batch.id or 0, answer, feed_key=key, driver="usb")


def counts(store: Store, batch: Batch) -> tuple[int, int, int]:
    summary = store.batch_summary(batch.id or 0)
    return summary.accepted, summary.review, summary.unknown


def test_a_retry_a_correction_and_its_undoing_each_change_the_answer_and_the_counts(
    store: Store, page: Store, batch: Batch
) -> None:
    scan = add(store, batch, Decision.UNKNOWN, "1")
    number = scan.id or 0
    assert counts(store, batch) == (0, 0, 1)
    assert store.present_answers([number])[number].source == "scan"

    assert store.add_retry(number, DEMO_2, Outcome.ACCEPTED, identified("Found Later"))
    later = store.present_answers([number])[number]
    assert (later.source, later.decision, later.name) == ("retry", "accepted", "Found Later")
    assert later.candidates[0]["name"] == "Found Later"
    assert later.pack_id == "demo@1"
    assert counts(store, batch) == (1, 0, 0)

    page.add_correction(number, None)
    assert counts(store, batch) == (0, 0, 1)
    page.add_correction(number, RIGHT, finish="foil")
    named = store.present_answers([number])[number]
    assert (named.source, named.name, named.finish) == ("person", "Right Card", "foil")
    assert named.reasons == []
    assert counts(store, batch) == (1, 0, 0)

    page.undo_correction(number)
    assert store.present_answers([number])[number].decision == "unknown"
    assert counts(page, batch) == (0, 0, 1)
    page.undo_correction(number)
    assert store.present_answers([number])[number] == later
    assert counts(page, batch) == (1, 0, 0)
    assert page.undo_correction(number) is None
    # The scan's own row is as it was.
    assert store.scan(number) == scan


def test_language_and_condition_are_the_persons_else_the_batchs(store: Store, page: Store) -> None:
    plan = BatchPlan(condition="LP", language="ja")
    batch = store.create_batch("a binder", 0, "usb", plan=plan)
    number = add(store, batch, Decision.REVIEW, "1").id or 0

    def said() -> tuple[str, str, str]:
        answer = store.present_answers([number])[number]
        return answer.name, answer.language, answer.condition

    assert said() == ("Ember Drake", "ja", "LP")
    page.add_correction(number, RIGHT, condition="HP")
    assert said() == ("Right Card", "ja", "HP")
    page.add_correction(number, RIGHT, language="de")
    assert said() == ("Right Card", "de", "LP")
    page.undo_correction(number)
    assert said() == ("Right Card", "ja", "HP")
    page.add_correction(number, None)
    page.undo_correction(number)
    page.undo_correction(number)
    assert said() == ("Ember Drake", "ja", "LP")


def test_a_retry_is_written_once_and_never_over_an_accepted_scan_or_a_person(
    store: Store, page: Store, batch: Batch
) -> None:
    accepted = add(store, batch, Decision.ACCEPTED, "1")
    assert not store.add_retry(accepted.id or 0, DEMO_2, Outcome.ACCEPTED, identified("Other"))
    unknown = add(store, batch, Decision.UNKNOWN, "2")
    assert store.add_retry(unknown.id or 0, DEMO_2, Outcome.NOTHING)
    assert not store.add_retry(unknown.id or 0, DEMO_2, Outcome.ACCEPTED, identified("Other"))
    page.add_correction(unknown.id or 0, RIGHT)
    assert not store.add_retry(unknown.id or 0, "packs-3", Outcome.ACCEPTED, identified("Other"))
    answers = store.present_answers([accepted.id or 0, unknown.id or 0])
    assert [answer.name for answer in answers.values()] == ["Ember Drake", "Right Card"]
    with pytest.raises(StoreError, match="Only the web process"):
        store.add_correction(unknown.id or 0, RIGHT)
    with pytest.raises(StoreError, match="no scan 99"):
        page.add_correction(99, RIGHT)


def test_scans_are_due_only_for_packs_that_they_were_not_made_or_tried_with(
    store: Store, batch: Batch
) -> None:
    def due(key: str) -> list[int]:
        return [s.scan_id for s in store.scans_not_accepted(key, 1_000_000) if is_due(s, key)]

    first = add(store, batch, Decision.UNKNOWN, "1")  # nobody noted with what
    store.note_packs(TriedWith("one", ("demo@1",), "m"))
    store.note_packs(TriedWith("one", ("demo@1",), "m"))
    second = add(store, batch, Decision.REVIEW, "2")
    add(store, batch, Decision.ACCEPTED, "3")
    assert due("one") == [first.id]
    assert due("two") == [second.id, first.id]
    store.add_retry(second.id or 0, "two", Outcome.NOTHING)
    assert due("two") == [first.id]
    assert due("three") == [second.id, first.id]


def test_what_is_due_in_one_table() -> None:
    due = Standing(1, "scan", "unknown", "crops/1.jpg", "one", False)
    assert is_due(due, "two")
    assert not is_due(due, "one")
    for change in (
        {"decision": "accepted"},
        {"source": "person"},
        {"crop_path": ""},
        {"tried": True},
    ):
        assert not is_due(dataclasses.replace(due, **change), "two")


def test_the_key_follows_every_file_of_every_pack_and_model() -> None:
    packs = {"demo@1": ["aa", "bb"]}
    key = tried_with(packs, "m", {"embedder": "11"}).key
    assert tried_with({"demo@1": ["bb", "aa"]}, "m", {"embedder": "11"}).key == key
    for other in (
        tried_with({"demo@1": ["aa", "cc"]}, "m", {"embedder": "11"}),
        tried_with({"demo@2": ["aa", "bb"]}, "m", {"embedder": "11"}),
        tried_with({**packs, "extra@1": ["dd"]}, "m", {"embedder": "11"}),
        tried_with(packs, "phash256", {"embedder": "11"}),
        tried_with(packs, "m", {"embedder": "12"}),
    ):
        assert other.key != key


def test_a_new_answer_counts_only_when_it_says_more(store: Store, batch: Batch) -> None:
    scan = add(store, batch, Decision.REVIEW, "1")
    review = store.present_answers([scan.id or 0])[scan.id or 0]
    unknown = dataclasses.replace(review, decision="unknown")
    same = identified(decision=Decision.REVIEW)
    assert judge(review, identified()) is Outcome.ACCEPTED
    assert judge(review, identified(decision=Decision.UNKNOWN)) is Outcome.NOTHING
    assert judge(unknown, same) is Outcome.REVIEW
    assert judge(review, same) is Outcome.NOTHING
    other = Candidate(RIGHT, 0.97, "demo@2")
    assert (
        judge(review, dataclasses.replace(same, candidates=(*same.candidates, other)))
        is Outcome.REVIEW
    )
    weak = dataclasses.replace(same, candidates=(Candidate(RIGHT, 0.6, "demo@2"),))
    assert judge(review, weak) is Outcome.NOTHING
