"""How likely an answer is right is kept with it, goes out with the stock, and is what rules ask."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.card_lookup import CardLookup
from scanner.export.desk import ExportDesk
from scanner.inventory import EVERYTHING
from scanner.records import Decision, Printing
from scanner.retry import Outcome
from scanner.stock import Stock
from scanner.store import Store
from scanner.store_scan import identification_of
from scanner.store_sync import Stream
from scanner.tables import Batch
from tests.sorting.shop import Facts
from tests.store.cards import identified

UNKNOWN = Decision.UNKNOWN


def commit(
    store: Store, batch: Batch, chance: float, decision: Decision = Decision.ACCEPTED
) -> int:
    answer = replace(identified(crop=False, decision=decision), probability=chance)
    return store.commit_scan(batch.id or 0, answer, feed_key=None, driver="usb").id or 0


def test_each_answer_keeps_its_own_probability(store: Store, batch: Batch, page: Store) -> None:
    sure, unsaid = commit(store, batch, 0.9987654321), commit(store, batch, 0.0)
    doubtful = commit(store, batch, 0.25, UNKNOWN)

    def now(scan_id: int) -> float | None:
        return store.present_answers([scan_id])[scan_id].probability

    assert (now(sure), now(unsaid), now(doubtful)) == (0.998765, None, 0.25)
    better = replace(identified("Found Later"), probability=0.97)
    assert store.add_retry(doubtful, "packs-2", Outcome.ACCEPTED, better)
    assert now(doubtful) == 0.97
    page.add_correction(sure, Printing("other", "demo", "Other"))
    assert now(sure) == 1.0
    page.undo_correction(sure)
    assert now(sure) == 0.998765
    scan = store.scan(sure)
    assert scan is not None
    assert identification_of(scan, None).probability == 0.998765


def test_confidence_means_the_probability_where_there_is_one(store: Store, batch: Batch) -> None:
    lookup = CardLookup(store, Facts(), "EUR")
    answer = replace(identified(crop=False), probability=0.42)
    assert lookup.of_answer(answer).confidence_percent == pytest.approx(42)
    unsaid = replace(answer, probability=0.0)
    assert lookup.of_answer(unsaid).confidence_percent == pytest.approx(97), "its likeness then"
    known, old = commit(store, batch, 0.42), commit(store, batch, 0.0)
    scans = store.scans([known, old])
    assert lookup.of_scan(scans[known]).confidence_percent == pytest.approx(42)
    assert lookup.of_scan(scans[old]).confidence_percent == pytest.approx(97)


def test_the_stock_goes_out_with_it(
    store: Store, batch: Batch, page: Store, data_dir: Path
) -> None:
    for chance in (0.9991, 0.0, 0.9995):
        commit(store, batch, chance)
    stock = Stock(page, data_dir, "EUR")
    desk = ExportDesk(stock, data_dir)
    files = {
        name: desk.file_of(desk.make(desk.preview(name, EVERYTHING))).read_text("utf-8-sig")
        for name in ("csv", "json")
    }
    stock.close()
    [row] = csv.DictReader(io.StringIO(files["csv"]))
    assert row["probability"] == "0.999100", "of the copy that is least sure"
    [line] = json.loads(files["json"])["lines"]
    assert [copy["probability"] for copy in line["copies"]] == [0.9991, None, 0.9995]


def test_it_goes_to_the_cloud(store: Store, batch: Batch) -> None:
    first = commit(store, batch, 0.9, UNKNOWN)
    better = replace(identified("Found Later"), probability=0.97)
    store.add_retry(first, "packs-2", Outcome.ACCEPTED, better)
    assert [row["probability"] for row in store.rows_after(Stream.SCAN, 0, 9)] == [0.9]
    assert [row["probability"] for row in store.rows_after(Stream.RETRY, 0, 9)] == [0.97]
