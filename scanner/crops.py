"""The crops: one upright JPEG per scan in `crops/YYYY-MM-DD/<scan>.jpg`, and how long they stay.

What a shop expects of the limits: the pictures of cards that a person must still look at (review,
unknown) outlive those of accepted ones, and today's cards can be looked at today. So

* age counts first: a crop older than `keep_days` goes, whatever its decision;
* where the size is the limit, accepted crops go first, oldest first, and only then the others;
* the newest `KEEP_NEWEST` crops go last of all, and never by age: a Pi without a clock battery may
  write a batch under a date long past, and the network's time must not wipe it out.

Rows are never touched: a scan whose crop has gone keeps its line in the log.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from scanner.catalog.disk import sync_folder
from scanner.errors import PictureError
from scanner.records import Picture
from scanner.store_faults import explained
from scanner.store_open import DATABASE, connect, in_parts

FOLDER = "crops"
KEEP_NEWEST = 500
_WRITING = ".writing"


@dataclass(frozen=True, slots=True)
class Crop:
    """One crop file: its scan, its day, its size."""

    path: Path
    scan_id: int
    day: date
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PruneReport:
    """How many crops a pruning removed and how many it left."""

    removed: int
    kept: int


def crop_path(scan_id: int, at: datetime) -> str:
    """Where the crop of a scan belongs, relative to the data folder."""
    return f"{FOLDER}/{at.astimezone(UTC):%Y-%m-%d}/{scan_id}.jpg"


def encode_crop(crop: Picture, quality: int) -> bytes:
    """The JPEG of a `(H, W, 3) uint8` picture at `quality` 1…100.

    Raises:
        PictureError: OpenCV can't encode it.
    """
    import cv2  # here, so that the page's process, which only reads, never loads OpenCV

    wrong = f"A crop of shape {crop.shape} can't be written as JPEG: report this."
    try:
        done, data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise PictureError(wrong) from error
    if not done:
        raise PictureError(wrong)
    return data.tobytes()


def write_crop(data_dir: Path, relative: str, jpeg: bytes) -> None:
    """Put a crop in its place so that it is whole and on disk on return, or not there at all.

    Raises:
        StoreFullError, StoreReadOnlyError, StoreError.
    """
    target = data_dir / relative
    temporary = data_dir / FOLDER / _WRITING / target.name
    with explained(data_dir):
        make_folder(temporary.parent)
        make_folder(target.parent)
        try:
            with temporary.open("wb") as file:
                file.write(jpeg)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)


def discard_crop(data_dir: Path, relative: str) -> None:
    """Take back the crop of a scan whose row could not be committed."""
    if relative:
        (data_dir / relative).unlink(missing_ok=True)


def sweep_unfinished(data_dir: Path) -> None:
    """Remove what a power cut left half written. Only before any crop is being written."""
    for leftover in (data_dir / FOLDER / _WRITING).glob("*"):
        leftover.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and its parents, such that a power cut can't take them away again."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def list_crops(data_dir: Path) -> list[Crop]:
    """Every crop on disk, oldest first. Order is that of scan ids, never of dates."""
    crops: list[Crop] = []
    for folder in (data_dir / FOLDER).glob("????-??-??"):
        try:
            day = date.fromisoformat(folder.name)
        except ValueError:
            continue
        crops.extend(
            Crop(path, int(path.stem), day, path.stat().st_size)
            for path in folder.glob("*.jpg")
            if path.stem.isdecimal()
        )
    return sorted(crops, key=lambda crop: (crop.scan_id, crop.day))


def newest_crop_id(data_dir: Path) -> int:
    """The highest scan id that a crop bears; 0 where there is none."""
    return max((crop.scan_id for crop in list_crops(data_dir)), default=0)


def prune(
    data_dir: Path,
    keep_days: int,
    keep_megabytes: int,
    *,
    today: date | None = None,
    keep_newest: int = KEEP_NEWEST,
) -> PruneReport:
    """Remove crops beyond the limits, as the module's text says; rows stay as they are.

    Raises:
        StoreError: the log can't be read, or a file can't be removed.
    """
    today = today or datetime.now(UTC).date()
    with explained(data_dir):
        crops = list_crops(data_dir)
        older = crops[: max(0, len(crops) - keep_newest)]
        newest = crops[len(older) :]
        doomed = [crop for crop in older if (today - crop.day).days > keep_days]
        left = [crop for crop in older if (today - crop.day).days <= keep_days]
        too_many_bytes = _total(left) + _total(newest) - keep_megabytes * 1_000_000
        if too_many_bytes > 0:
            doomed += _first(_accepted_first(data_dir, left) + newest, too_many_bytes)
        for crop in doomed:
            crop.path.unlink(missing_ok=True)
        _remove_empty(crop.path.parent for crop in doomed if crop.day != today)
    return PruneReport(len(doomed), len(crops) - len(doomed))


def _total(crops: Iterable[Crop]) -> int:
    return sum(crop.size_bytes for crop in crops)


def _first(crops: Iterable[Crop], enough_bytes: int) -> list[Crop]:
    """As many from the front as make up `enough_bytes`."""
    taken = []
    for crop in crops:
        if enough_bytes <= 0:
            break
        taken.append(crop)
        enough_bytes -= crop.size_bytes
    return taken


def _accepted_first(data_dir: Path, crops: list[Crop]) -> list[Crop]:
    """The same crops, those that nobody needs to look at in front; each part stays in order."""
    needed = _needing_a_person(data_dir, [crop.scan_id for crop in crops])
    return sorted(crops, key=lambda crop: crop.scan_id in needed)


def _needing_a_person(data_dir: Path, scan_ids: list[int]) -> set[int]:
    """Which of these scans are not accepted by now. A crop without a row counts as accepted."""
    if not (data_dir / DATABASE).exists():
        return set()
    needed: set[int] = set()
    connection = connect(data_dir / DATABASE, mode="ro")
    try:
        for part in in_parts(scan_ids):
            marks = ",".join("?" * len(part))
            rows = connection.execute(
                f"SELECT scan_id FROM present_answer WHERE scan_id IN ({marks})"
                " AND decision != 'accepted'",
                part,
            )
            needed.update(row[0] for row in rows)
    finally:
        connection.close()
    return needed


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove the day folders that have nothing left in them."""
    for folder in set(folders):
        with suppress(OSError):  # not empty, or gone already
            folder.rmdir()
