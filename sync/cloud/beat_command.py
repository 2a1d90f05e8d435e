"""`counterscan cloud beat`: asks for every job when it may be due; there is one such process."""

from __future__ import annotations

import argparse

from kombu.exceptions import OperationalError

from scanner.config import Settings
from scanner.errors import CounterscanError
from sync.cloud.jobs import JOBS
from sync.cloud.opening import add_config_argument, config_of
from sync.cloud.queue import ASK_EVERY_S, TASK, make_queue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Ask until told to end. Raises CounterscanError with what to do."""
    settings: Settings = args.settings
    queue = make_queue(config_of(args), settings.data_dir)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        for name in JOBS:  # what was due while nobody asked waits no longer
            queue.send_task(TASK, (name,), expires=ASK_EVERY_S, retry=False)
    except OperationalError as error:
        raise CounterscanError(f"The Redis of cloud.toml can't be reached: {error}.") from error
    beat = queue.Beat(
        schedule=str(settings.data_dir / "beat"), loglevel=settings.log_level, pidfile=None
    )
    beat.run()
    return 0
