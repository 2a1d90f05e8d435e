"""The log stays quick as it grows: counted in SQLite's own steps, which no busy machine bends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from scanner import store_open
from scanner.store import Store
from tests.store.cards import identified

SMALL, LARGE = 300, 9_000
CARDS_PER_BATCH = 100

CALLS: dict[str, Callable[[Store, int], object]] = {
    "latest_scans": lambda store, _: store.latest_scans(50),
    "latest_scans of a batch": lambda store, batch: store.latest_scans(50, batch),
    "scans_after": lambda store, _: store.scans_after(200, limit=50),
    "has_feed_key": lambda store, _: store.has_feed_key("k100"),
    "open_batch": lambda store, _: store.open_batch(),
    "latest_events": lambda store, batch: store.latest_events(5, batch),
    "batch_summary": lambda store, batch: store.batch_summary(batch),
    "notice": lambda store, _: store.notice(),
    "pending_commands": lambda store, _: (store.pending_commands(), store.pending_commands()),
    "last_movement": lambda store, _: store.last_movement(),
    "commit_scan": lambda store, batch: store.commit_scan(
        batch, identified(crop=False), feed_key="new", driver="usb"
    ),
    "add_event": lambda store, batch: store.add_event(batch, "jam"),
}


def grown(path: Path, scans: int) -> None:
    """A log of `scans` scans in batches of a hundred, each batch at its end but the last."""
    with Store.open(path, role="feed") as store:
        pattern = store.create_batch("first", 0, "usb")
        store.commit_scan(pattern.id, identified(crop=False), feed_key="k1", driver="usb")
        store.add_event(pattern.id, "started")
    with closing(sqlite3.connect(path / "counterscan.db")) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(scan)")]
        own = {
            "id": "n",
            "batch_id": f"1 + (n - 1) / {CARDS_PER_BATCH}",
            "sequence": f"1 + (n - 1) % {CARDS_PER_BATCH}",
            "feed_key": "'k' || n",
        }
        batches = (scans - 1) // CARDS_PER_BATCH + 1
        count = "WITH RECURSIVE c(n) AS (SELECT {} UNION ALL SELECT n + 1 FROM c WHERE n < {})"
        connection.execute(
            count.format(2, batches)
            + " INSERT INTO batch (id, name, expected_cards, driver, created_at)"
            " SELECT n, name, 0, driver, batch.created_at FROM c, batch"
        )
        connection.execute(
            count.format(2, scans)
            + " INSERT INTO scan SELECT "
            + ", ".join(own.get(column, f"scan.{column}") for column in columns)
            + " FROM c, scan"
        )
        connection.execute(
            "INSERT INTO batch_event SELECT NULL, b.id, 'finished', '', b.id * 100, 1, 'x',"
            f" b.created_at FROM batch b WHERE b.id < {batches}"
        )
        connection.execute("INSERT INTO command SELECT id, 'pause', '{}', created_at FROM scan")
        connection.execute("INSERT INTO command_done SELECT id, 'done', created_at FROM command")
        connection.execute(
            "INSERT INTO feed_movement SELECT id, 1, 'ejected', feed_key, created_at FROM scan"
        )
        connection.commit()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("logs")
    for scans in (SMALL, LARGE):
        grown(folder / str(scans), scans)
    return {scans: folder / str(scans) for scans in (SMALL, LARGE)}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number: the steps that SQLite has made so far."""
    made = [0]
    connect = store_open.connect

    def counting(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)

        def count() -> int:
            made[0] += 1
            return 0

        connection.set_progress_handler(count, 1)
        return connection

    monkeypatch.setattr("scanner.store_open.connect", counting)
    return made


@pytest.mark.parametrize("name", CALLS)
def test_thirty_times_the_scans_cost_no_call_more_work(
    logs: dict[int, Path], name: str, steps: list[int]
) -> None:
    needed = {}
    for scans, path in logs.items():
        with Store.open(path, role="feed") as store:
            store.wait_for_backup()
            batch = store.latest_batch()
            assert batch is not None
            if name == "pending_commands":
                store.pending_commands()  # the first call reads from the beginning
            steps[0] = 0
            CALLS[name](store, batch.id or 0)
            needed[scans] = steps[0]
    assert 0 < needed[LARGE] < needed[SMALL] * 1.2 + 60, needed


def test_a_summary_asked_again_reads_only_what_is_new(
    logs: dict[int, Path], steps: list[int]
) -> None:
    with Store.open(logs[LARGE], role="feed") as store:
        store.wait_for_backup()
        batch = store.latest_batch()
        assert batch is not None
        steps[0] = 0
        first = store.batch_summary(batch.id or 0)
        of_first, steps[0] = steps[0], 0
        assert store.batch_summary(batch.id or 0) == first
        assert 0 < steps[0] < of_first / 5
