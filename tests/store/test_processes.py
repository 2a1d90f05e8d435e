from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from scanner.errors import AlreadyRunningError, StoreError
from scanner.store import Store
from scanner.store_open import Log, connect
from scanner.tables import Batch
from tests.store.cards import identified


def child(scenario: str, data_dir: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.children", scenario, str(data_dir), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_feed_process_learns_who_is_first_and_what_to_do(data_dir: Path) -> None:
    with child("hold", data_dir) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(AlreadyRunningError) as refused:
            Store.open(data_dir, role="feed")
        assert f"pid {first.pid}" in str(refused.value)
        assert "systemctl stop counterscan-feed" in str(refused.value)
        assert "--data" in str(refused.value)
        first.kill()
    with Store.open(data_dir, role="feed"):
        assert (data_dir / "feed.lock").read_text().strip() == str(os.getpid())


def test_the_lock_is_given_back_when_opening_fails(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "counterscan.db").mkdir()
    with pytest.raises(StoreError, match="can't be used"):
        Store.open(data_dir, role="feed")
    (data_dir / "counterscan.db").rmdir()
    Store.open(data_dir, role="feed").close()


def test_readers_and_the_page_work_beside_the_feed_process(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    with child("add_commands", data_dir, "150") as page:
        for number in range(60):
            store.commit_scan(batch.id, identified(crop=False), feed_key=f"{number}", driver="usb")
            for command in store.pending_commands():
                store.finish_command(command.id)
        assert page.stdout is not None
        seen = json.loads(page.stdout.read())
    for command in store.pending_commands():
        store.finish_command(command.id)
    assert page.returncode == 0
    assert [scan.sequence for scan in store.scans_after(0)] == list(range(1, 61))
    assert seen["commands"] == list(range(1, 151))
    assert all(store.command_outcome(number) == "done" for number in range(1, 151))
    assert seen["torn"] == 0, "a summary and its scans come from one moment of the log"


def test_one_store_serves_many_threads(store: Store, batch: Batch, data_dir: Path) -> None:
    faults: list[Exception] = []

    def work(number: int) -> None:
        try:
            for card in range(5):
                key = f"{number}-{card}"
                store.commit_scan(batch.id, identified(crop=False), feed_key=key, driver="usb")
                store.batch_summary(batch.id)
                store.latest_scans(3)
        except Exception as fault:  # noqa: BLE001 - carried to the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert [scan.sequence for scan in store.scans_after(0)] == list(range(1, 31))
    assert store.batch_summary(batch.id).cards == 30


def test_news_from_another_process_is_noticed_and_silence_is_too(
    store: Store, batch: Batch, data_dir: Path
) -> None:
    with Store.open(data_dir, role="web") as web:
        before = web.data_version()
        assert web.data_version() == before
        store.commit_scan(batch.id, identified(crop=False), feed_key=None, driver="usb")
        after = web.data_version()
        assert after != before
        assert web.data_version() == after
        web.add_command("pause")
        assert web.data_version() != after, "its own news is news for its other threads"


def test_the_page_waits_for_the_log_to_be_made(data_dir: Path) -> None:
    opened: list[Store] = []
    page = threading.Thread(
        target=lambda: opened.append(Store.open(data_dir, role="web", wait_s=30))
    )
    page.start()
    with Store.open(data_dir, role="feed") as feed:
        page.join()
        with opened[0] as web:
            feed.create_batch("a stack", 0, "usb")
            assert web.open_batch() is not None


def test_without_a_log_the_page_says_what_to_start(data_dir: Path) -> None:
    with pytest.raises(StoreError, match="does not exist yet: start `counterscan feed`"):
        Store.open(data_dir, role="web", wait_s=0)
    assert not data_dir.exists(), "only the feed process makes the log"


@pytest.mark.parametrize("role", ["feed", "web", "reader"])
def test_every_connection_syncs_each_commit_and_keeps_a_write_ahead_log(
    store: Store, data_dir: Path, role: str
) -> None:
    log = Log(data_dir, role)
    with log.read() as session:
        connection = session.connection()

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert pragma("synchronous") == 2
        assert pragma("journal_mode") == "wal"
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 10_000
        assert pragma("query_only") == (1 if role == "reader" else 0)
    log.close()


def test_a_writer_has_the_lock_from_its_first_statement_on(
    store: Store, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that read first and then found the log changed would fail, however long it waited."""
    monkeypatch.setattr("scanner.store_open.BUSY_TIMEOUT_MS", 20)
    log = Log(data_dir, "web")
    with log.write() as session:
        session.get(Batch, 1)
        with (
            closing(connect(data_dir / "counterscan.db", mode="rw")) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
    log.close()


def test_a_reader_can_write_nothing_by_any_way(store: Store, data_dir: Path) -> None:
    log = Log(data_dir, "reader")
    with pytest.raises(StoreError), log.write() as session:
        session.add(Batch(name="mine", driver="usb"))
    log.close()
    assert store.latest_batch() is None


def test_a_log_held_locked_by_a_stranger_is_reported_and_nothing_is_half_written(
    store: Store, batch: Batch, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.store_open.BUSY_TIMEOUT_MS", 20)
    with Store.open(data_dir, role="web") as impatient:
        stranger = connect(data_dir / "counterscan.db", mode="rw")
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            impatient.add_command("pause")
        stranger.execute("ROLLBACK")
        stranger.close()
        assert impatient.add_command("pause").id == 1


def test_a_page_left_open_follows_the_log_to_its_restored_file(data_dir: Path) -> None:
    with Store.open(data_dir, role="feed") as feed:
        batch = feed.create_batch("a stack", 0, "usb")
        feed.add_event(batch.id, "finished")
    with Store.open(data_dir, role="web") as web:
        assert web.notice() is None
        version = web.data_version()
        (data_dir / "counterscan.db").write_bytes(b"not a database" * 1000)
        with Store.open(data_dir, role="feed") as feed:
            assert web.data_version() != version
            notice = web.notice()
            assert notice is not None
            assert web.batch_summary(batch.id).state == "finished"
            command = web.add_command("start")
            assert [c.id for c in feed.pending_commands()] == [command.id]
            feed.commit_scan(batch.id, identified(), feed_key="k", driver="usb")
    # The page closed after the feed process: its leftovers must not harm the new file.
    with Store.open(data_dir, role="feed") as feed:
        assert feed.has_feed_key("k")
