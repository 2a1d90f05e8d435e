"""`counterscan cloud worker`: runs the jobs that `cloud beat` asks for, and judges prices.

Prices are judged for alerts in a process of its own: people wait for alerts, jobs may take long.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanner.config import Settings
from scanner.errors import UsageError
from scanner.logs import setup_logging
from sync.cloud.config import CloudConfig
from sync.cloud.opening import add_config_argument, config_of, open_store
from sync.cloud.queue import ALERTS_QUEUE, QUEUE, make_queue

log = logging.getLogger(__name__)

_QUIET = ("--without-gossip", "--without-mingle")
_CHATTY = ("celery.worker.strategy", "celery.app.trace")
_END_WITHIN_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="how many run at once (default: 2)"
    )
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Work until told to end. Raises CounterscanError with what to do."""
    if args.jobs < 1:
        raise UsageError("--jobs must be 1 or more")
    settings: Settings = args.settings
    config = config_of(args)
    queue = make_queue(config, settings.data_dir)
    open_store(args, config).log.close()  # what is wrong with it is told here, and once
    with _judging(config, settings):
        queue.worker_main([
            "worker", f"--queues={QUEUE}", f"--concurrency={args.jobs}",
            f"--loglevel={settings.log_level}", *_QUIET,
        ])  # fmt: skip
    return 0


@contextmanager
def _judging(config: CloudConfig, settings: Settings) -> Iterator[None]:
    """Run the process that judges prices beside; without it this one ends, and is started anew."""
    words = (config, settings.data_dir, settings.log_level, settings.log_format == "json")
    # Not a daemon: it would not be asked to end, and could be cut off in the middle.
    process = multiprocessing.get_context("spawn").Process(target=judge_prices, args=words)
    process.start()
    ending = threading.Event()

    def follow() -> None:
        process.join()
        if not ending.is_set():
            log.error("the process that judges prices has ended (%s)", process.exitcode)
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="follow-alerts", daemon=True).start()
    try:
        yield
    finally:
        ending.set()
        process.terminate()
        process.join(_END_WITHIN_S)
        if process.is_alive():
            process.kill()


def judge_prices(config: CloudConfig, data_dir: Path, log_level: str, as_json: bool) -> None:
    """The process: judges prices for alerts as `cloud serve` asks, one after another."""
    setup_logging(log_level, as_json=as_json)
    for name in _CHATTY if log_level != "debug" else ():
        logging.getLogger(name).setLevel(logging.WARNING)
    make_queue(config, data_dir).worker_main([
        "worker", "--pool=solo", f"--queues={ALERTS_QUEUE}", "--hostname=alerts@%h",
        f"--loglevel={log_level}", *_QUIET,
    ])  # fmt: skip
