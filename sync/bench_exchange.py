"""`counterscan bench exchange`: a backlog of scans and a first set of prices, on this computer.

How long scans made offline take to reach the cloud, and what a card's commit costs meanwhile,
against without; how long the first prices take, and their bytes; the bytes of an update.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from scanner.errors import CounterscanError
from scanner.price_feed import PriceTold
from scanner.store_open import Log
from sync.bench_broker import CLOUD, Broker, write_pairing
from sync.bench_log import FilledLog, differences, rows_in, scans_in
from sync.bench_proxy import Proxy
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import CloudStore

DEVICE, NEW_DEVICE = "counter-1", "counter-2"
_CARDS_PER_SET = 250
_COMMIT_EVERY_S = 0.05
_LEAST_COMMITS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench exchange`."""
    parser.add_argument("--scans", type=int, default=100_000)
    parser.add_argument("--prices", type=int, default=20_000)
    parser.add_argument("--within", type=float, default=300.0, metavar="S", help="give up after")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 1 where something did not arrive."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        bench = _Bench(Path(folder), stack, args.within)
        report = {**bench.backlog(args.scans), **bench.prices(args.prices)}
    if args.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key:<28} {value}")
    return 1 if report["differences"] else 0


class _Bench:
    """Both ends as processes of their own, with the product's own patience."""

    def __init__(self, folder: Path, stack: ExitStack, within_s: float) -> None:
        self._folder = folder
        self._within_s = within_s
        self._broker = stack.enter_context(Broker(folder / "broker", (DEVICE, NEW_DEVICE)))
        self._proxy = stack.enter_context(Proxy(self._broker.port))
        self._log = FilledLog(folder / "device")
        stack.callback(self._log.close)
        self._cloud = stack.enter_context(CloudStore(folder / "cloud"))
        self._stack = stack

    def _start(self, *words: str) -> None:
        # As systemd/counterscan-sync.service has it; the cloud runs on another computer.
        program = ["nice", "-n", "10", sys.executable, "-m", "scanner.cli"]
        process = subprocess.Popen([*program, "--log-level", "warning", *words])
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)

    def backlog(self, scans: int) -> dict[str, object]:
        self._log.add_scans(scans)
        alone = [self._commit_ms() for _ in range(_LEAST_COMMITS)]
        write_pairing(self._folder / "cloud" / "cloud.toml", self._broker.port, CLOUD)
        self._start("--data", str(self._folder / "cloud"), "cloud", "serve")
        self._await(self._cloud_listens)
        write_pairing(self._folder / "device" / "sync.toml", self._proxy.port, DEVICE)
        self._start("--data", str(self._folder / "device"), "sync")
        self._await(lambda: scans_in(self._cloud) > 0)
        began_mono_s = time.monotonic()
        before = scans_in(self._cloud)
        meanwhile: list[float] = []
        while scans_in(self._cloud) < rows_in(self._folder / "device"):
            meanwhile.append(self._commit_ms())
            if time.monotonic() - began_mono_s > self._within_s:
                break
        took_s = time.monotonic() - began_mono_s
        self._await(lambda: not self._differences())
        return {
            "scans": scans,
            "drained_s": round(took_s, 1),
            "scans_per_s": round((scans_in(self._cloud) - before) / took_s),
            "up_bytes": self._proxy.up_bytes,
            "commit_ms_alone_p50": round(statistics.median(alone), 2),
            "commit_ms_meanwhile_p50": round(statistics.median(meanwhile), 2),
            "commit_ms_alone_p95": round(statistics.quantiles(alone, n=20)[-1], 2),
            "commit_ms_meanwhile_p95": round(statistics.quantiles(meanwhile, n=20)[-1], 2),
            "differences": self._differences(),
        }

    def prices(self, count: int) -> dict[str, object]:
        as_of = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
        self._tell(range(count), as_of)
        self._await(lambda: self._prices_in("device") >= count)
        new = FilledLog(self._folder / "new")
        self._stack.callback(new.close)
        write_pairing(self._folder / "new" / "sync.toml", self._proxy.port, NEW_DEVICE)
        down = self._proxy.down_bytes
        self._start("--data", str(self._folder / "new"), "sync")
        self._await(lambda: self._proxy.down_bytes > down)
        began_mono_s = time.monotonic()
        self._await(lambda: self._prices_in("new") >= count)
        first_s, first_bytes = time.monotonic() - began_mono_s, self._proxy.down_bytes - down
        down = self._proxy.down_bytes
        began_mono_s = time.monotonic()
        self._tell(range(0, count, 100), as_of + timedelta(hours=1))
        wanted = count + len(range(0, count, 100))
        self._await(lambda: self._prices_in("new") >= wanted <= self._prices_in("device"))
        return {
            "prices": count,
            "first_prices_s": round(first_s, 2),
            "first_prices_bytes": first_bytes,
            "update_s": round(time.monotonic() - began_mono_s, 2),
            "update_bytes": (self._proxy.down_bytes - down) // 2,
        }

    def _tell(self, cards: range, as_of: datetime) -> None:
        sets: dict[str, list[PriceTold]] = {}
        for number in cards:
            amount_minor = 20 + number * 7919 % 3000 + as_of.hour
            price = PriceTold(
                f"demo-{number:05d}", "normal", "NM", "EUR", amount_minor, "tcgcsv", as_of
            )
            sets.setdefault(f"Set {number // _CARDS_PER_SET}", []).append(price)
        for name, prices in sets.items():
            tell_prices(self._cloud, "demo", name, prices, now_ms())

    def _commit_ms(self) -> float:
        began_ns = time.perf_counter_ns()
        self._log.add_scans(1)
        took_ms = (time.perf_counter_ns() - began_ns) / 1e6
        time.sleep(_COMMIT_EVERY_S)
        return took_ms

    def _prices_in(self, device: str) -> int:
        log = Log(self._folder / device, "reader")
        try:
            with log.read() as session:
                query = text("SELECT count(*) FROM price")
                return int(session.connection().execute(query).scalar_one())
        finally:
            log.close()

    def _cloud_listens(self) -> bool:
        """Once the cloud has subscribed, the broker keeps what comes for it."""
        log = self._folder / "broker" / "mosquitto.log"
        return f"u'{CLOUD}'" in log.read_text(encoding="utf-8", errors="replace")

    def _differences(self) -> list[str]:
        return differences(self._folder / "device", self._cloud, DEVICE)

    def _await(self, so: Callable[[], bool]) -> None:
        end_mono_s = time.monotonic() + self._within_s
        while not so():
            if time.monotonic() > end_mono_s:
                raise CounterscanError(f"It did not arrive within {self._within_s:g} s.")
            time.sleep(0.05)
