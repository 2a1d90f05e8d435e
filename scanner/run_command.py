"""`counterscan run`: feed loop, page and, if paired, sync on one laptop, a process each.

On the appliance systemd does this with one unit each.
"""

from __future__ import annotations

import argparse
import signal
import sys

from scanner.commands import global_arguments
from scanner.config import Settings
from scanner.supervisor import Child, Supervisor

PROCESSES = ("feed", "web")
PAIRED = "sync"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: `run` has the global options alone, and hands them on."""
    parser.epilog = (
        "The exchange with the cloud too, as soon as this device is paired. Ctrl-C stops all."
    )


def run(args: argparse.Namespace) -> int:
    """Keep them alive until SIGINT, SIGTERM or a closed terminal; return the exit code."""
    # A list, not a threading.Event: its lock could be held by the very code a signal interrupts.
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: signals.append(number))
    command = [sys.executable, "-m", "scanner.cli", *global_arguments(args)]
    settings: Settings = args.settings

    def is_paired() -> bool:
        return settings.sync.file(settings.data_dir).exists()

    children = [Child(name, [*command, name]) for name in PROCESSES]
    children.append(Child(PAIRED, [*command, PAIRED], needed=False, is_wanted=is_paired))
    return Supervisor(children, stopping=lambda: bool(signals)).run()
