"""A card that sets off an alert: lamp, buzzer, the log, and the bin."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firmware.alert_watch import AlertWatch
from firmware.phases import Phase
from firmware.signals import SIGNALS, Signal
from firmware.signals_gpio import GpioSignals, SignalPins
from firmware.simulated.wiring import WiredFactory
from scanner.alerts import AlertRule, HeldRule, read_alert
from scanner.alerts_judge import Told
from scanner.alerts_standing import StandingAlerts
from scanner.card_facts import CardFacts
from scanner.inventory_catalog import LibraryFacts
from scanner.price_feed import PriceNews, PriceTold
from scanner.price_sources import USUAL_ORDER
from scanner.sorting.shop_router import ShopRouter
from scanner.store import Store

Make = Callable[..., Any]
LAMP, BUZZER = (5, 6, 13), 19
AS_OF = datetime.now(UTC) - timedelta(days=5)
CARD_1 = {"field": "name", "op": "is", "value": "Card 1"}


@pytest.fixture
def factory() -> WiredFactory:
    return WiredFactory()


@pytest.fixture
def signals(factory: WiredFactory) -> Iterator[GpioSignals]:
    signals = GpioSignals(SignalPins(LAMP, BUZZER), factory=factory)
    yield signals
    signals.close()


def hear(factory: WiredFactory, pin: int) -> queue.SimpleQueue[bool]:
    heard: queue.SimpleQueue[bool] = queue.SimpleQueue()
    factory.pin(pin).heard = heard.put
    return heard


def watch(bench: Any, signals: Any = None) -> AlertWatch:
    return AlertWatch(bench.store, LibraryFacts(bench.data_dir), "EUR", signals)


def tell_price(bench: Any, card: int, amount_minor: int, day: int = 0) -> None:
    with Store.open(bench.data_dir, role="sync") as sync:
        told = PriceTold(f"card-{card}", "normal", "NM", "EUR", amount_minor, "tcgcsv",
                         AS_OF + timedelta(days=day))  # fmt: skip
        sync.receive_prices(PriceNews("test", [told]), {})


def test_a_card_with_an_alert_shows_on_the_lamp_and_is_heard(
    make_bench: Make, factory: WiredFactory, signals: GpioSignals
) -> None:
    bench = make_bench(cards=3)
    bench.page.add_rule_set("alert", "Chase", {"name": "Chase", "cards": CARD_1, "beeps": 3})
    bench.machine.alerts = watch(bench, signals)
    bench.machine.alerts.start()
    blue, buzzer = hear(factory, LAMP[2]), hear(factory, BUZZER)
    bench.ask("start", expected_cards=3)
    bench.work_until_phase(Phase.FINISHED)
    assert blue.get(timeout=60), "purple has blue in it, and nothing else at work has"
    assert [buzzer.get(timeout=60) for _ in range(6)] == [True, False] * 3
    bench.machine.alerts.close()
    found = bench.page.open_alerts(9)
    assert [(each.rule, each.card_id, each.scan_id) for each in found] == [("Chase", "card-1", 2)]
    assert bench.page.alerts_of_scans([1, 2, 3]) == {2: ["Chase"]}


def test_a_fault_comes_before_an_alert(signals: GpioSignals, factory: WiredFactory) -> None:
    red = hear(factory, LAMP[0])
    signals.show(SIGNALS[Phase.EMERGENCY_STOP])
    assert red.get(timeout=60)
    buzzer = hear(factory, BUZZER)
    signals.alert(Signal("cyan", flashes=4, beeps=1))
    assert [buzzer.get(timeout=60) for _ in range(2)] == [True, False]
    signals.beep()
    assert buzzer.get(timeout=60), "the lamp has been set since the first beep"
    assert red.empty()
    assert factory.pin(LAMP[0]).state


def test_a_restart_tells_of_no_card_twice(make_bench: Make) -> None:
    bench = make_bench(cards=3)
    bench.page.add_rule_set("alert", "All", {"name": "All"})
    bench.ask("start", expected_cards=3)
    bench.work_until_phase(Phase.FINISHED)
    for _ in range(2):
        watch(bench).look()
    assert len(bench.page.open_alerts(9)) == 3


def test_prices_set_alerts_off_as_soon_as_they_are_there(make_bench: Make) -> None:
    bench = make_bench(cards=4)
    dear = {"name": "Dear", "cause": "above", "amount": "20 EUR"}
    risen = {"name": "Risen", "cause": "changed", "percent": 50, "days": 7}
    bench.page.add_rule_set("alert", "Dear", dear)
    bench.page.add_rule_set("alert", "Risen", risen)
    watching = watch(bench)
    watching.look()
    tell_price(bench, 0, 2500)
    tell_price(bench, 1, 100)
    tell_price(bench, 1, 180, day=3)
    bench.ask("start", expected_cards=4)
    bench.work_until_phase(Phase.FINISHED)
    watching.look()
    assert {(each.rule, each.card_id, each.text) for each in bench.page.open_alerts(9)} == {
        ("Dear", "card-0", "25.00 EUR by tcgcsv: more than 20.00 EUR."),
        ("Risen", "card-1", "1.00 EUR → 1.80 EUR by tcgcsv: +80% in 7 days."),
    }
    of = {each.rule: each.price_as_of for each in bench.page.open_alerts(9)}
    assert of == {"Dear": AS_OF, "Risen": AS_OF + timedelta(days=3)}


def test_cards_with_an_alert_go_to_the_bin_that_the_sort_rules_name(make_bench: Make) -> None:
    bench = make_bench(cards=4, bins=3)
    bench.page.add_rule_set("alert", "Dear", {"name": "Dear", "cause": "above", "amount": "20 EUR"})
    when = {"field": "alert", "op": "is", "value": "Dear"}
    rules = {"name": "Shop", "unidentified_bin": 3, "rest_bin": 1,
             "rules": [{"name": "Alerts", "when": when, "bins": [2]}]}  # fmt: skip
    bench.page.add_rule_set("sort", "Shop", rules)
    bench.page.choose_rules("sort", "Shop")
    tell_price(bench, 2, 2500)
    watching = watch(bench)
    watching.look()
    bench.machine.router = ShopRouter(
        bench.store, LibraryFacts(bench.data_dir), "EUR", 3, alerts=watching.of
    )
    bench.restart()
    bench.ask("start", expected_cards=4, mode="sort")
    bench.work_until_phase(Phase.FINISHED)
    bench.mechanism.advance(1.0)
    assert dict(bench.mechanism.diverter.contents) == {1: [0, 1, 3], 2: [2]}


class Book:
    """Prices and a rule; counts how often it is asked."""

    def __init__(self, *rules: AlertRule) -> None:
        self.rules = list(rules)
        self.told = [Told("normal", "NM", "EUR", "a", 3000, AS_OF, 1)]
        self.asked = 0

    price_order = USUAL_ORDER

    def held_rules(self) -> list[HeldRule]:
        self.asked += 1
        return [HeldRule(rule) for rule in self.rules]

    def shared_lists(self) -> dict[str, list[str]]:
        return {}

    def rules_version(self) -> int:
        return len(self.rules)

    def newest_price_id(self) -> int:
        return len(self.told)

    def priced_after(self, price_id: int) -> list[tuple[str, str]]:
        return [("demo", "c1")] if price_id < len(self.told) else []

    def told_of(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Told]]:
        self.asked += 1
        return {key: self.told for key in keys if key == ("demo", "c1")}


def test_a_card_costs_a_look_into_memory_alone() -> None:
    book = Book(read_alert({"name": "Dear", "cause": "above", "amount": "20 EUR"}))
    standing = StandingAlerts(book)
    card = CardFacts(card_id="c1", game="demo", finish="normal")
    assert standing.of(card) == {"Dear"}, "read for this card alone, before all is read"
    standing.refresh()
    book.asked = 0
    assert standing.of(card) == {"Dear"}
    assert standing.of(CardFacts(card_id="c2", game="demo")) == frozenset()
    assert book.asked == 0
    book.told.append(Told("normal", "NM", "EUR", "a", 100, AS_OF, 2))
    standing.refresh()
    assert standing.of(card) == frozenset()
    book.rules.append(read_alert({"name": "Any"}))
    standing.refresh()
    assert standing.of(card) == {"Any"}
