"""Prices from a CSV file: game,set,card_id,finish,condition,currency,amount,source,as_of."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from scanner.config_sources import wish_of
from scanner.errors import CounterscanError
from scanner.price_feed import PriceTold
from scanner.prices import read_money
from scanner.tables import utc_now
from sync.protocol import PriceGroup

COLUMNS = ("game", "set", "card_id", "finish", "condition", "currency", "amount", "source", "as_of")
_CLOCKS_DIFFER = timedelta(days=1)


class PriceFileError(CounterscanError, ValueError):
    """A file of prices can't be read; the message names the line."""


def read_price_file(file: Path) -> dict[tuple[str, str], list[PriceTold]]:
    """Read the prices by game and set. Raises `PriceFileError`; then nothing of the file counts."""
    found: dict[tuple[str, str], list[PriceTold]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            missing = set(COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise PriceFileError(f"{file}: the column {sorted(missing)[0]} is missing.")
            for row in reader:
                try:
                    price = _price(row)
                except ValueError as error:  # ValidationError is one
                    reason = _reason(error, row)
                    raise PriceFileError(f"{file}, line {reader.line_num}: {reason}.") from None
                found.setdefault((row["game"], row["set"]), []).append(price)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PriceFileError(f"{file}: it can't be read: {error}.") from None
    return found


def _reason(error: ValueError, row: dict[str, str]) -> str:
    """What is wrong in a row, by the name of its column."""
    if not isinstance(error, ValidationError):
        return str(error).splitlines()[0].rstrip(".")
    first = error.errors(include_url=False, include_context=False)[0]
    column = {"cards": "card_id", "amounts": "amount"}.get(str(first["loc"][0]), first["loc"][0])
    return f"{column} is {row.get(str(column))!r} but {wish_of(first)}"


def _price(row: dict[str, str]) -> PriceTold:
    money = read_money(f"{row['amount']} {row['currency']}")
    try:
        as_of = datetime.fromisoformat(row["as_of"])
    except ValueError:
        raise ValueError(
            f"as_of is {row['as_of']!r} but must be a time such as 2026-05-01T06:00:00Z"
        ) from None
    if not money.amount_minor:
        raise ValueError("amount is 0: leave out what has no price")
    checked = PriceGroup.model_validate(
        {
            "source": row["source"],
            "currency": money.currency,
            "finish": row["finish"],
            "condition": row["condition"],
            "as_of": as_of,
            "cards": [row["card_id"]],
            "amounts": [money.amount_minor],
        }
    )
    if checked.as_of > utc_now() + _CLOCKS_DIFFER:
        # It would stand before every price that is told until then.
        raise ValueError(f"as_of is {row['as_of']!r} but must not be still to come")
    return PriceTold(
        row["card_id"], checked.finish, checked.condition, checked.currency, money.amount_minor,
        checked.source, checked.as_of.astimezone(UTC),
    )  # fmt: skip
