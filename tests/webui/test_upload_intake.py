"""Pictures taken in by any door: what is refused for now, and a folder that is watched."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from scanner.batches import NO_PLAN
from scanner.config import load_settings
from scanner.config_change import Sources
from scanner.doctor_checks import Status, check_upload_folder
from scanner.errors import StoreFullError, UploadError
from scanner.store import Store
from scanner.tables_uploads import Upload
from tests.webui.test_uploads_page import jpeg
from webui import upload_intake
from webui.upload_folder import FolderWatcher, folder_of
from webui.upload_intake import Intake


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    Store.open(tmp_path / "data", role="feed").close()
    with Store.open(tmp_path / "data", role="web") as opened:
        yield opened


@pytest.fixture
def intake(store: Store, tmp_path: Path) -> Intake:
    return Intake(lambda: store, tmp_path / "data")


@pytest.fixture
def pile(intake: Intake) -> Upload:
    return intake.begin("  A   pile ", "page", "anna", NO_PLAN)


def test_only_so_many_pictures_wait_of_one_and_of_all(
    intake: Intake, pile: Upload, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pile.name == "A pile"
    monkeypatch.setattr(upload_intake, "MAX_PICTURES", 2)
    monkeypatch.setattr(upload_intake, "MAX_WAITING", 3)
    for number in range(2):
        intake.take(pile, "a.jpg", jpeg(number))
    with pytest.raises(UploadError, match="holds up to 2 pictures: begin another"):
        intake.take(pile, "a.jpg", jpeg(3))
    another = intake.begin("", "page", "anna", NO_PLAN)
    assert another.name.startswith("Pictures of ")
    with pytest.raises(UploadError, match="2 of your pictures wait already"):
        intake.take(another, "a.jpg", jpeg(3))
    bens = intake.begin("", "page", "ben", NO_PLAN)
    intake.take(bens, "a.jpg", jpeg(4))
    with pytest.raises(UploadError, match="Too many pictures wait"):
        intake.take(intake.begin("", "page", "carl", NO_PLAN), "a.jpg", jpeg(5))
    store.stop_upload(pile.id or 0)
    intake.take(another, "a.jpg", jpeg(3))


def test_a_full_disk_is_said_before_anything_is_written(
    intake: Intake, pile: Upload, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1000))
    with pytest.raises(UploadError, match="disk is nearly full"):
        intake.take(pile, "a.jpg", jpeg(1))
    monkeypatch.undo()

    def full(_picture: object) -> None:
        raise StoreFullError("no room")

    monkeypatch.setattr(store, "add_picture", full)
    with pytest.raises(StoreFullError):
        intake.take(pile, "a.jpg", jpeg(1))
    assert list((tmp_path / "data" / "uploads").iterdir()) == []


def test_few_pictures_are_in_memory_at_one_time(intake: Intake) -> None:
    busy = pytest.raises(UploadError, match="again in a second")
    with intake.place(), intake.place(), intake.place(), busy, intake.place():
        pass
    with intake.place():
        pass


def test_what_lies_still_in_the_folder_is_taken_in_and_moved_aside(
    intake: Intake, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    watcher = FolderWatcher(intake, folder)
    (folder / "one.JPG").write_bytes(jpeg(1))
    (folder / "page.tiff").write_bytes(b"II*\x00")
    (folder / "Thumbs.db").write_bytes(b"?")
    assert watcher.look() == 0, "it may still be written to"
    (folder / "two.jpg").write_bytes(jpeg(2))
    assert watcher.look() == 2
    (folder / "again.jpg").write_bytes(jpeg(1))
    (folder / "one.JPG").write_bytes(jpeg(3))
    watcher.look()
    assert watcher.look() == 2
    told = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert told == {
        "taken/one.JPG", "taken/one (2).JPG", "taken/two.jpg", "again/again.jpg",
        "refused/page.tiff", "Thumbs.db",
    }  # fmt: skip
    [upload] = store.latest_uploads(5)
    assert (upload.source, upload.client) == ("folder", "the watched folder")
    states = {row.name: row.state.value for row in store.pictures_of(upload.id or 0)}
    assert states == {
        "one.JPG": "waiting", "two.jpg": "waiting", "again.jpg": "again", "page.tiff": "refused",
    }  # fmt: skip


def test_a_file_that_can_not_be_moved_is_taken_in_once(
    intake: Intake, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(jpeg(1))

    def refused(_self: Path, _target: Path) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "rename", refused)
    watcher = FolderWatcher(intake, folder)
    assert [watcher.look() for _ in range(4)] == [0, 1, 0, 0]
    assert store.waiting_of(None) == 1


def test_a_file_that_is_too_large_is_refused_and_never_read_as_a_whole(
    intake: Intake, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(1 << 40)  # as a whole it would fill any memory
    watcher = FolderWatcher(intake, folder)
    assert [watcher.look() for _ in range(2)] == [0, 1]
    [upload] = store.latest_uploads(1)
    [row] = store.pictures_of(upload.id or 0)
    assert (row.name, row.problem) == ("huge.jpg", "has more than 25 megabytes; make it smaller")
    assert (folder / "refused" / "huge.jpg").exists()


def test_a_folder_that_is_not_there_is_told(intake: Intake, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    watcher = FolderWatcher(intake, folder)
    watcher.start()
    try:
        deadline_mono_s = time.monotonic() + 60
        while not watcher.trouble:
            assert time.monotonic() < deadline_mono_s
            time.sleep(0.05)
        assert watcher.trouble == "No such file or directory"
    finally:
        watcher.stop()
    settings = load_settings(data_dir=tmp_path, uploads__folder="scans")
    assert check_upload_folder(settings).status is Status.NOTE
    folder.mkdir()
    assert check_upload_folder(settings).status is Status.GOOD
    assert check_upload_folder(load_settings(data_dir=tmp_path)).found == "none is watched"


def test_the_folder_is_the_settings(tmp_path: Path) -> None:
    assert folder_of(Sources(None, {"data_dir": tmp_path}), tmp_path) is None
    for name, folder in (("inbox", tmp_path / "inbox"), ("/srv/scans", Path("/srv/scans"))):
        sources = Sources(None, {"data_dir": tmp_path, "uploads__folder": name})
        assert folder_of(sources, tmp_path) == folder
    watcher = FolderWatcher(Intake(lambda: pytest.fail("no log"), tmp_path), None)
    watcher.start()
    watcher.stop()
