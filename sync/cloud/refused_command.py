"""`counterscan cloud refused`: the rows that the cloud could not use, and why."""

from __future__ import annotations

import argparse

from sync.cloud.opening import add_config_argument, config_of, open_store
from sync.cloud.refused import count_refused, newest_refused


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be shown."""
    add_config_argument(parser)
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="rows at most (100)")


def run(args: argparse.Namespace) -> int:
    """List them, the newest first. Raises CounterscanError with what to do."""
    with open_store(args, config_of(args)) as store:
        for row in newest_refused(store, max(args.limit, 1)):
            at = f"{row.created_at:%F %R} UTC"
            print(f"{at} {row.device}: {row.stream} {row.id}: {row.reason}")
        print(f"{count_refused(store)} rows are kept aside.")
    return 0
