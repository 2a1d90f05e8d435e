"""`counterscan bench alerts`: from a price that changes in the cloud to the device's page.

Cloud, exchange and page run as processes of their own around a real Mosquitto, with the product's
own patience. What counts is the moment at which a page that is open has the alert in its hands.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from scanner.errors import CounterscanError
from scanner.price_feed import PriceTold
from scanner.store import Store
from sync.bench_broker import CLOUD, Broker, write_pairing
from sync.bench_log import FilledLog
from sync.cloud.alert_store import alerts_after, rules_known
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import CloudStore

DEVICE = "counter-1"
BAR_S = 1.0
_PAUSE_S = 0.13  # no multiple of anybody's turn
_BEFORE_MINOR, _AFTER_MINOR = 1000, 3000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench alerts`."""
    parser.add_argument("--alerts", type=int, default=60)
    parser.add_argument("--cards", type=int, default=2000, help="printings with a price")
    parser.add_argument("--within", type=float, default=30.0, metavar="S", help="give up after")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 1 where the 95th percentile misses the bar."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        bench = _Bench(Path(folder), stack, args)
        took_s = bench.measure()
        stages = bench.stages()
    p95_s = statistics.quantiles(took_s, n=20)[-1]
    report = {
        "alerts": len(took_s),
        "p50_ms": round(1000 * statistics.median(took_s)),
        "p95_ms": round(1000 * p95_s),
        "max_ms": round(1000 * max(took_s)),
        "bar_ms": round(1000 * BAR_S),
        **stages,
    }
    if args.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key:<20} {value}")
    return 1 if p95_s > BAR_S else 0


class _Bench:
    def __init__(self, folder: Path, stack: ExitStack, args: argparse.Namespace) -> None:
        self._folder, self._stack, self._args = folder, stack, args
        self._broker = stack.enter_context(Broker(folder / "broker", (DEVICE,)))
        self._log = stack.enter_context(FilledLog(folder / "device"))
        self._log.add_scans(50)
        self._cloud = stack.enter_context(CloudStore(folder / "cloud"))
        self._news = threading.Condition()
        self._marks: list[str] = [""]
        self._seen = ""
        self._began: dict[str, datetime] = {}

    def measure(self) -> list[float]:
        """Seconds from the price's commit to the page's hands, of each alert."""
        with Store.open(self._folder / "device", role="web") as page:
            rule = {"name": "Dear", "cause": "above", "amount": "20 EUR", "only_scanned": False}
            page.add_rule_set("alert", "Dear", rule)
        url = self._start_all()
        self._tell(range(self._args.cards), _BEFORE_MINOR)
        self._await_rules()
        client = self._stack.enter_context(httpx.Client(base_url=url, timeout=self._args.within))
        listener = threading.Thread(target=self._listen, args=(url,), daemon=True)
        listener.start()
        self._seen = self._await_news("")
        time.sleep(2.0)  # the first prices are under way
        took_s = []
        for number in range(self._args.alerts):
            card = number * 31 % self._args.cards
            self._began[f"card-{card}"] = datetime.now(UTC)
            began_mono_s = time.monotonic()
            self._tell([card], _AFTER_MINOR)
            self._await_alert(client, f"card-{card}", began_mono_s)
            took_s.append(time.monotonic() - began_mono_s)
            time.sleep(_PAUSE_S)
        return took_s

    def stages(self) -> dict[str, int]:
        """Milliseconds until half of the alerts were on disk in the cloud, and on the device."""
        with self._cloud.log.read() as session:
            raised = {
                row["card_id"]: row["created_at"]
                for row in alerts_after(session.connection(), 0, self._args.alerts)
            }
        with Store.open(self._folder / "device", role="reader") as store:
            told = {alert.card_id: alert.told_at for alert in store.open_alerts(self._args.alerts)}
        return {
            f"p50_ms_{place}": round(
                1000 * statistics.median(
                    (at - self._began[card]).total_seconds() for card, at in found.items()
                )
            )
            for place, found in (("in_the_cloud", raised), ("on_the_device", told))
        }  # fmt: skip

    def _start_all(self) -> str:
        write_pairing(self._folder / "cloud" / "cloud.toml", self._broker.port, CLOUD)
        write_pairing(self._folder / "device" / "sync.toml", self._broker.port, DEVICE)
        self._start("--data", str(self._folder / "cloud"), "cloud", "serve")
        self._start("--data", str(self._folder / "device"), "sync")
        page = self._start(
            "--data", str(self._folder / "device"), "web", "--host", "127.0.0.1", "--port", "0",
            "--no-login",
        )  # fmt: skip
        assert page.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", page.stdout.readline())
        if found is None:
            raise CounterscanError("The page does not start.")
        return found[0]

    def _start(self, *words: str) -> subprocess.Popen[str]:
        program = [sys.executable, "-m", "scanner.cli", "--log-level", "warning"]
        process = subprocess.Popen([*program, *words], stdout=subprocess.PIPE, text=True)
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        return process

    def _tell(self, cards: range | list[int], amount_minor: int) -> None:
        as_of = datetime.now(UTC) - (timedelta(days=1) if len(cards) > 1 else timedelta())
        told = [
            PriceTold(f"card-{card}", "normal", "NM", "EUR", amount_minor, "tcgcsv", as_of)
            for card in cards
        ]
        tell_prices(self._cloud, "demo", "First Light", told, now_ms())

    def _await_rules(self) -> None:
        end_mono_s = time.monotonic() + self._args.within
        while not self._rules_known():
            self._must_go_on(end_mono_s, "The rule did not reach the cloud")
            time.sleep(0.05)

    def _rules_known(self) -> int:
        with self._cloud.log.read() as session:
            return rules_known(session.connection())

    def _listen(self, url: str) -> None:
        """Hear the page's news as a browser does."""
        with httpx.stream("GET", f"{url}/api/live/events", timeout=None) as answer:
            for state in _states(answer.iter_lines()):
                with self._news:
                    self._marks.append(state["alerts"]["mark"])
                    self._news.notify_all()

    def _await_news(self, seen: str) -> str:
        """Wait, as the page's script does, until alerts stand otherwise than they did."""
        with self._news:
            self._news.wait_for(lambda: self._marks[-1] != seen, self._args.within)
            return self._marks[-1]

    def _await_alert(self, client: httpx.Client, card_id: str, began_mono_s: float) -> None:
        while True:
            self._seen = self._await_news(self._seen)
            told = client.get("/api/alerts").json()
            if any(alert["card_id"] == card_id for alert in told["open"]):
                return
            self._must_go_on(began_mono_s + self._args.within, "The alert did not reach the page")

    def _must_go_on(self, end_mono_s: float, problem: str) -> None:
        if time.monotonic() > end_mono_s:
            raise CounterscanError(f"{problem} within {self._args.within:g} s.")


def _states(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The states that a page's server-sent events tell."""
    event = ""
    for line in lines:
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: ") and event in ("state", "snapshot"):
            told = json.loads(line.removeprefix("data: "))
            yield told if event == "state" else told["state"]
