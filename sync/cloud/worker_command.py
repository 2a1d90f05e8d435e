"""`counterscan cloud worker`: runs the jobs that `cloud beat` asks for."""

from __future__ import annotations

import argparse

from scanner.config import Settings
from scanner.errors import UsageError
from sync.cloud.opening import add_config_argument, config_of, open_store
from sync.cloud.queue import make_queue


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
    queue.worker_main([
        "worker", f"--concurrency={args.jobs}", f"--loglevel={settings.log_level}",
        "--without-gossip", "--without-mingle",
    ])  # fmt: skip
    return 0
