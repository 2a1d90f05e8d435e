"""How rows get into the cloud's tables: as they are, once, and beside other writers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from sync.cloud.intake import Arrived, Progress, is_new
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES
from sync.protocol_rows import rows_model
from sync.wire import read_json
from tests.sync.conftest import DEVICE, until
from tests.sync.test_wire import LOG, NOW

SCAN, EDIT = LOG_TABLES["scan"], LOG_TABLES["stock_edit"]
ODD = ["plain", "", "a\tb", "a\nb", "\r", "\\", "\\N", "\\.", "Pokémon ½ 蒼", '"', "a\0b", "'; --"]
MANY = 40


@pytest.fixture
def cloud(postgres_url: str, tmp_path: Path) -> Iterator[CloudStore]:
    with CloudStore(tmp_path / "cloud", postgres_url) as store:
        yield store


def scan(id_: int, **values: Any) -> dict[str, Any]:
    row = {"created_at": NOW, "decision": "accepted", "batch_id": 1, "sequence": id_}
    return {"id": id_, **row, **values}


def message(stream: str, after: int, rows: list[dict[str, Any]], device: str = DEVICE) -> Arrived:
    body = {"log": LOG, "after": after, "rows": rows}
    return Arrived(device, stream, rows_model(stream).model_validate(body))


def scans_from(first: int, count: int) -> Arrived:
    return message("scan", first - 1, [scan(id_) for id_ in range(first, first + count)])


def stored(cloud: CloudStore, *columns: Any) -> list[tuple[Any, ...]]:
    with cloud.log.read() as session:
        table = columns[0].table
        found = session.connection().execute(select(*columns).order_by(table.c.id))
        return [tuple(row) for row in found]


@pytest.mark.parametrize("count", [len(ODD), MANY])
@pytest.mark.parametrize("twice", [False, True])
def test_every_text_and_number_is_stored_as_the_device_has_it(
    either_cloud: CloudStore, count: int, twice: bool
) -> None:
    texts = [ODD[at % len(ODD)] for at in range(count)]
    rows = [
        scan(
            at, name=said, card_id=said, reasons=[said, "clear"], score=at / 7,
            upside_down=at % 2 == 0, probability=None if at % 3 else at / 1000, bin=at,
        )
        for at, said in enumerate(texts, start=1)
    ]  # fmt: skip
    came = [message("scan", 0, rows, 'odd \\ "name"\t')] * (2 if twice else 1)
    either_cloud.take(came)
    columns = (SCAN.c.device, SCAN.c.name, SCAN.c.card_id, SCAN.c.reasons, SCAN.c.score,
               SCAN.c.upside_down, SCAN.c.probability, SCAN.c.bin, SCAN.c.created_at)  # fmt: skip
    assert stored(either_cloud, *columns) == [
        (
            'odd \\ "name"\t', said.replace("\0", ""), said.replace("\0", ""),
            [said.replace("\0", ""), "clear"], at / 7, at % 2 == 0,
            None if at % 3 else at / 1000, at, NOW,
        )
        for at, said in enumerate(texts, start=1)
    ]  # fmt: skip


def test_a_text_that_says_nothing_is_not_an_empty_one(either_cloud: CloudStore) -> None:
    said = [None, "", "\\N", "N"]
    rows = [
        {"id": at, "created_at": NOW, "change_id": 1, "scan_id": at, "location": said[at % 4]}
        for at in range(1, MANY + 1)
    ]
    either_cloud.take([message("stock_edit", 0, rows)])
    assert stored(either_cloud, EDIT.c.location) == [(row["location"],) for row in rows]


def test_a_time_is_kept_in_utc_whatever_its_zone_and_without_one_is_utc(
    either_cloud: CloudStore,
) -> None:
    told = ["2026-05-01T14:00:00.250+02:00", "2026-05-01T12:00:00.250", "2026-05-01T12:00:00.250Z"]
    rows = ",".join(
        f'{{"id": {at}, "created_at": "{told[at % 3]}", "decision": "unknown", "batch_id": 1, '
        f'"sequence": {at}}}'
        for at in range(1, MANY + 1)
    )
    body = f'{{"log": "{LOG}", "after": 0, "rows": [{rows}]}}'
    read = read_json(body.encode(), rows_model("scan"))
    either_cloud.take([Arrived(DEVICE, "scan", read)])
    noon = datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    assert stored(either_cloud, SCAN.c.created_at) == [(noon,)] * MANY


@pytest.mark.parametrize(
    ("before", "came", "new"),
    [
        ((0, []), [(0, 3)], True),
        ((0, []), [(3, 6), (0, 3)], True),
        ((0, []), [(0, 3), (0, 3)], False),
        ((0, []), [(0, 3), (2, 5)], False),
        ((5, []), [(5, 9)], True),
        ((5, []), [(4, 9)], False),
        ((5, [(9, 12)]), [(5, 9), (12, 13)], True),
        ((5, [(9, 12)]), [(5, 10)], False),
        ((5, [(9, 12)]), [(11, 14)], False),
    ],
)
def test_rows_are_new_where_no_span_holds_them(
    before: tuple[int, list[tuple[int, int]]], came: list[tuple[int, int]], new: bool
) -> None:
    assert is_new(Progress(before[0], frozenset(before[1])), came) is new


def test_rows_that_another_worker_is_putting_on_disk_are_waited_for_and_passed_over(
    cloud: CloudStore,
) -> None:
    ours = threading.Thread(target=cloud.take, args=([scans_from(1, 3 * MANY)],))
    with cloud.log.write() as session:
        values = message("scan", 0, [scan(MANY, name="theirs")]).message.rows[0].model_dump()
        theirs = {"device": DEVICE, "log": LOG, **values}
        session.connection().execute(SCAN.insert(), [theirs])
        ours.start()
        until(lambda: _waits(cloud))
    ours.join(60)
    names = stored(cloud, SCAN.c.name)
    assert len(names) == 3 * MANY
    assert names[MANY - 1] == ("theirs",)
    assert cloud.received(DEVICE, LOG) == {"scan": 3 * MANY}


def test_rows_that_are_there_although_nothing_says_so_are_passed_over(cloud: CloudStore) -> None:
    cloud.take([scans_from(1, MANY)])
    with cloud.log.write() as session:
        session.connection().execute(text("DELETE FROM received"))
    cloud.take([scans_from(1, 2 * MANY)])
    assert len(stored(cloud, SCAN.c.id)) == 2 * MANY
    assert cloud.received(DEVICE, LOG) == {"scan": 2 * MANY}


def _waits(cloud: CloudStore) -> bool:
    with cloud.log.read() as session:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(session.connection().execute(waiting).scalar_one())
