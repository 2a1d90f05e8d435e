"""What the tests of alerts share: prices and rules in the cloud, and a device's page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scanner.price_feed import PriceTold
from scanner.store import Store
from scanner.store_alerts import CardAlert
from sync.cloud import alert_store
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import CloudStore
from sync.protocol import AlertRules

AS_OF = datetime(2026, 5, 1, 6, tzinfo=UTC)
NAME = "0123456789abcdef"


class NoFacts:
    def facts_of(self, game: str, card_id: str) -> dict[str, str]:
        return {}


def price(
    amount_minor: int,
    day: int,
    card: str = "card-1",
    source: str = "tcgcsv",
    finish: str = "normal",
) -> PriceTold:
    as_of = AS_OF + timedelta(days=day)
    return PriceTold(card, finish, "NM", "EUR", amount_minor, source, as_of)


def tell(cloud: CloudStore, *prices: PriceTold) -> None:
    tell_prices(cloud, "demo", "First Light", prices, now_ms())


def asked(*rules: dict[str, Any], version: int = 1, **lists: list[str]) -> AlertRules:
    every = [{"name": f"Rule {number}", "only_scanned": False, **rule}
             for number, rule in enumerate(rules)]  # fmt: skip
    return AlertRules(log=NAME, version=version, rules=every, lists=lists)


def raised(cloud: CloudStore) -> list[tuple[str, str, str]]:
    with cloud.log.read() as session:
        rows = alert_store.alerts_after(session.connection(), 0, 1000)
    return [(row["rule"], row["card_id"], row["text"]) for row in rows]


def close_all(cloud: CloudStore) -> None:
    with cloud.log.write() as session:
        connection = session.connection()
        rows = alert_store.alerts_after(connection, 0, 1000)
        alert_store.close(connection, "page", [(row["key"], "Ada", AS_OF) for row in rows])


ABOVE = {"cause": "above", "amount": "20 EUR"}


class Page:
    """What the page of one device does."""

    def __init__(self, data_dir: Path) -> None:
        self.store = Store.open(data_dir, role="web")

    def add_rule(self, name: str, **rule: Any) -> None:
        self.store.add_rule_set("alert", name, {"name": name, **rule})

    def open(self) -> list[CardAlert]:
        return self.store.open_alerts(100)

    def close_all(self, by: str = "Ada") -> None:
        self.store.close_alerts([alert.key for alert in self.open()], by)
