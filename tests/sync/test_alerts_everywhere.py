"""Alerts between devices and the cloud: on every page, and closed once for everybody."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from scanner.store import Store
from scanner.tables_alerts import AlertRaised
from sync.alerts import receive, rules_message
from sync.bench_broker import Broker
from sync.bench_log import FilledLog
from sync.cloud import alert_store
from sync.cloud.intake import Arrived
from sync.cloud.store import CloudStore
from sync.outbox_message import clipped
from sync.protocol import Alerts
from sync.protocol_rows import rows_model
from tests.sync.alert_kit import (
    AS_OF,
    NAME,
    Page,
    price,
    raised,
    tell,
)
from tests.sync.conftest import DEVICE, OTHER, Running, agent, service, until


@pytest.fixture
def page(filled: FilledLog) -> Iterator[Page]:
    shown = Page(filled.data_dir)
    yield shown
    shown.store.close()


def raise_one(filled: FilledLog, scan_id: int = 1, rule: str = "Chase") -> AlertRaised:
    alert = AlertRaised(rule=rule, cause="seen", scan_id=scan_id, card_id="card-1", game="demo",
                        name="Ember Drake", text="Seen by the scanner.")  # fmt: skip
    filled.raise_alert(alert)
    return alert


def test_a_price_that_crosses_reaches_every_page_with_the_place_of_the_card(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, page: Page, tmp_path: Path,
) -> None:  # fmt: skip
    filled.add_scans(30)
    before = datetime.now(UTC)
    scan = page.store.latest_scans(1)[0]
    filled.accept(scan.id or 0)
    card = page.store.present_answers([scan.id or 0])[scan.id or 0].card_id
    page.add_rule("Dear", cause="above", amount="20 EUR")
    with (
        FilledLog(tmp_path / "other") as other,
        Store.open(other.data_dir, role="sync") as other_store,
    ):
        running.start(service(cloud_store, broker.port))
        running.start(agent(device_store, broker.port))
        running.start(agent(other_store, broker.port, user=OTHER))
        until(lambda: rules_in(cloud_store) == 1)
        until(lambda: scans_of(cloud_store, card) > 0)
        tell(cloud_store, price(1000, 0, card))
        tell(cloud_store, price(3000, 1, card))
        until(lambda: bool(page.open() and other_store.open_alerts(9)))
        alert = page.open()[0]
        assert (alert.rule, alert.card_id, alert.device) == ("Dear", card, "")
        assert alert.price_as_of == AS_OF + timedelta(days=1)
        assert alert.raised_at > before, "raised when the cloud saw it, however old the price"
        assert alert.places == [], "where our own copies lie the stock says"
        assert other_store.open_alerts(9)[0].places[0] == {
            "device": DEVICE, "batch": "Long box", "sequence": scan.sequence, "bin": 0
        }  # fmt: skip
        page.close_all()
        until(lambda: not other_store.open_alerts(9))
        running.stop()
    assert page.open() == []
    assert [(each.closed_by, each.text) for each in page.store.past_alerts(9)] == [
        ("Ada", "30.00 EUR by tcgcsv, before 10.00 EUR: more than 20.00 EUR.")
    ]


def test_acknowledged_on_one_device_is_acknowledged_on_the_other(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, page: Page, tmp_path: Path,
) -> None:  # fmt: skip
    other = FilledLog(tmp_path / "other")
    other.add_scans(1)
    filled.add_scans(3)
    elsewhere = Page(other.data_dir)
    with Store.open(other.data_dir, role="sync") as other_store:
        running.start(service(cloud_store, broker.port))
        first = Running()
        first.start(agent(device_store, broker.port))
        running.start(agent(other_store, broker.port, user=OTHER))
        # The cloud has where the card lies before it hears of the alert.
        until(lambda: device_store.sync_cursors().get("scan", 0) == 3)
        raise_one(filled, 2)
        until(lambda: len(elsewhere.open()) == 1)
        assert elsewhere.open()[0].device == DEVICE
        assert elsewhere.open()[0].places == [
            {"device": DEVICE, "batch": "Long box", "sequence": 2, "bin": 0}
        ]
        first.stop()  # away while somebody acknowledges, and while another alert arises
        elsewhere.close_all("Bo")
        until(lambda: closed_in(cloud_store) == 1)
        raise_one(other, 1, "Other")
        until(lambda: len(raised(cloud_store)) == 2)
        assert len(page.open()) == 1
        running.start(agent(device_store, broker.port))
        until(lambda: [alert.rule for alert in page.open()] == ["Other"])
        gone = page.store.past_alerts(9)[0]
        assert (gone.rule, gone.closed_by, gone.closed_on) == ("Chase", "Bo", OTHER)
        running.stop()
    elsewhere.store.close()
    other.close()


def test_an_alert_that_is_withdrawn_on_one_device_is_closed_on_the_other(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, page: Page, tmp_path: Path,
) -> None:  # fmt: skip
    filled.add_scans(2)
    why = "a correction (Salt Priestess)"
    with (
        FilledLog(tmp_path / "other") as other,
        Store.open(other.data_dir, role="sync") as other_store,
    ):
        running.start(service(cloud_store, broker.port))
        running.start(agent(device_store, broker.port))
        running.start(agent(other_store, broker.port, user=OTHER))
        alert = raise_one(filled)
        until(lambda: len(other_store.open_alerts(9)) == 1)
        filled.withdraw_alert(alert.key, why)
        until(lambda: not other_store.open_alerts(9))
        [gone] = other_store.past_alerts(9)
        assert (gone.closed_by, gone.closed_on) == (why, DEVICE)
        assert page.open() == []
        assert [alert.closed_by for alert in page.store.past_alerts(9)] == [why]
        running.stop()


def test_a_broker_that_forgot_is_told_again(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, page: Page,
) -> None:  # fmt: skip
    filled.add_scans(1)
    page.add_rule("Dear", cause="above", amount="20 EUR", only_scanned=False)
    running.start(service(cloud_store, broker.port))
    device = Running()
    device.start(agent(device_store, broker.port))
    until(lambda: rules_in(cloud_store) == 1)
    device.stop()
    tell(cloud_store, price(3000, 0))
    until(lambda: len(raised(cloud_store)) == 1)
    broker.crash()
    running.start(agent(device_store, broker.port))
    until(lambda: len(page.open()) == 1)


def test_copies_in_any_order_end_alike(
    filled: FilledLog, device_store: Store, cloud_store: CloudStore, page: Page
) -> None:
    filled.add_scans(3)
    for scan_id in (1, 2, 3):
        raise_one(filled, scan_id)
    page.close_all()
    arrived = []
    for stream in ("batch", "scan", "alert", "closed", "withdrawn"):
        rows = [clipped(row) for row in device_store.rows_after(stream, 0, 100)]  # type: ignore[arg-type]
        for place, row in enumerate(rows):
            after = rows[place - 1]["id"] if place else 0
            body = {"log": NAME, "after": after, "rows": [row]}
            arrived.append(Arrived(DEVICE, stream, rows_model(stream).model_validate(body)))
    shuffled = random.Random(5)
    told: list[Alerts] = []
    for each in shuffled.sample(arrived * 2, 2 * len(arrived)):
        cloud_store.take([each])
        with cloud_store.log.read() as session:
            told.append(alert_store.message(session.connection()))
    assert len(raised(cloud_store)) == 3
    assert (len(told[-1].open), len(told[-1].closed)) == (0, 3)
    with (
        FilledLog(filled.data_dir.with_name("second")) as second,
        Store.open(second.data_dir, role="sync") as store,
    ):
        for message in shuffled.sample(told * 2, 2 * len(told)):
            receive(store, message, OTHER)
        assert store.open_alerts(9) == []
        assert len(store.past_alerts(9)) == sum(1 for _ in {a.key for m in told for a in m.open})
        assert receive(store, told[-1], OTHER) == 0


def test_the_rules_go_up_with_the_lists_that_they_ask_about(page: Page) -> None:
    page.store.set_card_list("Wants", ["Ember Drake"])
    page.store.set_card_list("Others", ["Salt Priestess"])
    page.add_rule("Wanted", cards={"field": "list", "op": "is", "value": "wants"})
    page.store.add_rule_set("alert", "Broken", {"name": "Broken", "cause": "stolen"})
    message = rules_message(page.store, NAME)
    assert [rule["name"] for rule in message.rules] == ["Wanted"]
    assert message.lists == {"Wants": ["Ember Drake"]}


def rules_in(cloud: CloudStore) -> int:
    with cloud.log.read() as session:
        found = session.connection().execute(text("SELECT rules FROM alert_rules")).scalars()
        return sum(str(rules).count('"cause"') for rules in found)


def closed_in(cloud: CloudStore) -> int:
    with cloud.log.read() as session:
        query = text("SELECT count(*) FROM alert_closed")
        return int(session.connection().execute(query).scalar_one())


def scans_of(cloud: CloudStore, card: str) -> int:
    with cloud.log.read() as session:
        query = text(
            "SELECT count(*) FROM present_answer WHERE card_id = :card AND decision = 'accepted'"
        )
        return int(session.connection().execute(query, {"card": card}).scalar_one())
