"""`counterscan cloud prices FILE`: prices from a CSV file."""

from __future__ import annotations

import argparse
from pathlib import Path

from sync.cloud.opening import add_config_argument, config_of, open_store
from sync.cloud.price_file import read_price_file
from sync.cloud.prices import now_ms, tell_prices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a CSV file; docs/SYNC.md says how")
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Take them in. Raises CounterscanError with what to do; then none was."""
    told = read_price_file(args.file)
    with open_store(args, config_of(args)) as store:
        changed = sum(
            tell_prices(store, game, set_name, prices, now_ms())
            for (game, set_name), prices in told.items()
        )
    print(f"{sum(map(len, told.values()))} prices of {len(told)} sets read, {changed} changed")
    return 0
