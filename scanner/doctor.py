"""`counterscan doctor`: looks at this machine and says, for each trouble, what to do about it."""

from __future__ import annotations

import argparse
import json
import sys

from scanner.doctor_checks import CHECKS, Check, Status
from scanner.doctor_hardware import HARDWARE_CHECKS

_MARKS = {Status.GOOD: "ok  ", Status.NOTE: "note", Status.BAD: "BAD "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print every check; return 1 if something essential fails, else 0."""
    checks = [check(args.settings) for check in (*CHECKS, *HARDWARE_CHECKS)]
    bad = [check for check in checks if check.status is Status.BAD]
    if args.json:
        shown = [
            {"name": c.name, "status": c.status, "found": c.found, "remedy": c.remedy}
            for c in checks
        ]
        print(json.dumps({"ok": not bad, "checks": shown}, indent=2))
    else:
        _print(checks)
    if bad:
        names = ", ".join(check.name for check in bad)
        print(f"counterscan: this machine can't scan yet; see {names} above.", file=sys.stderr)
    return 1 if bad else 0


def _print(checks: list[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{_MARKS[check.status]}  {check.name:<{width}}  {check.found}")
        if check.remedy:
            print(f"      {'':<{width}}  → {check.remedy}")
