"""`counterscan cloud simulate`: a fleet of devices against a cloud, and what became of its scans.

By itself it starts a broker and a cloud of its own, throws both away in the end, and also looks
into the database. Against a cloud that runs already (`--broker`) it knows what devices know.
While it runs it says a line each ten seconds; each device's own words come with `--log-level info`.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import text

from scanner.errors import CounterscanError, UsageError
from sync.bench_broker import CLOUD, PASSWORD, Broker, write_pairing
from sync.bench_fleet import Fleet, SimulatedDevice
from sync.bench_postgres import PostgresServer
from sync.bench_progress import Progress, hushed
from sync.cloud.store import CloudStore
from sync.pairing import Pairing
from sync.wire import LARGEST_PACKET_BYTES

_TURN_S = 0.02
_LOOK_EVERY_S = 0.05
_WATCH_EVERY_S = 1.0
_OF_EACH_DEVICE = ("sync.link", "sync.outbox")
"""Loggers that say the same for hundreds of devices."""

_SAMPLES = 50_000
_BROKER_EXTRA = "max_queued_messages 100000\nmax_inflight_messages 100\nmax_connections -1\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--devices", type=int, default=50, metavar="N")
    parser.add_argument(
        "--rate", type=float, default=0.5, metavar="R", help="scans a second of each device"
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, metavar="S", help="how long they scan"
    )
    parser.add_argument(
        "--within", type=float, default=120.0, metavar="S",
        help="how long to wait then until everything is stored",
    )  # fmt: skip
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL of its own, too")
    parser.add_argument(
        "--broker", metavar="URL", help="a cloud that runs: mqtts://HOST; needs --password-file"
    )
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help="the devices' password at the broker"
    )
    parser.add_argument(
        "--prefix", default="simulated-", help="devices are called PREFIX1 and so on"
    )
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Simulate and print; 1 where something did not arrive. Raises CounterscanError."""
    if args.devices < 1 or args.rate <= 0 or args.seconds <= 0:
        raise UsageError("--devices, --rate and --seconds must be more than 0")
    if (args.broker is None) != (args.password_file is None):
        raise UsageError("--broker and --password-file belong together")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if args.log_level is None:
            stack.enter_context(hushed(*_OF_EACH_DEVICE))
        report = _Simulation(args, Path(folder), stack).run()
    if args.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key:<22} {value}")
    return 1 if report["lost"] else 0


class _Waiting:
    """Scans that have not been seen somewhere yet, and how long the others took."""

    def __init__(self) -> None:
        self._made: dict[str, deque[tuple[int, float]]] = {}
        self._took_s: list[float] = []
        self._count = 0
        self._chance = random.Random(1)

    def made(self, device: str, number: int, now_mono_s: float) -> None:
        self._made.setdefault(device, deque()).append((number, now_mono_s))

    def seen(self, device: str, up_to: int, now_mono_s: float) -> None:
        waiting = self._made.get(device, deque())
        while waiting and waiting[0][0] <= up_to:
            self._sample(now_mono_s - waiting.popleft()[1])

    def left(self) -> int:
        return sum(map(len, self._made.values()))

    def _sample(self, took_s: float) -> None:
        """Keep so many of them by chance, each as likely: the memory stays as it is."""
        self._count += 1
        if len(self._took_s) < _SAMPLES:
            self._took_s.append(took_s)
        elif (place := self._chance.randrange(self._count)) < _SAMPLES:
            self._took_s[place] = took_s

    def quantile_ms(self, share: float) -> int | None:
        if not self._took_s:
            return None
        ordered = sorted(self._took_s)
        return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)])


class _Simulation:
    def __init__(self, args: argparse.Namespace, folder: Path, stack: ExitStack) -> None:
        self._args = args
        self._names = [f"{args.prefix}{number}" for number in range(1, args.devices + 1)]
        self._store: CloudStore | None = None
        self._cloud: subprocess.Popen[bytes] | None = None
        self._told, self._stored = _Waiting(), _Waiting()
        self._memory_kb: list[int] = []
        broker, password = args.broker, PASSWORD
        if broker is None:
            broker = self._start_all(folder, stack)
        else:
            password = args.password_file.read_text(encoding="utf-8").strip()
        self._fleet = stack.enter_context(Fleet(self._devices(broker, password)))
        self._progress = Progress(self._line)

    def _devices(self, broker: str, password: str) -> list[SimulatedDevice]:
        chance = random.Random()
        try:
            return [
                SimulatedDevice(
                    Pairing(broker=broker, user=name, password=password), self._args.rate, chance
                )
                for name in self._names
            ]
        except ValidationError as error:
            raise UsageError(str(error.errors()[0]["msg"])) from None

    def _start_all(self, folder: Path, stack: ExitStack) -> str:
        limit = f"max_packet_size {LARGEST_PACKET_BYTES}\n"
        broker = stack.enter_context(
            Broker(folder / "broker", tuple(self._names), extra=_BROKER_EXTRA + limit)
        )
        url = ""
        if self._args.postgres:
            server = stack.enter_context(PostgresServer(durable=True))
            url = server.new_database()
        file = write_pairing(folder / "cloud" / "cloud.toml", broker.port, CLOUD)
        with file.open("a", encoding="utf-8") as written:
            written.write(f'database = "{url}"\n[http]\nserve = false\n')
        self._store = stack.enter_context(CloudStore(folder / "cloud", url))
        self._cloud = subprocess.Popen(
            [sys.executable, "-m", "scanner.cli", "--log-level", "warning",
             "--data", str(folder / "cloud"), "cloud", "serve"]
        )  # fmt: skip
        stack.callback(self._cloud.wait)
        stack.callback(self._cloud.terminate)
        log = folder / "broker" / "mosquitto.log"
        self._await(lambda: f"u'{CLOUD}'" in log.read_text(errors="replace"), "the cloud connects")
        return f"mqtt://127.0.0.1:{broker.port}"

    def run(self) -> dict[str, Any]:
        """Connect all, scan, wait until all is stored, and report."""
        self._await(
            lambda: (
                bool(self._fleet.turn(_TURN_S, scans=False))
                or self._fleet.online() == len(self._names)
            ),
            "every device connects",
            self._progress.turn,
        )
        began_mono_s = time.monotonic()
        while time.monotonic() - began_mono_s < self._args.seconds:
            self._turn(scans=True)
        scanned_s = time.monotonic() - began_mono_s
        end_mono_s = time.monotonic() + self._args.within
        while self._waits() and time.monotonic() < end_mono_s:
            self._turn(scans=False)
        return self._report(scanned_s)

    def _turn(self, *, scans: bool) -> None:
        for device, numbers in self._fleet.turn(_TURN_S, scans=scans):
            now_mono_s = time.monotonic()
            for number in numbers:
                self._told.made(device.name, number, now_mono_s)
                if self._store is not None:
                    self._stored.made(device.name, number, now_mono_s)
        now_mono_s = time.monotonic()
        for device in self._fleet.devices:
            self._told.seen(device.name, device.told, now_mono_s)
        self._look(now_mono_s)
        self._progress.turn()

    def _line(self) -> str:
        """How it stands, and what keeps a device away."""
        devices = self._fleet.devices
        made = sum(device.made for device in devices)
        stored = made - (self._told if self._store is None else self._stored).left()
        line = (
            f"{self._fleet.online()} of {len(devices)} devices online, {made:,} scans made, "
            f"{stored:,} stored"
        )
        problems = (device.link.problem for device in devices if not device.link.online)
        problem = next(filter(None, problems), None)
        return line if problem is None else f"{line}; {problem.text}"

    _looked_mono_s = _watched_mono_s = float("-inf")

    def _look(self, now_mono_s: float) -> None:
        if self._store is None or self._cloud is None:
            return
        if now_mono_s - self._looked_mono_s >= _LOOK_EVERY_S:
            self._looked_mono_s = now_mono_s
            query = text("SELECT device, up_to FROM received WHERE stream = 'scan'")
            with self._store.log.read() as session:
                for device, up_to in session.connection().execute(query):
                    self._stored.seen(device, up_to, now_mono_s)
        if now_mono_s - self._watched_mono_s >= _WATCH_EVERY_S:
            self._watched_mono_s = now_mono_s
            if self._cloud.poll() is not None:
                raise CounterscanError("The cloud has ended: its messages are above.")
            self._memory_kb.append(_memory_kb(self._cloud.pid))

    def _waits(self) -> bool:
        return bool(self._told.left() or self._stored.left())

    def _report(self, scanned_s: float) -> dict[str, Any]:
        devices = self._fleet.devices
        made = sum(device.made for device in devices)
        told = sum(min(device.told, device.made) for device in devices)
        report: dict[str, Any] = {
            "devices": len(devices),
            "seconds": round(scanned_s),
            "scans": made,
            "scans_per_s": round(made / scanned_s, 1),
            "acknowledged": sum(device.acknowledged for device in devices),
            "told_stored": told,
            "lost": made - told,
            "made_to_told_ms_p50": self._told.quantile_ms(0.5),
            "made_to_told_ms_p95": self._told.quantile_ms(0.95),
        }
        if self._store is not None:
            with self._store.log.read() as session:
                count = text("SELECT count(*) FROM scan")
                stored = int(session.connection().execute(count).scalar_one())
            report["stored"] = stored
            report["lost"] = max(made - stored, made - told)
            report["publish_to_stored_ms_p50"] = self._stored.quantile_ms(0.5)
            report["publish_to_stored_ms_p95"] = self._stored.quantile_ms(0.95)
        if self._memory_kb:
            # A run too short for quarters has its first and its last look.
            quarter = max(1, len(self._memory_kb) // 4)
            second = self._memory_kb[quarter : 2 * quarter] or self._memory_kb[:1]
            last = self._memory_kb[-quarter:]
            report["cloud_mb_2nd_quarter"] = round(sum(second) / len(second) / 1024, 1)
            report["cloud_mb_last_quarter"] = round(sum(last) / quarter / 1024, 1)
        report["fleet_mb"] = round(_memory_kb("self") / 1024)
        return report

    def _await(
        self, so: Callable[[], bool], what: str, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        end_mono_s = time.monotonic() + self._args.within
        while not so():
            if time.monotonic() > end_mono_s:
                raise CounterscanError(f"It takes too long until {what}.")
            meanwhile()
            time.sleep(0.01)


def _memory_kb(process: int | str) -> int:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
