"""Alert rules in the cloud: raised as prices change, each once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from sync.cloud.alert_judge import MOST_OPEN_OF_A_RULE, AlertJudge
from sync.cloud.ingest import Ingest
from sync.cloud.store import CloudStore
from sync.link import Incoming
from sync.protocol import AlertRules, device_topic
from sync.wire import pack
from tests.sync.alert_kit import (
    ABOVE,
    NAME,
    NoFacts,
    asked,
    close_all,
    price,
    raised,
    tell,
)
from tests.sync.conftest import DEVICE


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
