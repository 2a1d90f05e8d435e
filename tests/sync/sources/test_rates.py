from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from scanner.prices import Money
from sync.cloud.rates import Rate, RateError, convert, put_rates, rates_between, read_rates
from sync.cloud.store import CloudStore

DAY = date(2026, 5, 1)
RATES = [
    Rate(date(2026, 4, 30), "EUR", "USD", Decimal("1.20"), "central bank"),
    Rate(DAY, "EUR", "USD", Decimal("1.25"), "central bank"),
    Rate(DAY, "EUR", "JPY", Decimal("160.4"), "central bank"),
]


def test_a_converted_amount_says_so() -> None:
    found = convert(Money(1000, "USD"), "EUR", RATES, DAY)
    assert found is not None
    assert (found.money, found.was) == (Money(800, "EUR"), Money(1000, "USD"))
    assert str(found) == ("8.00 EUR (converted from 10.00 USD at 1.25 of 2026-05-01, central bank)")


def test_currencies_without_cents() -> None:
    found = convert(Money(250, "EUR"), "JPY", RATES, DAY)
    assert found is not None
    assert found.money == Money(401, "JPY")
    back = convert(Money(401, "JPY"), "EUR", RATES, DAY)
    assert back is not None
    assert back.money == Money(250, "EUR")


def test_no_rate_is_made_up() -> None:
    assert convert(Money(1, "USD"), "JPY", RATES, DAY) is None
    assert convert(Money(1, "EUR"), "USD", RATES, date(2026, 4, 1)) is None
    assert convert(Money(1, "EUR"), "EUR", RATES, DAY) is None


def test_rates_are_kept(cloud_store: CloudStore, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(
        "day,base,quote,rate,source\n2026-05-01,eur,USD,1.25,bank\n2026-05-01,EUR,USD,1.26,bank\n"
        "2026-04-30,EUR,USD,1.2,bank\n2026-05-01,EUR,GBP,0.86,bank\n"
    )
    put_rates(cloud_store, read_rates(file))
    found = rates_between(cloud_store, "USD", "EUR")
    assert [(rate.day.day, str(rate.rate)) for rate in found] == [(1, "1.26"), (30, "1.2")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026-05-01,EUR,USD,-1,bank", "above 0"),
        ("2026-05-01,EUR,USD,NaN,bank", "above 0"),
        ("2026-05-01,EUR,USD,x,bank", "no number"),
        ("2026-05-01,EURO,USD,1,bank", "no currency"),
        ("2026-05-01,EUR,EUR,1,bank", "same currency"),
        ("2026-05-01,EUR,USD,1,", "no source"),
        ("yesterday,EUR,USD,1,bank", "line 2"),
        ("2026-05-01,EUR", "line 2"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, row: str, said: str) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(f"day,base,quote,rate,source\n{row}\n")
    with pytest.raises(RateError, match=said):
        read_rates(file)
