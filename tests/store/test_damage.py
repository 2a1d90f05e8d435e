from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from scanner.store import Store
from scanner.store_backup import generations, make_backup, problem_of
from scanner.store_boot import ID_GAP
from tests.store.cards import identified

BACKED_UP = 40
SCANNED = 45


@pytest.fixture
def shop(data_dir: Path) -> Path:
    """A data folder with 45 scans in the log, 40 of them in its last backup, the feed closed."""
    with Store.open(data_dir, role="feed") as store:
        batch = store.create_batch("a stack", 0, "usb")
        for number in range(BACKED_UP):
            store.commit_scan(batch.id, identified(), feed_key=f"card-{number:03}", driver="usb")
        store.add_event(batch.id, "finished")
        store.wait_for_backup()
        batch = store.create_batch("the next", 0, "usb")
        for number in range(BACKED_UP, SCANNED):
            store.commit_scan(batch.id, identified(), feed_key=f"card-{number:03}", driver="usb")
    return data_dir


def flip_the_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    for at in range(middle, middle + 8192):
        data[at] ^= 0xFF
    path.write_bytes(data)


def flip_one_word(path: Path) -> None:
    """One letter of a value that an index holds too: only a comparison of both can see it."""
    path.write_bytes(path.read_bytes().replace(b"card-017", b"card-o17", 1))


def cut_in_half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def cut_to_nothing(path: Path) -> None:
    path.write_bytes(b"")


def overwrite_the_head(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes(4096) + data[4096:])


def overwrite_all(path: Path) -> None:
    path.write_bytes(b"\x17" * 30_000)


def spoil_the_version(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:60] + b"\x7f\x01\x02\x03" + data[64:])


DAMAGES = [
    flip_the_middle,
    flip_one_word,
    cut_in_half,
    cut_to_nothing,
    overwrite_the_head,
    overwrite_all,
    spoil_the_version,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_log_is_set_aside_and_the_last_good_backup_restored(
    shop: Path, damage: Callable[[Path], None]
) -> None:
    path = shop / "counterscan.db"
    damage(path)
    damaged = path.read_bytes()
    with Store.open(shop, role="feed") as store:
        assert len(store.scans_after(0)) == BACKED_UP
        [event] = [e for e in store.latest_events(5) if e.kind == "restored"]
        assert (event.batch_id, event.after_scan) == (None, BACKED_UP)
        assert f"it holds {BACKED_UP} scans" in event.detail
        assert "counterscan.db.damaged-1" in event.detail
        notice = store.notice()
        assert notice is not None
        assert notice.text == event.detail
        assert (shop / "counterscan.db.damaged-1").read_bytes() == damaged
        batch = store.create_batch("afterwards", 0, "usb")
        scan = store.commit_scan(batch.id, identified(), feed_key="new", driver="usb")
        assert scan.id > SCANNED + ID_GAP, "no id of a lost scan is used again"
        assert batch.id > 2
        assert scan.sequence == 1
        with Store.open(shop, role="web") as page:
            assert (page.add_hand_count(batch.id or 0, 3).id or 0) > ID_GAP
        crops = {int(crop.stem) for crop in shop.glob("crops/*/*.jpg")}
        assert crops == {*range(1, SCANNED + 1), scan.id}, "the pictures of lost scans are kept"
    with Store.open(shop, role="feed") as store:
        assert store.has_feed_key("new"), "and the restored log is as good as any"
        assert len([e for e in store.latest_events(9) if e.kind == "restored"]) == 1


def test_the_notice_stays_until_a_batch_has_come_to_its_end(shop: Path) -> None:
    cut_in_half(shop / "counterscan.db")
    with Store.open(shop, role="feed") as store, Store.open(shop, role="web") as page:
        batch = store.create_batch("afterwards", 0, "usb")
        store.add_event(batch.id, "started")
        assert page.notice() is not None
        store.add_event(batch.id, "finished")
        assert page.notice() is None


def test_a_log_that_has_gone_comes_back_from_its_backup(shop: Path) -> None:
    (shop / "counterscan.db").unlink()
    with Store.open(shop, role="feed") as store:
        assert len(store.scans_after(0)) == BACKED_UP
        notice = store.notice()
        assert notice is not None
        assert "it is missing" in notice.text


def test_a_backup_is_checked_before_it_is_trusted(shop: Path) -> None:
    with Store.open(shop, role="feed") as store:
        store.add_event(None, "door_open")
        store.start_backup()
    newest, older = generations(shop)
    held = scans_in(older)
    flip_the_middle(newest)
    flip_the_middle(shop / "counterscan.db")
    with Store.open(shop, role="feed") as store:
        assert len(store.scans_after(0)) == held
        assert store.notice() is not None


def scans_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM scan").fetchone()[0])


@pytest.mark.parametrize("backups", ["damaged", "gone"])
def test_without_a_good_backup_a_new_log_begins_and_says_so(shop: Path, backups: str) -> None:
    for backup in generations(shop):
        if backups == "gone":
            backup.unlink()
        else:
            overwrite_all(backup)
    overwrite_all(shop / "counterscan.db")
    with Store.open(shop, role="feed") as store:
        assert store.scans_after(0) == []
        notice = store.notice()
        assert notice is not None
        assert "No good backup was there" in notice.text
        batch = store.create_batch("afterwards", 0, "usb")
        scan = store.commit_scan(batch.id, identified(), feed_key="new", driver="usb")
        assert scan.id > SCANNED + ID_GAP, "the crops still tell the last scan's number"


def test_a_second_damage_keeps_the_first_file_too(shop: Path) -> None:
    for number in (1, 2):
        overwrite_all(shop / "counterscan.db")
        Store.open(shop, role="feed").close()
        assert (shop / f"counterscan.db.damaged-{number}").exists()
    assert (shop / "counterscan.db.damaged-1").exists()


def test_an_old_write_ahead_log_is_not_replayed_into_the_restored_file(shop: Path) -> None:
    """A power cut between two renames of a restore leaves the log's companion without the log."""
    path = shop / "counterscan.db"
    with Store.open(shop, role="feed") as store:
        store.wait_for_backup()
        batch = store.create_batch("cut off", 0, "usb")
        store.commit_scan(batch.id, identified(), feed_key="in the wal", driver="usb")
        wal = shop / "counterscan.db-wal"
        assert wal.stat().st_size > 0
        shutil.copy(wal, shop / "saved")
    path.unlink()
    (shop / "saved").replace(wal)
    Store.open(shop, role="feed").close()
    assert (shop / "counterscan.db.damaged-1-wal").exists()
    assert problem_of(path) is None
    with Store.open(shop, role="feed") as store:
        assert store.notice() is not None
        assert not store.has_feed_key("in the wal")
        assert store.has_feed_key("card-039")


def test_a_log_that_a_power_cut_left_empty_at_its_birth_is_simply_begun(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "counterscan.db").touch()
    with Store.open(data_dir, role="feed") as store:
        assert store.notice() is None
        assert store.create_batch("first", 0, "usb").id == 1


def test_two_good_generations_of_backups_are_kept(data_dir: Path) -> None:
    for number in range(1, 5):
        with Store.open(data_dir, role="feed") as store:
            store.wait_for_backup()
            batch = store.create_batch(f"stack {number}", 0, "usb")
            for card in range(3):
                key = f"{number}-{card}"
                store.commit_scan(batch.id, identified(crop=False), feed_key=key, driver="usb")
            store.add_event(batch.id, "finished")
    kept = generations(data_dir)
    assert len(kept) == 2
    assert [scans_in(path) for path in kept] == [12, 9]
    assert all(problem_of(path) is None for path in kept)
    assert sorted(path.name for path in (data_dir / "backups").iterdir()) == sorted(
        path.name for path in kept
    ), "nothing else lies about"


def test_no_backup_is_made_when_nothing_is_new(data_dir: Path) -> None:
    with Store.open(data_dir, role="feed") as store:
        store.create_batch("a stack", 0, "usb")
    with Store.open(data_dir, role="feed") as store:
        store.wait_for_backup()
        before = [path.name for path in generations(data_dir)]
    with Store.open(data_dir, role="feed"):
        pass
    assert [path.name for path in generations(data_dir)] == before


def test_a_copy_can_be_made_anywhere_while_the_log_is_in_use(shop: Path, tmp_path: Path) -> None:
    with Store.open(shop, role="reader") as reader:
        reader.backup(tmp_path / "usb-stick" / "log.db")
    assert scans_in(tmp_path / "usb-stick" / "log.db") == SCANNED
    assert [path.name for path in (tmp_path / "usb-stick").iterdir()] == ["log.db"]


def test_a_copy_is_of_one_moment_however_many_scans_come_meanwhile(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.store_backup._PAGES_PER_LOOK", 1)
    pages = (shop / "counterscan.db").stat().st_size // 4096
    with Store.open(shop, role="feed") as store:
        store.wait_for_backup()

        class Busy(threading.Event):
            looks = 0

            def is_set(self) -> bool:
                """Asked after each page copied: one more event each time."""
                self.looks += 1
                assert self.looks <= pages + 5, "each commit starts the copy anew"
                store.add_event(None, "door_open")
                return False

        busy = Busy()
        make_backup(shop / "counterscan.db", tmp_path / "log.db", busy)
        assert busy.looks >= pages - 1
        assert len(store.latest_events(1_000)) > pages
    with closing(sqlite3.connect(tmp_path / "log.db")) as copy:
        kinds = {row[0] for row in copy.execute("SELECT kind FROM batch_event")}
    assert "door_open" not in kinds


def test_closing_need_not_wait_for_a_long_copy(shop: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(InterruptedError):
        make_backup(shop / "counterscan.db", tmp_path / "log.db", stop)
    assert list(tmp_path.glob("log.db*")) == []
