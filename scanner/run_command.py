"""`counterscan run`: the feed loop and the page on one laptop, each in a process of its own.

On the appliance systemd does this with one unit each.
"""

from __future__ import annotations

import argparse
import signal
import sys

from scanner.commands import global_arguments
from scanner.supervisor import Child, Supervisor

PROCESSES = ("feed", "web")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: `run` has the global options alone, and hands them on."""
    parser.epilog = "Ctrl-C stops both."


def run(args: argparse.Namespace) -> int:
    """Keep both alive until SIGINT, SIGTERM or a closed terminal; return the exit code."""
    # A list, not a threading.Event: its lock could be held by the very code a signal interrupts.
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: signals.append(number))
    command = [sys.executable, "-m", "scanner.cli", *global_arguments(args)]
    children = [Child(name, [*command, name]) for name in PROCESSES]
    return Supervisor(children, stopping=lambda: bool(signals)).run()
