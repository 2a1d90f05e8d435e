"""Looks at this machine from outside and says, for each trouble, what to do about it.

`counterscan doctor` (`firmware/doctor.py`) tries the parts themselves, too.
"""

from __future__ import annotations

import argparse
import json
import sys

from scanner.config import Settings
from scanner.doctor_checks import CHECKS, Check, Status
from scanner.doctor_cloud import CLOUD_CHECKS
from scanner.doctor_hardware import HARDWARE_CHECKS
from scanner.doctor_services import check_services

_MARKS = {Status.GOOD: "ok  ", Status.NOTE: "note", Status.BAD: "BAD "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print every check; return 1 if something essential fails, else 0."""
    return report(core_checks(args.settings), as_json=args.json)


def core_checks(settings: Settings) -> list[Check]:
    """Everything that can be told without a driver."""
    return [check(settings) for check in (*CHECKS, check_services, *CLOUD_CHECKS, *HARDWARE_CHECKS)]


def report(checks: list[Check], *, as_json: bool) -> int:
    """Print what was found; return 1 if something essential fails, else 0."""
    bad = [check for check in checks if check.status is Status.BAD]
    if as_json:
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
