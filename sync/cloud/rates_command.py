"""`counterscan cloud rates`: what one currency is worth in another, and amounts converted."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from scanner.errors import UsageError
from scanner.prices import read_money
from sync.cloud.opening import add_config_argument, config_of, open_store
from sync.cloud.rates import RateError, convert, put_rates, rates_between, read_rates


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "file", type=Path, nargs="?",
        help="a CSV file with the columns day,base,quote,rate,source to take in",
    )  # fmt: skip
    parser.add_argument("--convert", metavar="AMOUNT", help="an amount, such as '10.00 USD'")
    parser.add_argument("--to", metavar="CURRENCY", help="the currency that it is wanted in")
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Take rates in, convert, or both. Raises CounterscanError with what to do."""
    if args.file is None and args.convert is None:
        raise UsageError("name a file of rates, or an amount with --convert and --to")
    if (args.convert is None) != (args.to is None):
        raise UsageError("--convert and --to belong together")
    rates = read_rates(args.file) if args.file is not None else []
    with open_store(args, config_of(args)) as store:
        put_rates(store, rates)
        if args.file is not None:
            print(f"{len(rates)} rates taken in")
        if args.convert is not None:
            try:
                money = read_money(args.convert)
            except ValueError as error:
                raise UsageError(str(error)) from None
            known = rates_between(store, money.currency, args.to.upper())
            found = convert(money, args.to.upper(), known, datetime.now(UTC).date())
            if found is None:
                raise RateError(
                    f"No rate between {money.currency} and {args.to.upper()} is known: take one "
                    "in with `counterscan cloud rates FILE.csv`."
                )
            print(found)
    return 0
