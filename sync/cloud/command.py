"""`counterscan cloud …`: the cloud's end."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from scanner.config import Settings
from sync.cloud.broker import access_list
from sync.cloud.price_file import read_price_file
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from sync.pairing import read_pairing

PAIRING = "cloud.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be done."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    serve = actions.add_parser("serve", help="take in what devices send, and publish prices")
    serve.add_argument(
        "--pairing", type=Path, metavar="FILE",
        help="address and password of the broker (default: cloud.toml in the data folder)",
    )  # fmt: skip
    prices = actions.add_parser("prices", help="take prices in from a CSV file")
    prices.add_argument("file", type=Path, help="the CSV file; docs/SYNC.md names its columns")
    acl = actions.add_parser("broker-acl", help="print the access list that Mosquitto needs")
    acl.add_argument("--cloud-user", default="cloud", metavar="NAME", help="the cloud's own user")


def run(args: argparse.Namespace) -> int:
    """Do it. Raises CounterscanError with what to do."""
    settings: Settings = args.settings
    if args.action == "broker-acl":
        print(access_list(args.cloud_user), end="")
        return 0
    if args.action == "prices":
        return _take_prices(settings, args.file)
    pairing = read_pairing(args.pairing or settings.data_dir / PAIRING)
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: signals.append(number))
    with CloudStore(settings.data_dir) as store:
        CloudService(store, pairing).run(lambda: bool(signals))
    return 0


def _take_prices(settings: Settings, file: Path) -> int:
    told = read_price_file(file)
    with CloudStore(settings.data_dir) as store:
        changed = sum(
            tell_prices(store, game, set_name, prices, now_ms())
            for (game, set_name), prices in told.items()
        )
    print(f"{sum(map(len, told.values()))} prices of {len(told)} sets read, {changed} changed")
    return 0
