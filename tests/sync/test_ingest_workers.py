"""Several workers on PostgreSQL with a real Mosquitto."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from scanner.cli import main
from scanner.store import Store
from sync.bench_broker import CLOUD, Broker
from sync.bench_log import FilledLog, differences
from sync.bench_partition import run_partition
from sync.bench_postgres import PostgresServer
from sync.cloud.ingest_worker import IngestWorker
from sync.cloud.intake import Progress, advanced
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from sync.link import Link, Verdict
from sync.protocol import device_topic
from sync.wire import pack
from tests.sync.conftest import DEVICE, Running, agent, pairing, until
from tests.sync.test_cloud_store import messages
from tests.sync.test_exchange import Peer
from tests.sync.test_wire import LOG, scans

WAIT_S = 120.0


@pytest.fixture
def cloud(postgres_url: str, tmp_path: Path) -> Iterator[CloudStore]:
    with CloudStore(tmp_path / "cloud", postgres_url) as store:
        yield store


def worker(cloud: CloudStore, broker: Broker, number: int) -> IngestWorker:
    return IngestWorker(cloud, pairing(broker.port, CLOUD), number, longest_back_off_s=0.2)


def without_rows(cloud: CloudStore, broker: Broker) -> CloudService:
    paired = pairing(broker.port, CLOUD)
    return CloudService(cloud, paired, takes_rows=False, longest_back_off_s=0.2)


def connected(broker: Broker, client: str) -> bool:
    said = (broker.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")
    return f" as {client}-" in said


@pytest.mark.parametrize(
    ("before", "came", "after"),
    [
        ((0, []), [(0, 3)], (3, [])),
        ((3, []), [(0, 3)], (3, [])),
        ((3, []), [(5, 9)], (3, [(5, 9)])),
        ((3, [(5, 9)]), [(3, 5)], (9, [])),
        ((0, [(9, 12), (3, 5)]), [(5, 9), (0, 3)], (12, [])),
        ((5, [(9, 12)]), [(4, 8)], (8, [(9, 12)])),
    ],
)
def test_what_is_complete_follows_from_the_spans_in_whatever_order(
    before: tuple[int, list[tuple[int, int]]],
    came: list[tuple[int, int]],
    after: tuple[int, list[tuple[int, int]]],
) -> None:
    now = advanced(Progress(before[0], frozenset(before[1])), came)
    assert now == Progress(after[0], frozenset(after[1]))


@pytest.mark.parametrize("seed", range(2))
def test_several_writers_at_once_end_in_what_the_device_has(
    filled: FilledLog, cloud: CloudStore, seed: int
) -> None:
    filled.add_scans(1500)
    filled.add_corrections(300)
    arriving = messages(filled.data_dir) * 2
    random.Random(seed).shuffle(arriving)
    shares = [arriving[number::4] for number in range(4)]
    ready = threading.Barrier(len(shares))

    def write(number: int) -> None:
        chance = random.Random(seed * 10 + number)
        share = shares[number]
        ready.wait(60)
        while share:
            cloud.take([share.pop() for _ in range(min(len(share), chance.randint(1, 6)))])

    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(write, range(len(shares))))
    assert differences(filled.data_dir, cloud, DEVICE) == []
    with cloud.log.read() as session:
        early = session.connection().execute(text("SELECT count(*) FROM received_early"))
        assert early.scalar() == 0


def test_workers_share_the_rows_and_the_device_hears_of_all_of_them(
    broker: Broker, filled: FilledLog, device_store: Store, cloud: CloudStore, running: Running
) -> None:
    taken = {1: 0, 2: 0}
    workers = {number: worker(cloud, broker, number) for number in taken}

    class Counting:
        def __init__(self, number: int) -> None:
            self.number = number

        def run(self, stopping: object) -> None:
            assert callable(stopping)
            while not stopping():
                taken[self.number] += workers[self.number].turn(0.05)
            workers[self.number].link.close(forget=True)

    filled.add_scans(3000)
    filled.add_corrections(50)
    for number in taken:
        running.start(Counting(number))  # type: ignore[arg-type]
    running.start(without_rows(cloud, broker))
    until(lambda: all(connected(broker, f"counterscan-cloud-cloud-ingest-{n}") for n in taken))
    running.start(agent(device_store, broker.port))
    until(lambda: not differences(filled.data_dir, cloud, DEVICE), WAIT_S)
    while min(taken.values()) == 0:  # the second's subscription came after all of these rows
        filled.add_scans(100)
        until(lambda: not differences(filled.data_dir, cloud, DEVICE), WAIT_S)

    def heard() -> bool:
        with cloud.log.read() as session:
            query = text("SELECT count(*) FROM received WHERE up_to <> told OR up_to = 0")
            return session.connection().execute(query).scalar() == 0

    until(heard, WAIT_S)


def test_each_message_goes_to_one_worker_alone(broker: Broker, cloud: CloudStore) -> None:
    workers = [worker(cloud, broker, number) for number in (1, 2)]
    taken, kept = [0, 0], 0
    device = Peer(broker.port, DEVICE)

    def take() -> bool:
        for number, one in enumerate(workers):
            taken[number] += one.turn(0.02)
        return True

    until(lambda: take() and all(one.link.online for one in workers))
    for number in range(500):
        if min(taken) and kept >= 20:
            break
        payload = pack(scans(number + 1, after=number))
        kept += device.publish(device_topic(DEVICE, "up", "scan"), payload) is Verdict.KEPT
        take()
    until(lambda: take() and sum(taken) >= kept)
    for _ in range(20):  # a copy to the other would come just now
        take()
    assert min(taken) > 0
    assert sum(taken) == kept
    for one in workers:
        one.link.close(forget=True)


def test_a_worker_that_leaves_takes_nothing_with_it(
    broker: Broker, filled: FilledLog, device_store: Store, cloud: CloudStore, running: Running
) -> None:
    filled.add_scans(2000)
    leaving = Running()
    leaving.start(worker(cloud, broker, 1))
    until(lambda: connected(broker, "counterscan-cloud-cloud-ingest-1"))
    running.start(without_rows(cloud, broker))
    running.start(agent(device_store, broker.port))

    def rows() -> int:
        with cloud.log.read() as session:
            return int(session.connection().execute(text("SELECT count(*) FROM scan")).scalar_one())

    until(lambda: rows() > 0, WAIT_S)
    running.start(worker(cloud, broker, 2))
    leaving.stop()
    filled.add_scans(500)
    until(lambda: not differences(filled.data_dir, cloud, DEVICE), WAIT_S)


def test_with_no_worker_left_the_broker_says_that_nobody_listens(
    broker: Broker, cloud: CloudStore
) -> None:
    one = worker(cloud, broker, 1)
    until(lambda: one.turn(0.05) == 0 and one.link.online)
    device = Link(pairing(broker.port, DEVICE), "peer", subscriptions=dict)
    until(lambda: not device.turn(0.05) and device.online)
    payload = pack(scans(1))

    def said(beside: Callable[[], object] = lambda: None) -> Verdict:
        number = device.publish(device_topic(DEVICE, "up", "scan"), payload)
        found: list[Verdict] = []

        def is_answered() -> bool:
            device.turn(0.05)
            beside()
            found.extend(each.verdict for each in device.outcomes() if each.number == number)
            return bool(found)

        until(is_answered)
        return found[0]

    until(lambda: said(lambda: one.turn(0.01)) is Verdict.KEPT)
    until(lambda: one.turn(0.05) == 0 and cloud.received(DEVICE, LOG) == {"scan": 1})
    one.run(lambda: True)
    until(lambda: said() is Verdict.UNHEARD)
    device.close()


def test_a_cloud_that_took_rows_alone_before_gives_its_subscription_up(
    broker: Broker, filled: FilledLog, device_store: Store, cloud: CloudStore, tmp_path: Path,
    running: Running,
) -> None:  # fmt: skip
    alone = Running()
    with CloudStore(tmp_path / "alone") as sqlite:
        alone.start(CloudService(sqlite, pairing(broker.port, CLOUD), longest_back_off_s=0.2))
        until(lambda: connected(broker, "counterscan-cloud-cloud"))
        alone.stop()
    service = without_rows(cloud, broker)
    came: list[str] = []
    turn = service.link.turn

    def listened(timeout_s: float) -> list[object]:
        found = turn(timeout_s)
        came.extend(message.topic for message in found)
        return found  # type: ignore[return-value]

    service.link.turn = listened  # type: ignore[method-assign, assignment]
    running.start(service)
    until(lambda: service.link.online)
    running.start(worker(cloud, broker, 1))
    until(lambda: connected(broker, "counterscan-cloud-cloud-ingest-1"))
    filled.add_scans(300)
    running.start(agent(device_store, broker.port))
    until(lambda: not differences(filled.data_dir, cloud, DEVICE), WAIT_S)
    until(lambda: any(topic.endswith("/state") for topic in came), WAIT_S)
    assert not any("/up/scan" in topic for topic in came)


def test_workers_without_postgresql_say_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "cloud", "ingest", "--worker", "1"]) == 2
    assert "set database in cloud.toml" in capsys.readouterr().err
    assert main(["--data", str(tmp_path), "cloud", "ingest", "--worker", "0"]) == 2


def test_the_measurement_takes_everything_in_with_one_worker_and_with_two(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["bench", "ingest", "--scans", "4000", "--rounds", "1", "--json"]
    assert main(["--log-level", "error", *words]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["scans"] == 4000
    assert report["one_worker_to_copy_all"] == [report["one_worker_to_copy"]]
    assert report["two_workers_to_one"] > 0
    assert set(report["two_workers_cpu_s"]) == {"workers", "postgresql", "mosquitto"}


def test_what_arrives_while_the_database_is_away_is_stored_once_it_is_back(
    broker: Broker, filled: FilledLog, device_store: Store, tmp_path: Path, running: Running
) -> None:
    with (
        PostgresServer() as server,
        CloudStore(tmp_path / "away", server.new_database()) as cloud,
    ):
        filled.add_scans(500)
        running.start(worker(cloud, broker, 1))
        running.start(without_rows(cloud, broker))
        until(lambda: connected(broker, "counterscan-cloud-cloud-ingest-1"))
        server.stop()
        running.start(agent(device_store, broker.port))
        until(lambda: device_store.sync_cursors().get("scan", 0) == 500, WAIT_S)
        server.start()
        until(lambda: not differences(filled.data_dir, cloud, DEVICE), WAIT_S)
        running.stop()


def test_every_scan_is_on_postgresql_once_whatever_breaks(tmp_path: Path) -> None:
    report = run_partition(tmp_path, scans=1200, faults=8, seed=3, within_s=300, postgres=True)
    assert report["differences"] == []
    assert sum(report["faults"].values()) == 8
    assert "sent again" in report["faults"]
