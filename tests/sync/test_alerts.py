"""Alerts between devices and the cloud: raised as prices change, closed once for everybody."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from scanner.price_feed import PriceTold
from scanner.store import Store
from scanner.store_alerts import CardAlert
from scanner.tables_alerts import AlertRaised
from sync.alerts import receive, rules_message
from sync.bench_broker import Broker
from sync.bench_log import FilledLog
from sync.cloud import alert_store
from sync.cloud.alert_judge import MOST_OPEN_OF_A_RULE, AlertJudge
from sync.cloud.ingest import Ingest
from sync.cloud.intake import Arrived
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import CloudStore
from sync.link import Incoming
from sync.outbox import _clipped
from sync.protocol import AlertRules, Alerts, device_topic
from sync.protocol_rows import rows_model
from sync.wire import pack
from tests.sync.conftest import DEVICE, OTHER, Running, agent, service, until

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


def test_a_price_goes_off_once_as_it_crosses_the_amount(either_cloud: CloudStore) -> None:
    cloud, desk = either_cloud, AlertJudge(either_cloud, NoFacts())
    cloud.take_alert_rules(DEVICE, asked(ABOVE))
    desk.step()
    steps = [(1800, 0), (2100, 1), (2500, 2), (1500, 3), (2200, 4)]
    for amount, day in steps:
        tell(cloud, price(amount, day))
        desk.step()
    text_of = "21.00 EUR by tcgcsv, before 18.00 EUR: more than 20.00 EUR."
    assert raised(cloud) == [("Rule 0", "card-1", text_of)], "open: not told a second time"
    close_all(cloud)
    tell(cloud, price(2300, 5))
    desk.step()
    assert len(raised(cloud)) == 1, "it still lies above: nothing new"
    tell(cloud, price(1900, 6))
    tell(cloud, price(2400, 7))
    while desk.step():
        pass
    assert len(raised(cloud)) == 2
    tell(cloud, price(2450, 8, source="cardmarket"))
    close_all(cloud)
    desk.step()
    assert len(raised(cloud)) == 2, "a second source that agrees says nothing new"


@pytest.mark.parametrize(
    ("rule", "prices", "goes_off"),
    [
        ({"cause": "below", "amount": "1 EUR"}, [(150, 0), (90, 1)], True),
        ({"cause": "below", "amount": "1 EUR"}, [(150, 0), (110, 1)], False),
        ({"cause": "changed", "percent": 20}, [(100, 0), (130, 3)], True),
        ({"cause": "changed", "percent": 20}, [(100, 0), (110, 4), (119, 30)], False),
        ({"cause": "changed", "percent": 20}, [(100, 0)], False),
        ({"cause": "changed", "percent": 20, "direction": "down"}, [(100, 0), (150, 1)], False),
        ({"cause": "changed", "percent": 20, "direction": "down"}, [(100, 0), (70, 1)], True),
        ({"cause": "seen"}, [(100, 0), (200, 1)], False),
        ({**ABOVE, "on": False}, [(100, 0), (9000, 1)], False),
        ({**ABOVE, "only_scanned": True}, [(100, 0), (9000, 1)], False),
        ({**ABOVE, "cards": {"field": "set", "op": "is", "value": "first light"}},
         [(100, 0), (9000, 1)], True),
        ({**ABOVE, "cards": {"field": "set", "op": "is", "value": "Other"}},
         [(100, 0), (9000, 1)], False),
        ({**ABOVE, "cards": {"field": "rarity", "op": "is", "value": "rare"}},
         [(100, 0), (9000, 1)], False),
    ],
)  # fmt: skip
def test_each_cause_goes_off_as_it_begins(
    cloud_store: CloudStore, rule: dict[str, Any], prices: list[tuple[int, int]], goes_off: bool
) -> None:
    desk = AlertJudge(cloud_store, NoFacts())
    cloud_store.take_alert_rules(DEVICE, asked(rule))
    desk.step()
    for amount, day in prices:
        tell(cloud_store, price(amount, day))
        desk.step()
    assert bool(raised(cloud_store)) is goes_off


def test_sources_that_come_to_disagree_are_told(cloud_store: CloudStore) -> None:
    desk = AlertJudge(cloud_store, NoFacts())
    cloud_store.take_alert_rules(DEVICE, asked({"cause": "disagree", "percent": 50}))
    desk.step()
    tell(cloud_store, price(100, 0), price(120, 0, source="cardmarket"))
    desk.step()
    assert raised(cloud_store) == []
    tell(cloud_store, price(180, 1, source="cardmarket"))
    desk.step()
    assert [text for _, _, text in raised(cloud_store)] == [
        "Sources disagree by 80%: 1.00 EUR by tcgcsv, 1.80 EUR by cardmarket."
    ]


def test_a_list_of_the_shop_is_asked(cloud_store: CloudStore) -> None:
    desk = AlertJudge(cloud_store, NoFacts())
    on_list = {"field": "list", "op": "is", "value": "Wants"}
    cloud_store.take_alert_rules(DEVICE, asked({**ABOVE, "cards": on_list}, Wants=["CARD-2"]))
    desk.step()
    tell(cloud_store, price(9000, 0), price(9000, 0, "card-2"))
    desk.step()
    assert [card for _, card, _ in raised(cloud_store)] == ["card-2"]


def test_what_was_there_before_the_first_rule_is_no_news(cloud_store: CloudStore) -> None:
    tell(cloud_store, *(price(9000, 0, f"card-{number}") for number in range(600)))
    cloud_store.take_alert_rules(DEVICE, asked(ABOVE))
    desk = AlertJudge(cloud_store, NoFacts())
    while desk.step():
        pass
    assert raised(cloud_store) == []


def test_a_rule_that_goes_off_for_everything_is_stopped(cloud_store: CloudStore) -> None:
    cloud_store.take_alert_rules(DEVICE, asked(ABOVE))
    desk = AlertJudge(cloud_store, NoFacts())
    desk.step()
    tell(cloud_store, *(price(9000, 0, f"card-{number}") for number in range(700)))
    while desk.step():
        pass
    assert len(raised(cloud_store)) == MOST_OPEN_OF_A_RULE


def test_a_restart_judges_each_price_once(cloud_store: CloudStore) -> None:
    cloud_store.take_alert_rules(DEVICE, asked(ABOVE))
    AlertJudge(cloud_store, NoFacts()).step()
    tell(cloud_store, price(9000, 0))
    AlertJudge(cloud_store, NoFacts()).step()
    close_all(cloud_store)
    AlertJudge(cloud_store, NoFacts()).step()
    assert len(raised(cloud_store)) == 1


def test_old_rules_that_come_late_change_nothing(cloud_store: CloudStore) -> None:
    cloud_store.take_alert_rules(DEVICE, asked(ABOVE, version=7))
    cloud_store.take_alert_rules(DEVICE, asked(version=6))
    cloud_store.take_alert_rules(DEVICE, asked(version=7))
    desk = AlertJudge(cloud_store, NoFacts())
    desk.step()
    tell(cloud_store, price(9000, 0))
    desk.step()
    assert len(raised(cloud_store)) == 1


def test_rules_of_no_use_are_noted_and_those_before_stay(cloud_store: CloudStore) -> None:
    cloud_store.take_alert_rules(DEVICE, asked(ABOVE))
    bad = AlertRules(log=NAME, version=9, rules=[{"name": "Bad", "cause": "above"}])
    Ingest(cloud_store).take([Incoming(device_topic(DEVICE, "up", "rules"), pack(bad), True, 1, 1)])
    with cloud_store.log.read() as session:
        reasons = session.connection().execute(text("SELECT reason FROM refused_message"))
        assert "an alert rule can't be read: " in reasons.scalar_one()
        versions = session.connection().execute(text("SELECT version FROM alert_rules"))
        assert list(versions.scalars()) == [1]


# Both ends.


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
        rows = [_clipped(row) for row in device_store.rows_after(stream, 0, 100)]  # type: ignore[arg-type]
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
