"""`counterscan bench sync`: device and cloud apart again and again; every scan there exactly once.

Both ends are processes of their own behind a proxy each, with a real Mosquitto between them. Their
connections are cut, the broker is stopped and killed, either end is killed, and messages come again
in any order, while scans and corrections go on being made. In the end the cloud must have what the
device has.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scanner.errors import UsageError
from sync.bench_broker import CLOUD, Broker, write_pairing
from sync.bench_log import FilledLog, differences, rows_in, scans_in
from sync.bench_postgres import PostgresServer
from sync.bench_proxy import Proxy
from sync.bench_repeats import Repeats
from sync.cloud.store import CloudStore

DEVICE = "counter-1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench sync`."""
    parser.add_argument("--scans", type=int, default=50_000)
    parser.add_argument("--faults", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--within", type=float, default=300.0, metavar="S", help="give up after")
    parser.add_argument(
        "--postgres", action="store_true", help="the cloud on PostgreSQL, with an ingest worker"
    )
    parser.add_argument(
        "--namespaces",
        action="store_true",
        help="device and cloud in network namespaces of their own, cut in silence; as root",
    )
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Run it, and say what came of it; 1 where the two ends differ."""
    if args.scans < 1 or args.faults < 0:
        raise UsageError("--scans must be at least 1, and --faults 0 or more")
    if args.namespaces and args.postgres:
        raise UsageError("--namespaces and --postgres don't go together")
    with tempfile.TemporaryDirectory() as folder:
        asked: dict[str, Any] = {
            "scans": args.scans, "faults": args.faults, "seed": args.seed, "within_s": args.within
        }  # fmt: skip
        if args.namespaces:
            from sync.bench_apart import run_apart

            report = run_apart(Path(folder), **asked)
        else:
            report = run_partition(Path(folder), postgres=args.postgres, **asked)
    if args.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key:<14} {value}")
    return 1 if report["differences"] else 0


def run_partition(
    folder: Path, *, scans: int, faults: int, seed: int, within_s: float, postgres: bool = False
) -> dict[str, Any]:
    """Make scans and faults, wait until both ends agree, and report."""
    began_mono_s = time.monotonic()
    chance = random.Random(seed)
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder / "broker", (DEVICE,)))
        proxies = [stack.enter_context(Proxy(broker.port)) for _ in range(2)]
        log = FilledLog(folder / "device", seed)
        stack.callback(log.close)
        url = stack.enter_context(PostgresServer()).new_database() if postgres else ""
        ends = [
            End("device", folder / "device", proxies[0].port, DEVICE),
            End("cloud", folder / "cloud", proxies[1].port, CLOUD, url),
        ]
        if postgres:
            ends.append(End("worker-1", folder / "cloud", proxies[1].port, CLOUD, url))
        for end in ends:
            stack.callback(end.kill)
            end.start()
        mischief: dict[str, Callable[[], None]] = {
            "device cut": proxies[0].cut,
            "cloud cut": proxies[1].cut,
            "broker stopped": broker.restart,
            "broker killed": broker.crash,
            "device killed": ends[0].restart,
            "cloud killed": ends[-1].restart,
            "sent again": Repeats(folder / "device", broker.port, DEVICE, chance).send,
        }
        order = list(mischief)
        steps = max(faults, 1)
        for step in range(steps):
            log.add_scans(scans * (step + 1) // steps - scans * step // steps)
            log.add_corrections(5)
            time.sleep(chance.uniform(0.1, 0.6))
            if faults:
                name = order[step] if step < len(order) else chance.choice(order)
                counts[name] = counts.get(name, 0) + 1
                mischief[name]()
        made_s = time.monotonic() - began_mono_s
        cloud = stack.enter_context(CloudStore(folder / "cloud", url))
        wanted = rows_in(folder / "device")
        end_mono_s = time.monotonic() + within_s
        while scans_in(cloud) < wanted and time.monotonic() < end_mono_s:
            time.sleep(0.1)
        healed_s = time.monotonic() - began_mono_s - made_s
        return {
            "scans": scans,
            "faults": counts,
            "differences": differences(folder / "device", cloud, DEVICE),
            "healed_s": round(healed_s, 1),
            "up_bytes": proxies[0].up_bytes,
        }


class End:
    """One end's process."""

    def __init__(
        self, end: str, folder: Path, port: int, user: str, url: str = "", *,
        host: str = "127.0.0.1", prefix: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """`prefix` comes before the command: where it runs."""
        pairing = write_pairing(folder.parent / f"{end}.toml", port, user, host=host)
        words = ("-m", "sync.bench_ends", end, str(folder), str(pairing))
        self._command = [*prefix, sys.executable, *words]
        self._command += [url] if url else []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(self._command)

    @property
    def process_id(self) -> int:
        """The number of its process, once started."""
        assert self._process is not None
        return self._process.pid

    def end(self) -> None:
        """Stop it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        """Kill it, if it runs, without a chance to write anything."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill and start."""
        self.kill()
        self.start()
