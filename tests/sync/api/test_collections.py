"""What devices have scanned is added up day by day, by the prices of each day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.cloud.api.collections import DAYS, value_collections
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import JOBS, JobContext, Outcome, run_if_due
from sync.cloud.store import Arrived
from sync.protocol import AlertRules
from sync.protocol_rows import (
    BatchRow,
    BatchRows,
    ScanRow,
    ScanRows,
    StockChangeRow,
    StockChangeRows,
    StockEditRow,
    StockEditRows,
)
from tests.sync.api.conftest import Cloud
from tests.sync.api.test_cards import price, tell
from tests.sync.test_wire import LOG

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays the day on which these tests began, though they may last until after midnight."""
    monkeypatch.setattr("sync.cloud.api.collection_routes.utc_now", lambda: NOON)


def batch(cloud: Cloud, device: str, number: int, mode: str = "scan") -> None:
    row = BatchRow(id=number, created_at=NOON, name="Box", driver="simulated", mode=mode)
    message = BatchRows(log=LOG, after=number - 1, rows=[row])
    cloud.store.take([Arrived(device, "batch", message)])  # type: ignore[arg-type]


def scan(cloud: Cloud, device: str, number: int, days_ago: int, **words: Any) -> None:
    facts = {"decision": "accepted", "card_id": "base1-4", "finish": "normal", "batch_id": 1}
    row = ScanRow(
        id=number, created_at=NOON - timedelta(days=days_ago), game="pokemon", sequence=number,
        **{**facts, **words},
    )  # fmt: skip
    message = ScanRows(log=LOG, after=number - 1, rows=[row])
    cloud.store.take([Arrived(device, "scan", message)])  # type: ignore[arg-type]


def worth(told: Any) -> tuple[int, int, int]:
    """Cards, cards with a price, and what they amount to in euros."""
    [total] = told["totals"]
    assert (total["currency"], total["priced"]) == ("EUR", told["priced"])
    return told["cards"], told["priced"], total["amount_minor"]


def test_a_collection_is_worth_what_its_cards_were_worth_each_day(either_api: Cloud) -> None:
    batch(either_api, "counter-1", 1)
    batch(either_api, "counter-1", 2, "offer")
    scan(either_api, "counter-1", 1, 3)
    scan(either_api, "counter-1", 2, 1)
    scan(either_api, "counter-1", 3, 1, finish="unknown")
    scan(either_api, "counter-1", 4, 1, finish="holo", card_id="base1-9")
    scan(either_api, "counter-1", 5, 1, decision="review")
    scan(either_api, "counter-1", 6, 1, batch_id=2)
    scan(either_api, "counter-2", 1, 50)
    tell(
        either_api, price("base1-4", 1000, NOON - timedelta(days=90)),
        price("base1-4", 900, NOON - timedelta(days=2)),
        price("base1-4", 5000, NOON - timedelta(days=2), "holo"),
        price("base1-4", 1100, NOON),
        price("base1-4", 1, NOON, source="ebay"),
    )  # fmt: skip
    assert value_collections(either_api.store, "EUR", NOON) == 2 * DAYS
    reader, _ = either_api.key()
    one, two = reader.told("/api/v1/collections?days=5")["collections"]
    assert [worth(day) for day in one["days"]] == [
        (0, 0, 0), (1, 1, 1000), (1, 1, 900), (4, 3, 2700), (4, 3, 3300)
    ]  # fmt: skip
    assert (one["device"], worth(one)) == ("counter-1", (4, 3, 3300))
    assert [worth(day)[2] for day in two["days"]] == [1000, 1000, 900, 900, 1100]
    assert one["days"][-1]["day"] == f"{NOON:%Y-%m-%d}"

    scan(either_api, "counter-1", 7, 0)
    value_collections(either_api.store, "EUR", NOON + timedelta(hours=3))
    told = reader.told("/api/v1/collections?days=1&device=counter-1")
    assert worth(told["collections"][0]) == worth(told) == (5, 4, 4400)
    assert worth(reader.told("/api/v1/collections")) == (6, 5, 5500)


def test_each_devices_collection_is_worth_what_its_own_order_of_sources_says(
    either_api: Cloud,
) -> None:
    for device in ("counter-1", "counter-2"):
        batch(either_api, device, 1)
        scan(either_api, device, 1, 1)
    at = NOON - timedelta(days=9)
    tell(either_api, price("base1-4", 1000, at), price("base1-4", 700, at, source="cardmarket"))
    own = AlertRules(log=LOG, version=0, rules=[], sources=["cardmarket"])
    either_api.store.take_alert_rules("counter-1", own)
    value_collections(either_api.store, "EUR", NOON)
    one, two = either_api.key()[0].told("/api/v1/collections")["collections"]
    assert (worth(one), worth(two)) == ((1, 1, 700), (1, 1, 1000))


def test_what_a_device_tells_late_is_in_the_days_to_which_it_belongs(cloud: Cloud) -> None:
    batch(cloud, "counter-1", 1)
    scan(cloud, "counter-1", 1, 2)
    tell(cloud, price("base1-4", 1000, NOON - timedelta(days=90)))
    value_collections(cloud.store, "EUR", NOON)
    scan(cloud, "counter-1", 2, 2)
    value_collections(cloud.store, "EUR", NOON)
    [one] = cloud.key()[0].told("/api/v1/collections?days=4")["collections"]
    assert [worth(day)[2] for day in one["days"]] == [0, 2000, 2000, 2000]


def remove(cloud: Cloud, number: int, scan_id: int, removed: str, undoes: int = 0) -> None:
    at = {"id": number, "created_at": NOON - timedelta(days=1)}
    change = StockChangeRow(**at, kind="undone" if undoes else "edited", undoes=undoes)
    edit = StockEditRow(**at, change_id=number, scan_id=scan_id, removed=removed)
    for stream, message in (
        ("stock_change", StockChangeRows(log=LOG, after=number - 1, rows=[change])),
        ("stock_edit", StockEditRows(log=LOG, after=number - 1, rows=[edit])),
    ):
        cloud.store.take([Arrived("counter-1", stream, message)])  # type: ignore[arg-type]


def test_a_card_that_was_sold_counts_no_more_unless_it_was_put_back(either_api: Cloud) -> None:
    batch(either_api, "counter-1", 1)
    for number in (1, 2, 3):
        scan(either_api, "counter-1", number, 3)
    remove(either_api, 1, 1, "sold")
    remove(either_api, 2, 2, "sold")
    remove(either_api, 3, 2, "")
    remove(either_api, 4, 3, "sold")
    remove(either_api, 5, 2, "", undoes=4)
    tell(either_api, price("base1-4", 1000, NOON - timedelta(days=90)))
    value_collections(either_api.store, "EUR", NOON)
    [one] = either_api.key()[0].told("/api/v1/collections?days=3")["collections"]
    assert [worth(day) for day in one["days"]] == [(3, 3, 3000), (2, 2, 2000), (2, 2, 2000)]


def test_the_jobs_of_the_api_run(cloud: Cloud) -> None:
    batch(cloud, "counter-1", 1)
    scan(cloud, "counter-1", 1, 3, name="Charizard")
    context = JobContext(cloud.store, CloudConfig(), NOON)
    for name in ("cards", "movers", "collections"):
        assert name in JOBS
        assert run_if_due(name, context) is Outcome.DONE
    reader, _ = cloud.key()
    assert reader.told("/api/v1/cards?q=chariz")["cards"][0]["card_id"] == "base1-4"
    [collection] = reader.told("/api/v1/collections")["collections"]
    assert (collection["cards"], collection["priced"]) == (1, 0)
