"""`counterscan bench ingest`: how fast workers put scans into PostgreSQL, with a real broker.

The messages wait at the broker, dealt out to the workers' sessions, before the clock starts; each
worker is a process of its own. The same rows are also loaded by COPY alone, straight from memory:
what the database takes from one connection when nobody decides anything. What else runs on the
computer makes each figure vary, so all are taken several times, in turns, and the middle counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

from scanner.errors import CounterscanError, UsageError
from sync.bench_broker import CLOUD, PASSWORD, Broker, write_pairing
from sync.bench_cpu import cpu_s, family_cpu_s
from sync.bench_fleet import scan_row
from sync.bench_postgres import PostgresServer
from sync.cloud.ingest_worker import IngestWorker
from sync.cloud.intake import Arrived, copy_rows
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES
from sync.link import Link, Outcome
from sync.pairing import Pairing
from sync.protocol import device_topic
from sync.protocol_rows import rows_model
from sync.wire import pack

DEVICE = "counter-{}"
ROWS_PER_MESSAGE = 250
_DEVICES = 20
_EXTRA = "max_queued_messages 0\nmax_queued_bytes 0\nmax_inflight_messages 40\n"
_SETTINGS = ("autovacuum=off",)  # or it falls into one measurement and not into the next
_LOOK_EVERY_S = 0.01
_PER = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench ingest`."""
    parser.add_argument("--scans", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is done")
    parser.add_argument("--within", type=float, default=300.0, metavar="S", help="give up after")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measure and print. Raises CounterscanError where something is missing in the end."""
    if args.scans < _DEVICES or args.rounds < 1:
        raise UsageError(f"--scans must be at least {_DEVICES}, --rounds at least 1")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        report = _Bench(Path(folder), stack, args.scans, args.within).run(args.rounds)
    if args.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key:<24} {value}")
    return 0


@dataclass(frozen=True, slots=True)
class _Taken:
    """One measurement, and the processor seconds of each part for 100,000 rows."""

    per_s: float
    cpu_s: Mapping[str, float] = field(default_factory=dict)


class _Bench:
    def __init__(self, folder: Path, stack: ExitStack, scans: int, within_s: float) -> None:
        self._folder = folder
        self._within_s = within_s
        self._server = stack.enter_context(PostgresServer(durable=True, extra=_SETTINGS))
        self._arrived = _messages(scans)
        self._scans = sum(len(each.message.rows) for each in self._arrived)
        self._packed = [
            (each.device, device_topic(each.device, "up", each.stream), pack(each.message))
            for each in self._arrived
        ]

    def run(self, rounds: int) -> dict[str, Any]:
        """Measure so often, each time in the other order."""
        found: dict[int, list[_Taken]] = {0: [], 1: [], 2: []}
        for number in range(rounds):
            for workers in sorted(found, reverse=number % 2 == 1):
                folder = self._folder / f"{number}-{workers}"
                taken = self._taken_in(folder, workers) if workers else self._copied(folder)
                found[workers].append(taken)
        copied, one, two = ([taken.per_s for taken in found[workers]] for workers in (0, 1, 2))
        to_copy = [ours / alone for ours, alone in zip(one, copied, strict=True)]
        to_one = [both / alone for both, alone in zip(two, one, strict=True)]
        return {
            "scans": self._scans,
            "rounds": rounds,
            "processors": len(os.sched_getaffinity(0)),
            **_middle("copy_per_s", copied, 0),
            **_middle("one_worker_per_s", one, 0),
            **_middle("two_workers_per_s", two, 0),
            **_middle("one_worker_to_copy", to_copy, 3),
            **_middle("two_workers_to_one", to_one, 2),
            "one_worker_cpu_s": _processors(found[1]),
            "two_workers_cpu_s": _processors(found[2]),
        }

    def _copied(self, folder: Path) -> _Taken:
        """The rows by COPY into the table itself, in one transaction."""
        table = LOG_TABLES["scan"]
        url = self._server.new_database()
        with CloudStore(folder, url) as store, self._looking(url):
            began_mono_s = time.monotonic()
            with store.log.write() as session:
                copy_rows(session.connection(), table, self._arrived)
            return _Taken(self._scans / (time.monotonic() - began_mono_s))

    def _taken_in(self, folder: Path, workers: int) -> _Taken:
        """From the moment when all workers are connected to the last row on disk."""
        url = self._server.new_database()
        users = tuple(DEVICE.format(number) for number in range(_DEVICES))
        with (
            Broker(folder / "broker", users, extra=_EXTRA) as broker,
            CloudStore(folder / "cloud", url) as store,
            self._looking(url) as looking,
            ExitStack() as stack,
        ):
            self._subscribe(store, broker, workers)
            self._publish(broker)
            file = write_pairing(folder / "cloud" / "cloud.toml", broker.port, CLOUD)
            with file.open("a", encoding="utf-8") as written:
                written.write(f'database = "{url}"\n')
            processes = [
                self._start(stack, folder / "cloud", number) for number in range(1, workers + 1)
            ]
            self._await_connected(broker, workers)

            def spent_s() -> dict[str, float]:
                return {
                    "workers": sum(map(cpu_s, processes)),
                    "postgresql": family_cpu_s(self._server.process_id),
                    "mosquitto": cpu_s(broker.process_id),
                }

            first, began_mono_s = _complete(looking), time.monotonic()
            before = spent_s()
            ended_mono_s = self._await_complete(looking)
            rows, after = self._scans - first, spent_s()
            stored = looking.execute(text("SELECT count(*) FROM scan")).scalar_one()
            if stored != self._scans:
                raise CounterscanError(f"{stored} scans are stored, of {self._scans}.")
            cpu = {part: (after[part] - before[part]) / rows * _PER for part in after}
            return _Taken(rows / (ended_mono_s - began_mono_s), cpu)

    @contextmanager
    def _looking(self, url: str) -> Iterator[Connection]:
        """A connection to look with; nothing of other measurements is left for the disk to do."""
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CHECKPOINT"))
            yield connection
            connection.execute(text("TRUNCATE scan"))
        engine.dispose()

    def _start(self, stack: ExitStack, folder: Path, number: int) -> int:
        process = subprocess.Popen(
            [sys.executable, "-m", "scanner.cli", "--log-level", "warning",
             "--data", str(folder), "cloud", "ingest", "--worker", str(number)]
        )  # fmt: skip
        stack.callback(process.wait)
        stack.callback(process.terminate)
        return process.pid

    def _subscribe(self, store: CloudStore, broker: Broker, workers: int) -> None:
        """Let every worker's session be known to the broker, and leave it there."""
        for number in range(1, workers + 1):
            worker = IngestWorker(store, _pairing(broker, CLOUD), number)
            while not worker.link.online:
                worker.turn(0.05)
            for _ in range(20):
                worker.turn(0.01)
            worker.link.close()

    def _publish(self, broker: Broker) -> None:
        links = {
            device: Link(_pairing(broker, device), f"counterscan-{device}", subscriptions=dict)
            for device in {device for device, _, _ in self._packed}
        }
        for link in links.values():
            while not link.online:
                link.turn(0.02)
        for device, topic, payload in self._packed:
            links[device].publish(topic, payload)
        outcomes: list[Outcome] = []
        end_mono_s = time.monotonic() + self._within_s
        while len(outcomes) < len(self._packed):
            for link in links.values():
                link.turn(0.0)
                outcomes += link.outcomes()
            _in_time(end_mono_s)
        for link in links.values():
            link.close(forget=True)

    def _await_connected(self, broker: Broker, workers: int) -> None:
        """Until the broker has seen each worker once more than when its session was made."""
        log = broker.folder / "mosquitto.log"
        end_mono_s = time.monotonic() + self._within_s
        names = [f" as counterscan-cloud-{CLOUD}-ingest-{at}-" for at in range(1, workers + 1)]
        while True:
            said = log.read_text(encoding="utf-8", errors="replace")
            if all(said.count(name) >= 2 for name in names):
                return
            _in_time(end_mono_s)
            time.sleep(0.005)

    def _await_complete(self, looking: Connection) -> float:
        end_mono_s = time.monotonic() + self._within_s
        while _complete(looking) < self._scans:
            _in_time(end_mono_s)
            time.sleep(_LOOK_EVERY_S)
        return time.monotonic()


def _complete(looking: Connection) -> int:
    """How many rows are on disk without a gap: ids are from 1 on, and asking costs next to nothing.

    To count the rows themselves again and again would take a processor from the workers.
    """
    up_to = text("SELECT coalesce(sum(up_to), 0) FROM received WHERE stream = 'scan'")
    return int(looking.execute(up_to).scalar_one())


def _middle(name: str, found: Sequence[float], digits: int) -> dict[str, Any]:
    """The median under this name, and all figures, so that one sees how far apart they are."""
    shown = [round(each, digits or None) for each in found]
    return {name: round(statistics.median(found), digits or None), f"{name}_all": shown}


def _processors(found: Sequence[_Taken]) -> dict[str, float]:
    """The median seconds of each part for 100,000 rows."""
    return {
        part: round(statistics.median(taken.cpu_s[part] for taken in found), 2)
        for part in found[0].cpu_s
    }


def _in_time(end_mono_s: float) -> None:
    if time.monotonic() > end_mono_s:
        raise CounterscanError("It took too long; say --within more seconds.")


def _pairing(broker: Broker, user: str) -> Pairing:
    return Pairing(broker=f"mqtt://127.0.0.1:{broker.port}", user=user, password=PASSWORD)


def _messages(scans: int) -> list[Arrived]:
    chance = random.Random(7)
    per_device = scans // _DEVICES
    found = []
    for after in range(0, per_device, ROWS_PER_MESSAGE):
        last = min(after + ROWS_PER_MESSAGE, per_device)
        for number in range(_DEVICES):
            rows = [scan_row(chance, at) for at in range(after + 1, last + 1)]
            body = {"log": f"{number:016x}", "after": after, "rows": rows}
            message = rows_model("scan").model_validate(body)
            found.append(Arrived(DEVICE.format(number), "scan", message))
    return found
