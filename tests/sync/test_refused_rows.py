"""Rows that the cloud can't use: kept aside with the reason, while all others go on."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from scanner.cli import main
from scanner.store import Store
from scanner.tables import Scan, utc_now
from sync.bench_broker import Broker
from sync.bench_log import FilledLog
from sync.cloud.api.app import create_app
from sync.cloud.config import CloudConfig
from sync.cloud.ingest import Ingest
from sync.cloud.jobs import JobContext
from sync.cloud.refused import try_again
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES
from sync.cloud.tables_refused import REFUSED_ROW
from sync.link import Incoming
from tests.sync.api.conftest import Cloud
from tests.sync.conftest import DEVICE, OTHER, Running, agent, service, until
from tests.sync.test_cloud_store import incoming
from tests.sync.test_poison import packed, topic_of
from tests.sync.test_wire import LOG

NOW = "2026-05-01T12:00:00Z"


def scan(number: int, **values: object) -> dict[str, Any]:
    answered = {"created_at": NOW, "decision": "review", "batch_id": 1, "sequence": number}
    return {"id": number, **answered, **values}


def told(after: int, *rows: dict[str, Any], device: str = DEVICE) -> Incoming:
    return incoming(topic_of("scan", device), packed(log=LOG, after=after, rows=list(rows)))


def kept(cloud: CloudStore) -> list[int]:
    with cloud.log.read() as session:
        ids = select(LOG_TABLES["scan"].c.id).order_by(LOG_TABLES["scan"].c.id)
        return list(session.connection().execute(ids).scalars())


def aside(cloud: CloudStore) -> dict[int, tuple[str, Any]]:
    """The rows kept aside: why, and what their device said."""
    with cloud.log.read() as session:
        rows = session.connection().execute(select(REFUSED_ROW)).all()
    return {row.id: (row.reason, json.loads(zlib.decompress(row.row))) for row in rows}


NO_ROWS: list[dict[str, Any]] = [
    {"decision": "perhaps"}, {"score": float("nan")}, {"batch_id": 2**63}, {"created_at": "soon"},
    {"batch_id": None}, {"name": ["x"]}, {"sequence": 10**400},
]  # fmt: skip


@pytest.mark.parametrize("broken", NO_ROWS, ids=str)
def test_a_row_that_is_none_is_kept_aside_and_the_others_go_on(
    either_cloud: CloudStore, broken: dict[str, Any]
) -> None:
    bad = scan(2, **broken, name2="Ember\0")
    came = [told(0, scan(1), bad, scan(3)), told(3, scan(4)), told(0, scan(1), device=OTHER)]
    for _ in range(2):
        Ingest(either_cloud).take(came)
    assert either_cloud.received(DEVICE, LOG) == {"scan": 4}
    assert kept(either_cloud) == [1, 1, 3, 4]
    [(number, (reason, said))] = aside(either_cloud).items()
    assert number == 2
    assert reason
    assert json.dumps(said) == json.dumps(bad)


def test_a_message_of_nothing_but_such_rows_holds_up_no_other(either_cloud: CloudStore) -> None:
    bad = [scan(number, decision="perhaps") for number in range(1, 31)]
    Ingest(either_cloud).take([told(0, *bad), told(30, scan(31))])
    assert either_cloud.received(DEVICE, LOG) == {"scan": 31}
    assert (kept(either_cloud), len(aside(either_cloud))) == ([31], 30)


DEEP = b'{"id":1,"x":' + b"[" * 5000 + b"]" * 5000 + b"}"
NONE_AT_ALL: dict[str, bytes] = {
    "no order": b'{"id":2},{"id":1}',
    "an id twice": b'{"id":1},{"id":1}',
    "a row without a number": b'{"decision":"review"},{"id":7}',
    "a number below one": b'{"id":0}',
    "a number of 5000 digits": b'{"id":1,"sequence":%s}' % (b"9" * 5000),
    "lists without end": DEEP,
    "rows that are words": b'"a","b"',
    "commas without end": b'{"id":1,"x":[%s]}' % b",".join([b"1"] * 500_000),
}


@pytest.mark.parametrize("rows", NONE_AT_ALL.values(), ids=NONE_AT_ALL.keys())
def test_a_message_whose_rows_can_not_be_told_apart_is_noted_and_stops_nothing(
    either_cloud: CloudStore, rows: bytes
) -> None:
    body = b'{"log":"%s","after":0,"rows":[%s]}' % (LOG.encode(), rows)
    bad = incoming(topic_of("scan"), zlib.compress(body))
    Ingest(either_cloud).take([bad, told(0, scan(1), device=OTHER)])
    assert either_cloud.received(DEVICE, LOG) == {}
    assert either_cloud.received(OTHER, LOG) == {"scan": 1}
    assert aside(either_cloud) == {}
    with either_cloud.log.read() as session:
        noted = session.connection().execute(text("SELECT count(*) FROM refused_message"))
        assert noted.scalar_one() == 1


def test_what_a_later_release_can_use_is_taken_in(either_cloud: CloudStore) -> None:
    rows = [scan(number, decision="perhaps") for number in (2, 3, 4)]
    Ingest(either_cloud).take([told(0, scan(1), *rows, scan(5))])
    with either_cloud.log.write() as session:  # as a release would have it that knows this word
        known = zlib.compress(json.dumps(scan(3, name="Ember Drake")).encode())
        of_three = update(REFUSED_ROW).where(REFUSED_ROW.c.id == 3)
        session.connection().execute(of_three.values(row=known))
    context = JobContext(either_cloud, CloudConfig(), utc_now())
    assert try_again(context) == "1 rows that were refused before are taken in"
    assert kept(either_cloud) == [1, 3, 5]
    assert sorted(aside(either_cloud)) == [2, 4]
    assert try_again(context) == ""
    assert either_cloud.received(DEVICE, LOG) == {"scan": 5}


def test_the_clouds_health_and_a_command_say_which_rows_were_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cloud.toml").write_text(
        'broker = "mqtt://localhost:1"\nuser = "cloud"\npassword = "x"\n'
    )
    (tmp_path / "cloud.toml").chmod(0o600)
    with CloudStore(tmp_path) as store:
        owner = Cloud(create_app(store, CloudConfig()), store).person()

        def part() -> dict[str, str]:
            parts = owner.told("/api/v1/health")["parts"]
            return next(each for each in parts if each["name"] == "refused rows")

        assert (part()["state"], part()["detail"]) == ("ok", "none")
        Ingest(store).take([told(0, scan(1), scan(2, decision="perhaps"))])
        assert part()["state"] == "warning"
        assert f"scan 2 of {DEVICE}: decision" in part()["detail"]
        assert "counterscan_cloud_refused_rows 1" in owner.ask("/metrics").text
    assert main(["--data", str(tmp_path), "cloud", "refused"]) == 0
    said = capsys.readouterr().out
    assert f"{DEVICE}: scan 2: decision" in said
    assert "1 rows are kept aside." in said


def test_a_broken_row_in_a_devices_log_comes_to_rest_in_the_cloud(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    filled.add_scans(99)
    with filled._log.write() as session:
        odd = {**filled._row(100), "decision": "perhaps"}
        session.connection().execute(insert(Scan), [odd])
    filled.scans = 100
    filled.add_scans(200)
    running.start(service(cloud_store, broker.port))
    running.start(agent(device_store, broker.port))
    log = device_store.log_name()
    until(lambda: cloud_store.received(DEVICE, log).get("scan") == 300)
    filled.add_scans(50)
    until(lambda: cloud_store.received(DEVICE, log).get("scan") == 350)
    assert kept(cloud_store) == [number for number in range(1, 351) if number != 100]
    [(number, (reason, said))] = aside(cloud_store).items()
    assert (number, said["decision"]) == (100, "perhaps")
    assert "accepted" in reason
