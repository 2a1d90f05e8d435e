from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest

from scanner.crops import encode_crop, list_crops, prune, sweep_unfinished, write_crop
from scanner.errors import StoreReadOnlyError
from scanner.records import Decision
from scanner.store import Store
from scanner.tables import Batch
from tests.store.cards import identified

TODAY = date(2026, 3, 31)
CROP_BYTES = 100_000


def lay(data_dir: Path, scan_id: int, day: date) -> None:
    path = data_dir / "crops" / day.isoformat() / f"{scan_id}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        os.ftruncate(file.fileno(), CROP_BYTES)


def lay_all(data_dir: Path, days: dict[int, date]) -> None:
    for scan_id, day in days.items():
        lay(data_dir, scan_id, day)


def left(data_dir: Path) -> list[int]:
    return [crop.scan_id for crop in list_crops(data_dir)]


def commit(store: Store, batch: Batch, decisions: Iterable[Decision]) -> None:
    for decision in decisions:
        answer = identified(crop=False, decision=decision)
        store.commit_scan(batch.id, answer, feed_key=None, driver="usb")


def test_crops_older_than_the_limit_go_with_their_empty_folders(data_dir: Path) -> None:
    lay_all(data_dir, {n: TODAY - timedelta(days=33 - n) for n in range(1, 6)})
    report = prune(data_dir, 30, 1000, today=TODAY, keep_newest=0)
    assert left(data_dir) == [3, 4, 5]
    assert (report.removed, report.kept) == (2, 3)
    assert sorted(path.name for path in (data_dir / "crops").iterdir()) == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
    ]


def test_beyond_the_size_limit_the_oldest_go_first(data_dir: Path) -> None:
    # Scan 12's day lies before scan 3's: the clock was wrong, the order of scans is right.
    lay_all(data_dir, {1: TODAY, 2: TODAY, 3: TODAY, 12: TODAY - timedelta(days=3)})
    prune(data_dir, 30, keep_megabytes=0, today=TODAY, keep_newest=1)
    assert left(data_dir) == []
    lay_all(data_dir, dict.fromkeys(range(1, 16), TODAY) | {16: TODAY - timedelta(days=3)})
    prune(data_dir, 30, keep_megabytes=1, today=TODAY, keep_newest=0)
    assert left(data_dir) == list(range(7, 17))


def test_crops_that_a_person_must_look_at_outlive_accepted_ones(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    accepted, review, unknown = Decision.ACCEPTED, Decision.REVIEW, Decision.UNKNOWN
    commit(store, batch, [review, unknown, *[accepted] * 10, review, accepted])
    lay_all(data_dir, dict.fromkeys(range(1, 15), TODAY))
    prune(data_dir, 30, keep_megabytes=1, today=TODAY, keep_newest=0)
    assert left(data_dir) == [1, 2, *range(7, 15)]


def test_where_all_need_a_person_the_oldest_of_them_go(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    commit(store, batch, [Decision.REVIEW] * 12)
    lay_all(data_dir, dict.fromkeys(range(1, 13), TODAY))
    prune(data_dir, 30, keep_megabytes=1, today=TODAY, keep_newest=0)
    assert left(data_dir) == list(range(3, 13))


def test_the_newest_crops_outlive_even_those_under_review(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    commit(store, batch, [*[Decision.REVIEW] * 8, *[Decision.ACCEPTED] * 4])
    lay_all(data_dir, dict.fromkeys(range(1, 13), TODAY))
    prune(data_dir, 30, keep_megabytes=1, today=TODAY, keep_newest=4)
    assert left(data_dir) == list(range(3, 13))


@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_that_was_wrong_never_wipes_out_the_newest_batch(
    data_dir: Path, years: int
) -> None:
    day = TODAY.replace(year=TODAY.year + years)
    lay_all(data_dir, dict.fromkeys(range(1, 11), day))
    prune(data_dir, 30, 1000, today=TODAY, keep_newest=6)
    assert left(data_dir)[-6:] == [5, 6, 7, 8, 9, 10]


def test_a_crop_whose_scan_was_lost_goes_like_an_accepted_one(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    commit(store, batch, [Decision.REVIEW] * 9)
    lay_all(data_dir, dict.fromkeys(range(1, 12), TODAY))
    prune(data_dir, 30, keep_megabytes=1, today=TODAY, keep_newest=0)
    assert left(data_dir) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]


def test_rows_stay_when_their_crops_go(store: Store, batch: Batch, data_dir: Path) -> None:
    for number in range(3):
        store.commit_scan(batch.id, identified(), feed_key=f"{number}", driver="usb")
    before = store.scans_after(0)
    assert all(store.crop_file(scan) for scan in before)
    prune(data_dir, 30, keep_megabytes=0)
    assert store.scans_after(0) == before
    assert [store.crop_file(scan) for scan in before] == [None, None, None]


def test_what_is_not_a_crop_is_left_alone(data_dir: Path) -> None:
    lay(data_dir, 1, TODAY)
    for name in ("crops/2026-03-31/notes.jpg", "crops/holiday/7.jpg", "crops/2026-99-99/8.jpg"):
        (data_dir / name).parent.mkdir(exist_ok=True)
        (data_dir / name).touch()
    prune(data_dir, 30, keep_megabytes=0, today=TODAY)
    assert sorted(path.name for path in data_dir.glob("crops/*/*")) == [
        "7.jpg",
        "8.jpg",
        "notes.jpg",
    ]


def test_there_is_nothing_to_prune_before_the_first_scan(data_dir: Path) -> None:
    assert prune(data_dir, 30, 1000).removed == 0


def test_what_a_power_cut_left_half_written_is_swept_away(data_dir: Path) -> None:
    write_crop(data_dir, "crops/2026-03-31/1.jpg", b"whole")
    half = data_dir / "crops" / ".writing" / "2.jpg"
    half.write_bytes(b"ha")
    Store.open(data_dir, role="feed").close()
    assert not half.exists()
    assert left(data_dir) == [1]
    sweep_unfinished(data_dir)


def test_quality_decides_the_size_of_a_crop() -> None:
    picture = identified(noise_px=200).crop
    assert picture is not None
    assert len(encode_crop(picture, 30)) < len(encode_crop(picture, 95))


def test_a_crop_that_can_not_be_renamed_leaves_no_temporary_file(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StoreReadOnlyError):
        write_crop(data_dir, "crops/2026-03-31/1.jpg", b"whole")
    assert [path for path in data_dir.glob("crops/**/*") if path.is_file()] == []
