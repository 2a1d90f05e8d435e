"""Each device's own order of price sources counts for its alerts in the cloud, too."""

from __future__ import annotations

import pytest

from scanner.config import PriceSettings, Settings
from scanner.price_sources import USUAL_SOURCES, SourceOrder
from scanner.shared_rules import SharedRule
from scanner.store import Store
from sync.alerts import rules_message
from sync.bench_broker import Broker
from sync.bench_log import FilledLog
from sync.cloud.alert_judge import AlertJudge
from sync.cloud.alert_store import source_orders
from sync.cloud.rule_store import keep_rules
from sync.cloud.store import CloudStore
from sync.command import _open
from sync.protocol import MOST_SOURCES
from tests.sync.alert_kit import (
    ABOVE,
    AS_OF,
    NAME,
    NoFacts,
    asked,
    close_all,
    price,
    raised,
    tell,
)
from tests.sync.conftest import DEVICE, OTHER, Running, agent, service, until

CARDMARKET_FIRST = ["cardmarket", "tcgcsv"]


class Judged:
    """A cloud that judges each price as it is told."""

    def __init__(self, cloud: CloudStore) -> None:
        self.cloud = cloud
        self._judge = AlertJudge(cloud, NoFacts())
        self._day = 0

    def said(self, source: str, amount_minor: int) -> list[str]:
        """Tell a price, and return what all alerts say by now."""
        self._day += 1
        tell(self.cloud, price(amount_minor, self._day, source=source))
        while self._judge.step():
            pass
        return [text for _, _, text in raised(self.cloud)]


@pytest.fixture
def judged(either_cloud: CloudStore) -> Judged:
    return Judged(either_cloud)


def orders(cloud: CloudStore) -> dict[str, SourceOrder]:
    with cloud.log.read() as session:
        return source_orders(session.connection())


def test_a_price_that_no_page_shows_sets_nothing_off(judged: Judged) -> None:
    judged.cloud.take_alert_rules(DEVICE, asked(ABOVE))
    assert judged.said("tcgcsv", 1800) == []
    assert judged.said("cardmarket", 9000) == [], "the shop ranks it behind"
    assert judged.said("ebay (asking)", 9000) == [], "what is asked nobody has paid"
    text = "21.00 EUR by tcgcsv, before 18.00 EUR: more than 20.00 EUR."
    assert judged.said("tcgcsv", 2100) == [text]


def test_a_devices_rules_are_judged_in_its_own_order(judged: Judged) -> None:
    own = asked(ABOVE).model_copy(update={"sources": CARDMARKET_FIRST})
    judged.cloud.take_alert_rules(DEVICE, own)
    assert judged.said("cardmarket", 1800) == judged.said("tcgcsv", 9000) == []
    text = "21.00 EUR by cardmarket, before 18.00 EUR: more than 20.00 EUR."
    assert judged.said("cardmarket", 2100) == [text]


def test_a_rule_that_two_devices_have_goes_off_in_the_order_of_either(judged: Judged) -> None:
    own = asked(ABOVE).model_copy(update={"sources": CARDMARKET_FIRST})
    judged.cloud.take_alert_rules(DEVICE, own)
    judged.cloud.take_alert_rules(OTHER, asked(ABOVE))
    assert judged.said("cardmarket", 1800) == []
    text = "90.00 EUR by tcgcsv: more than 20.00 EUR."
    assert judged.said("tcgcsv", 9000) == [text]
    assert judged.said("cardmarket", 9000) == [text], "the alert is open already"


def test_asking_prices_count_for_a_shop_that_names_them(judged: Judged) -> None:
    own = asked(ABOVE).model_copy(update={"sources": ["ebay"]})
    judged.cloud.take_alert_rules(DEVICE, own)
    assert judged.said("ebay (asking)", 9000) == [
        "90.00 EUR by ebay (asking): more than 20.00 EUR."
    ]


def test_a_rule_for_all_scanners_is_judged_in_their_orders(judged: Judged) -> None:
    [rule] = asked(ABOVE).rules
    with judged.cloud.log.write() as session:
        keep_rules(session.connection(), [SharedRule("k" * 16, 1, AS_OF, rule, "Ada", "")])
    own = asked().model_copy(update={"sources": CARDMARKET_FIRST})
    judged.cloud.take_alert_rules(DEVICE, own)
    assert judged.said("cardmarket", 1800) == judged.said("tcgcsv", 9000) == []
    assert len(judged.said("cardmarket", 2100)) == 1


def test_a_better_source_that_agrees_is_no_news(judged: Judged) -> None:
    judged.cloud.take_alert_rules(DEVICE, asked(ABOVE))
    assert len(judged.said("cardmarket", 2100)) == 1
    close_all(judged.cloud)
    assert len(judged.said("tcgcsv", 2200)) == 1, "the card was above the amount before"
    assert len(judged.said("cardmarket", 1500)) == len(judged.said("cardmarket", 2500)) == 1
    assert len(judged.said("tcgcsv", 1900)) == 1
    assert len(judged.said("tcgcsv", 2100)) == 2


def test_sources_that_the_shop_does_not_name_do_not_take_turns(judged: Judged) -> None:
    own = asked(ABOVE).model_copy(update={"sources": []})
    judged.cloud.take_alert_rules(DEVICE, own)
    assert len(judged.said("till", 2100)) == 1
    close_all(judged.cloud)
    for source, amount in (("list", 1900), ("till", 2110), ("list", 1910), ("till", 2120)):
        assert len(judged.said(source, amount)) == 1


def test_only_sources_that_count_disagree(judged: Judged) -> None:
    judged.cloud.take_alert_rules(DEVICE, asked({"cause": "disagree", "percent": 50}))
    assert judged.said("tcgcsv", 1000) == judged.said("ebay (asking)", 9000) == []
    text = "Sources disagree by 80%: 10.00 EUR by tcgcsv, 18.00 EUR by cardmarket."
    assert judged.said("cardmarket", 1800) == [text]


def test_an_order_is_taken_up_without_a_new_rule(either_cloud: CloudStore) -> None:
    either_cloud.take_alert_rules(DEVICE, asked(version=7))
    assert orders(either_cloud) == {}, "an older release tells none"
    for sources in (["a", "b"], ["b"], []):
        own = asked(version=7).model_copy(update={"sources": sources})
        either_cloud.take_alert_rules(DEVICE, own)
        assert orders(either_cloud) == {DEVICE: SourceOrder(tuple(sources))}
    late = asked(version=6).model_copy(update={"sources": ["late"]})
    either_cloud.take_alert_rules(DEVICE, late)
    assert orders(either_cloud) == {DEVICE: SourceOrder(())}


def test_a_device_tells_its_order_as_it_connects(
    broker: Broker, filled: FilledLog, cloud_store: CloudStore, running: Running
) -> None:
    order = SourceOrder(("cardmarket", "eBay"))
    with Store.open(filled.data_dir, role="sync", price_order=order) as store:
        running.start(service(cloud_store, broker.port))
        running.start(agent(store, broker.port))
        until(lambda: orders(cloud_store) == {DEVICE: order})
        running.stop()


def test_an_order_of_any_length_can_be_told(filled: FilledLog) -> None:
    order = SourceOrder(("x" * 5000, *USUAL_SOURCES * 100))
    with Store.open(filled.data_dir, role="sync", price_order=order) as store:
        told = rules_message(store, NAME).sources
    assert told is not None
    assert (len(told), len(told[0]), told[1]) == (MOST_SOURCES, 400, "tcgcsv")


def test_the_exchange_begins_with_the_order_of_the_settings(filled: FilledLog) -> None:
    settings = Settings(data_dir=filled.data_dir, prices=PriceSettings(sources=("cardmarket",)))
    with _open(settings, []) as store:
        assert rules_message(store, NAME).sources == ["cardmarket"]
