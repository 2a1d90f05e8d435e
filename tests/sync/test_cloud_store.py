from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import select, text

from scanner.store import Store
from scanner.store_sync import Stream
from sync.bench_log import FilledLog, differences
from sync.cloud.ingest import Ingest
from sync.cloud.intake import Arrived
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES
from sync.link import Incoming
from sync.protocol import device_topic
from sync.protocol_rows import rows_model
from sync.wire import pack
from tests.sync.conftest import DEVICE
from tests.sync.test_wire import LOG, scans


def messages(data_dir: Path, rows_per_message: int = 20) -> list[Arrived]:
    """All that a device would send."""
    found = []
    with Store.open(data_dir, role="reader") as store:
        for stream in Stream:
            after = 0
            while rows := store.rows_after(stream, after, rows_per_message):
                body = {"log": store.log_name(), "after": after, "rows": rows}
                message = rows_model(stream).model_validate(body)
                found.append(Arrived(DEVICE, stream.value, message))
                after = rows[-1]["id"]
    return found


@pytest.mark.parametrize("seed", range(5))
def test_repeated_and_reordered_messages_end_in_what_the_device_has(
    filled: FilledLog, either_cloud: CloudStore, seed: int
) -> None:
    filled.add_scans(400)
    filled.add_corrections(300)
    filled.add_stock_words(40)
    chance = random.Random(seed)
    arriving = messages(filled.data_dir) * 2
    chance.shuffle(arriving)
    while arriving:
        group = [arriving.pop() for _ in range(min(len(arriving), chance.randint(1, 5)))]
        either_cloud.take(group)
    assert differences(filled.data_dir, either_cloud, DEVICE) == []
    with Store.open(filled.data_dir, role="reader") as store:
        log_name = store.log_name()
    received = either_cloud.received(DEVICE, log_name)
    with Store.open(filled.data_dir, role="reader") as store:
        last = {stream.value: rows[-1]["id"] for stream in Stream
                if (rows := store.rows_after(stream, 0, 10_000))}  # fmt: skip
    assert received == last
    with either_cloud.log.read() as session:
        early = session.connection().execute(text("SELECT count(*) FROM received_early"))
        assert early.scalar() == 0


def test_a_gap_is_not_reported_as_received(either_cloud: CloudStore) -> None:
    either_cloud.take([Arrived(DEVICE, "scan", scans(1, 2))])  # type: ignore[arg-type]
    either_cloud.take([Arrived(DEVICE, "scan", scans(9, after=5))])  # type: ignore[arg-type]
    assert either_cloud.received(DEVICE, LOG) == {"scan": 2}
    either_cloud.take([Arrived(DEVICE, "scan", scans(5, after=2))])  # type: ignore[arg-type]
    assert either_cloud.received(DEVICE, LOG) == {"scan": 9}


@pytest.mark.parametrize("rows", [1, 40])
def test_lists_of_numbers_are_kept_in_few_rows_and_in_many(
    either_cloud: CloudStore, rows: int
) -> None:
    """PostgreSQL takes few rows in by INSERT, many by COPY."""
    offers = [
        {"id": n, "created_at": "2026-05-01T06:00:00Z", "batch_id": n, "outcome": "cash",
         "bought": [n, n + 1] if n % 2 else []}
        for n in range(1, rows + 1)
    ]  # fmt: skip
    body = {"log": LOG, "after": 0, "rows": offers}
    either_cloud.take(
        [Arrived(DEVICE, "offer_made", rows_model("offer_made").model_validate(body))]
    )
    offer_made = LOG_TABLES["offer_made"].c
    with either_cloud.log.read() as session:
        kept = session.connection().execute(select(offer_made.bought).order_by(offer_made.id))
        assert [row.bought for row in kept] == [each["bought"] for each in offers]


def test_another_log_of_the_same_device_is_another_log(either_cloud: CloudStore) -> None:
    other = scans(1, 2).model_copy(update={"log": "f" * 16})
    either_cloud.take([Arrived(DEVICE, "scan", scans(1, 2))])  # type: ignore[arg-type]
    either_cloud.take([Arrived(DEVICE, "scan", other)])  # type: ignore[arg-type]
    with either_cloud.log.read() as session:
        assert session.connection().execute(text("SELECT count(*) FROM scan")).scalar() == 4


def incoming(topic: str, payload: bytes) -> Incoming:
    return Incoming(topic, payload, False, 1, 1)


def test_what_is_no_message_is_noted_and_stops_nothing(either_cloud: CloudStore) -> None:
    topic = device_topic(DEVICE, "up", "scan")
    Ingest(either_cloud).take(
        [
            incoming(topic, b"rubbish"),
            incoming(topic, pack(scans(1))),
            incoming(device_topic(DEVICE, "up", "gold"), pack(scans(1))),
            incoming(device_topic(DEVICE, "state"), b"{"),
        ]
    )
    assert either_cloud.received(DEVICE, LOG) == {"scan": 1}
    with either_cloud.log.read() as session:
        query = text("SELECT topic, size_bytes FROM refused_message ORDER BY id")
        noted = [tuple(row) for row in session.connection().execute(query)]
    assert [row[0].rpartition("/")[2] for row in noted] == ["scan", "gold", "state"]
    assert noted[0][1] == 7


def test_the_device_is_who_the_topic_says(either_cloud: CloudStore) -> None:
    Ingest(either_cloud).take([incoming(device_topic("a b/c", "up", "scan"), pack(scans(1)))])
    assert either_cloud.received("a b/c", LOG) == {"scan": 1}
