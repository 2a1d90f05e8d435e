"""`counterscan bench ingest`: how fast workers put scans into PostgreSQL, with a real broker.

The messages wait at the broker, dealt out to the workers' sessions, before the clock starts; each
worker is a process of its own. The same rows are also loaded by COPY alone, straight from memory:
what the database takes from one connection when nobody decides anything.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import text

from scanner.errors import CounterscanError, UsageError
from sync.bench_broker import CLOUD, PASSWORD, Broker, write_pairing
from sync.bench_fleet import scan_row
from sync.bench_postgres import PostgresServer
from sync.cloud.ingest_worker import IngestWorker
from sync.cloud.intake import Arrived, copy_into
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench ingest`."""
    parser.add_argument("--scans", type=int, default=100_000)
    parser.add_argument("--within", type=float, default=300.0, metavar="S", help="give up after")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 1 where something is missing in the end."""
    if args.scans < _DEVICES:
        raise UsageError(f"--scans must be at least {_DEVICES}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        report = _Bench(Path(folder), stack, args.scans, args.within).run()
    if args.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key:<24} {value}")
    return 0


class _Bench:
    def __init__(self, folder: Path, stack: ExitStack, scans: int, within_s: float) -> None:
        self._folder = folder
        self._within_s = within_s
        self._server = stack.enter_context(PostgresServer(durable=True))
        self._arrived = _messages(scans)
        self._scans = sum(len(each.message.rows) for each in self._arrived)
        self._packed = [
            (each.device, device_topic(each.device, "up", each.stream), pack(each.message))
            for each in self._arrived
        ]

    def run(self) -> dict[str, Any]:
        copied = self._scans / self._copied_s()
        one, two = self._taken_in_per_s(1), self._taken_in_per_s(2)
        return {
            "scans": self._scans,
            "processors": len(os.sched_getaffinity(0)),
            "copy_per_s": round(copied),
            "one_worker_per_s": round(one),
            "two_workers_per_s": round(two),
            "one_worker_to_copy": round(one / copied, 3),
            "two_workers_to_one": round(two / one, 2),
        }

    def _copied_s(self) -> float:
        """Seconds for the rows by COPY into the table itself, in one transaction."""
        table = LOG_TABLES["scan"]
        with CloudStore(self._folder / "copy", self._server.new_database()) as store:
            began_mono_s = time.monotonic()
            with store.log.write() as session:
                copy_into(session.connection(), table, table.name, self._arrived)
            return time.monotonic() - began_mono_s

    def _taken_in_per_s(self, workers: int) -> float:
        """Rows a second, from the moment when all workers are connected to the last on disk."""
        url = self._server.new_database()
        folder = self._folder / f"{workers}"
        users = tuple(DEVICE.format(number) for number in range(_DEVICES))
        with (
            Broker(folder / "broker", users, extra=_EXTRA) as broker,
            CloudStore(folder / "cloud", url) as store,
            ExitStack() as stack,
        ):
            self._subscribe(store, broker, workers)
            self._publish(broker)
            file = write_pairing(folder / "cloud" / "cloud.toml", broker.port, CLOUD)
            with file.open("a", encoding="utf-8") as written:
                written.write(f'database = "{url}"\n')
            for number in range(1, workers + 1):
                process = subprocess.Popen(
                    [sys.executable, "-m", "scanner.cli", "--log-level", "warning",
                     "--data", str(folder / "cloud"), "cloud", "ingest", "--worker", str(number)]
                )  # fmt: skip
                stack.callback(process.wait)
                stack.callback(process.terminate)
            self._await_connected(broker, workers)
            first, began_mono_s = self._await(store, 0)
            last, ended_mono_s = self._await(store, self._scans)
            return (last - first) / (ended_mono_s - began_mono_s)

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
        names = [f" as counterscan-cloud-{CLOUD}-ingest-{at} " for at in range(1, workers + 1)]
        while True:
            said = log.read_text(encoding="utf-8", errors="replace")
            if all(said.count(name) >= 2 for name in names):
                return
            _in_time(end_mono_s)
            time.sleep(0.005)

    def _await(self, store: CloudStore, rows: int) -> tuple[int, float]:
        end_mono_s = time.monotonic() + self._within_s
        count = text("SELECT count(*) FROM scan")
        while True:
            with store.log.read() as session:
                found = int(session.connection().execute(count).scalar_one())
            if found >= rows:
                return found, time.monotonic()
            _in_time(end_mono_s)
            time.sleep(0.01)


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
