from __future__ import annotations

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.errors import PictureError, StoreError
from scanner.records import Decision, Picture
from scanner.store import Store
from scanner.tables import Batch
from tests.store.cards import identified


def test_a_committed_scan_says_all_that_was_known(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    store.commit_scan(
        batch.id, identified("Ember Drake"), feed_key="k1", driver="usb", captured_mono_ns=77
    )
    with Store.open(data_dir, role="reader") as reader:
        [scan] = reader.scans_after(0)
    assert (scan.id, scan.sequence, scan.batch_id, scan.feed_key) == (1, 1, batch.id, "k1")
    assert (scan.decision, scan.view, scan.reasons) == (
        "accepted",
        "card",
        ["clear of every other card"],
    )
    assert (scan.game, scan.card_id, scan.name) == ("demo", "demo-Ember Drake", "Ember Drake")
    assert (scan.set_name, scan.number, scan.variant) == ("First Light", "042/120", "foil")
    assert [c["printing"] for c in scan.candidates] == [
        "demo-Ember Drake",
        "demo-Ember Drake-reprint",
    ]
    assert scan.candidates[1]["set"] == "Second Dawn"
    assert scan.candidates[1]["score"] == 0.55
    assert scan.score == 0.97
    assert scan.corners_px == [[10, 20], [460, 22], [458, 660], [9, 655]]
    assert scan.stages_ms == {"locate": 1.25, "embed": 0.5}
    assert scan.upside_down
    assert (scan.recognizer, scan.model_id, scan.pack_id) == ("embedder", "tiny-1", "demo@1")
    assert (scan.driver, scan.captured_mono_ns, scan.finish) == ("usb", 77, "unknown")
    assert scan.created_at.tzinfo is UTC
    assert abs((datetime.now(UTC) - scan.created_at).total_seconds()) < 60


def test_an_unknown_card_gets_no_name_but_keeps_its_candidates(store: Store, batch: Batch) -> None:
    scan = store.commit_scan(
        batch.id, identified(decision=Decision.UNKNOWN), feed_key=None, driver="usb"
    )
    assert (scan.card_id, scan.name) == ("", "")
    assert len(scan.candidates) == 2


def test_the_crop_is_a_picture_of_the_card_in_a_folder_of_its_day(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    scan = store.commit_scan(batch.id, identified(), feed_key=None, driver="usb")
    assert scan.crop_path == f"crops/{scan.created_at:%Y-%m-%d}/1.jpg"
    file = store.crop_file(scan)
    assert file == data_dir / scan.crop_path
    assert cv2.imread(str(file)).shape == (640, 448, 3)
    assert list((data_dir / "crops" / ".writing").iterdir()) == []


def test_a_scan_without_a_card_has_no_crop(store: Store, batch: Batch) -> None:
    scan = store.commit_scan(batch.id, identified(crop=False), feed_key=None, driver="usb")
    assert scan.crop_path == ""
    assert store.crop_file(scan) is None


def test_the_crop_is_on_disk_before_the_row_is_there(
    store: Store, batch: Batch, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        name = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((str(name.relative_to(data_dir)), len(store.scans_after(0))))

    store.wait_for_backup()
    monkeypatch.setattr(os, "fsync", watched)
    scan = store.commit_scan(batch.id, identified(), feed_key=None, driver="usb")
    assert ("crops/.writing/1.jpg", 0) in synced
    assert synced[-1] == (str(Path(scan.crop_path).parent), 0)
    assert ("crops", 0) in synced, "a new day's folder is itself on disk"


def test_a_row_waits_for_its_crop(store: Store, batch: Batch, data_dir: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()
    answer = identified()

    def slow() -> Picture:
        asked.set()
        assert go_on.wait(60)
        assert answer.crop is not None
        return answer.crop

    with ThreadPoolExecutor(1) as thread:
        row = thread.submit(
            store.commit_scan, batch.id, replace(answer, cut_crop=slow), feed_key="k1", driver="usb"
        )
        assert asked.wait(60)
        with pytest.raises(TimeoutError):
            row.result(0.2)
        with Store.open(data_dir, role="reader") as reader:
            assert reader.scans_after(0) == []
        go_on.set()
        assert (data_dir / row.result(60).crop_path).is_file()


def test_a_crop_that_can_not_be_made_leaves_no_row(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    empty = replace(identified(), cut_crop=lambda: np.zeros((0, 0, 3), np.uint8))
    with pytest.raises(PictureError, match="JPEG"):
        store.commit_scan(batch.id, empty, feed_key="k1", driver="usb")
    assert not store.has_feed_key("k1")
    assert store.commit_scan(batch.id, identified(), feed_key="k1", driver="usb").sequence == 1


def test_the_same_card_twice_is_one_scan(store: Store, batch: Batch, data_dir: Path) -> None:
    first = store.commit_scan(batch.id, identified("A"), feed_key="k1", driver="usb")
    again = store.commit_scan(batch.id, identified("B"), feed_key="k1", driver="usb")
    assert again.id == first.id
    assert again.name == "A"
    assert len(store.scans_after(0)) == 1
    assert len(list(data_dir.glob("crops/*/*.jpg"))) == 1
    assert store.has_feed_key("k1")
    assert not store.has_feed_key("k2")


def test_cards_without_a_mechanism_are_never_taken_for_one(store: Store, batch: Batch) -> None:
    for _ in range(2):
        store.commit_scan(batch.id, identified(), feed_key=None, driver="usb")
    assert len(store.scans_after(0)) == 2


def test_sequence_counts_the_cards_of_each_batch(store: Store, batch: Batch) -> None:
    for number in range(3):
        store.commit_scan(batch.id, identified(), feed_key=f"a{number}", driver="usb")
    second = store.create_batch("another", 0, "usb")
    for number in range(2):
        store.commit_scan(second.id, identified(), feed_key=f"b{number}", driver="usb")
    assert [(s.id, s.batch_id, s.sequence) for s in store.scans_after(0)] == [
        (1, batch.id, 1),
        (2, batch.id, 2),
        (3, batch.id, 3),
        (4, second.id, 1),
        (5, second.id, 2),
    ]


def test_a_scan_of_no_batch_is_refused_and_leaves_no_crop(store: Store, data_dir: Path) -> None:
    with pytest.raises(StoreError, match="refused a row"):
        store.commit_scan(99, identified(), feed_key="k1", driver="usb")
    assert list(data_dir.glob("crops/*/*.jpg")) == []
    assert not store.has_feed_key("k1")


def test_a_cursor_reads_on_and_the_list_reads_back(store: Store, batch: Batch) -> None:
    for number in range(5):
        store.commit_scan(batch.id, identified(crop=False), feed_key=f"{number}", driver="usb")
    assert [scan.id for scan in store.scans_after(2, limit=2)] == [3, 4]
    assert [scan.id for scan in store.latest_scans(2)] == [5, 4]
    other = store.create_batch("other", 0, "usb")
    store.commit_scan(other.id, identified(crop=False), feed_key="x", driver="usb")
    assert [scan.id for scan in store.latest_scans(2, batch.id)] == [5, 4]


@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET created_at = '2001-01-01'"])
@pytest.mark.parametrize(
    "table", ["batch", "batch_event", "scan", "feed_movement", "command", "command_done"]
)
def test_the_file_itself_refuses_to_lose_or_change_a_row(
    store: Store, batch: Batch, data_dir: Path, table: str, change: str
) -> None:
    store.add_event(batch.id, "started")
    store.commit_scan(batch.id, identified(crop=False), feed_key="k", driver="usb")
    store.add_movements(batch.id, [("feeding", "k")])
    with Store.open(data_dir, role="web") as web:
        store.finish_command(web.add_command("pause").id)
    raw = sqlite3.connect(data_dir / "counterscan.db")
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        raw.execute(change.format(table))
    raw.close()
