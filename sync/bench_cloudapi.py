"""`counterscan bench cloudapi`: search and price history of the cloud's API on PostgreSQL.

Loads made-up cards and price changes, asks over HTTP as programs do, one after another and several
at once, and looks whether the plans use the indexes. Then a day of a shop's programs: few cards are
asked for often, prices change now and then; how many answers had not to be made anew.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from sync.bench_cloud_rows import Rows, plan_of_history, plan_of_search
from sync.bench_postgres import PostgresServer
from sync.cloud.api.app import services
from sync.cloud.api.server import ApiServer
from sync.cloud.config import CloudConfig
from sync.cloud.config_api import HttpSettings
from sync.cloud.store import CloudStore

BAR_MS = 50.0
_SETTINGS = ("shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min")
_AT_ONCE = 4
_SEED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench cloudapi`."""
    parser.add_argument("--cards", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=10_000_000, help="price changes")
    parser.add_argument("--asks", type=int, default=400, help="requests of each kind")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 1 where a bar is missed or a plan passes over the index."""
    with (
        TemporaryDirectory() as folder,
        PostgresServer(durable=True, extra=_SETTINGS) as server,
        CloudStore(Path(folder), server.new_database()) as store,
    ):
        report = _measured(store, args.cards, args.rows, args.asks)
    if args.json:
        print(json.dumps(report))
    else:
        plans = report["plans"]
        for key, value in report.items():
            if key != "plans":
                print(f"{key:<34} {value}")
        if not report["plans_use_indexes"]:
            print(*(f"{name}:\n{plan}" for name, plan in plans.items()), sep="\n")
    misses = [key for key, value in report.items() if key.endswith("p95_ms") and value > BAR_MS]
    return 1 if misses or not report["plans_use_indexes"] else 0


def _measured(store: CloudStore, cards: int, rows: int, asks: int) -> dict[str, Any]:
    began_mono_s = time.monotonic()
    made = Rows(store, cards, rows, random.Random(_SEED))
    made.load()
    report: dict[str, Any] = {
        "cards": cards, "price_rows": made.count(),
        "loading_s": round(time.monotonic() - began_mono_s, 1),
        "database_mb": made.size_mb(),
        "load_average": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    plans = {"search": plan_of_search(store), "history": plan_of_history(store, made.card_id(7))}
    report["plans_use_indexes"] = use_indexes(**plans)
    report["plans"] = plans
    with ApiServer(store, CloudConfig(http=HttpSettings(port=0))) as server:
        keys = services(server.app).gate.keys
        _, secret = keys.make("bench", "reader", "bench", 60_000, 0)
        asker = _Asker(f"http://127.0.0.1:{server.port}", secret)
        for name, paths in (
            ("search", made.searches()), ("history", made.histories()), ("card", made.cards_asked())
        ):  # fmt: skip
            report |= _times(name, asker, [next(paths) for _ in range(asks)])
        report |= _at_once(asker, made, asks)
        report |= _hit_rate(server, asker, made, 10 * asks)
    return report


def use_indexes(search: str, history: str) -> bool:
    """Whether no table is read from end to end, but for the last part, which is empty."""
    whole = history.replace("Seq Scan on price_change_other", "")
    return "ix_card_words" in search and "Seq Scan" not in search + whole and "Index" in whole


class _Asker:
    """A program with a key, over one connection."""

    def __init__(self, address: str, secret: str) -> None:
        self.client = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {secret}"}, timeout=60
        )

    def ask(self, path: str, tag: str = "") -> tuple[float, httpx.Response]:
        """Milliseconds, and the answer."""
        began_ns = time.perf_counter_ns()
        answer = self.client.get(path, headers={"If-None-Match": tag} if tag else {})
        took_ms = (time.perf_counter_ns() - began_ns) / 1e6
        if answer.status_code not in (200, 304):
            answer.raise_for_status()
        return took_ms, answer


def _times(name: str, asker: _Asker, paths: Sequence[str]) -> dict[str, Any]:
    asker.ask(paths[0])
    began_cpu_s = time.process_time()
    took_ms = [asker.ask(path)[0] for path in paths[1:]]
    cpu_ms = 1000 * (time.process_time() - began_cpu_s) / len(took_ms)
    return {
        f"{name}_p50_ms": _percentile(took_ms, 50),
        f"{name}_p95_ms": _percentile(took_ms, 95),
        # Of asker and API together: what an answer costs however busy the computer is.
        f"{name}_cpu_ms": round(cpu_ms, 2),
    }


def _at_once(asker: _Asker, made: Rows, asks: int) -> dict[str, Any]:
    """Several programs at once, search and history in turn; what they wait for is one another."""
    searches, histories = made.searches(), made.histories()
    paths = [next(searches if at % 2 else histories) for at in range(asks)]
    began_mono_s = time.monotonic()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        took_ms = [took for took, _ in pool.map(asker.ask, paths)]
    whole_s = time.monotonic() - began_mono_s
    return {
        f"{_AT_ONCE}_at_once_p95": _percentile(took_ms, 95),
        f"{_AT_ONCE}_at_once_answers_per_s": round(len(paths) / whole_s, 1),
    }


def _hit_rate(server: ApiServer, asker: _Asker, made: Rows, asks: int) -> dict[str, Any]:
    """Few cards are asked for often, by programs that keep what they were told."""
    before = _counts(server)
    tags: dict[str, str] = {}
    popular = made.popular(asks)
    for at, path in enumerate(popular):
        if at % (asks // 4) == asks // 8:
            made.change_a_price()
            time.sleep(1.1)  # how long the API may not notice
        tags[path] = asker.ask(path, tags.get(path, ""))[1].headers["ETag"]
    after = _counts(server)
    made_anew = after["made"] - before["made"]
    not_modified = after["not_modified"] - before["not_modified"]
    return {
        "shop_day_requests": asks,
        "shop_day_not_modified": round(not_modified / asks, 3),
        "shop_day_hit_rate": round(1 - made_anew / asks, 3),
    }


def _counts(server: ApiServer) -> dict[str, float]:
    [metric] = services(server.app).kept.metrics()
    return {labels[0][1]: value or 0.0 for labels, value in metric.values.items()}


def _percentile(values: Sequence[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1], 2)
