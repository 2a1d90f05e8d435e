"""Cards that are named after they have gone: alerts arise then, once, and go with a wrong name."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware.alert_watch import AlertWatch
from firmware.signals import Signal
from scanner.inventory_catalog import LibraryFacts
from scanner.price_feed import PriceNews, PriceTold
from scanner.records import Decision, Printing
from scanner.retry import Outcome
from scanner.store import Store
from tests.webui.shop import identification

AT = datetime(2026, 5, 1, 6, tzinfo=UTC)
DEAR = {"name": "Dear", "cause": "above", "amount": "20 EUR"}
CHASE = Printing("c-1", "demo", "Ember Drake", "First Light", "001/120")
OTHER = Printing("c-2", "demo", "Salt Priestess", "First Light", "044/120")


class Lamp:
    """What lamp and buzzer were told."""

    def __init__(self) -> None:
        self.told: list[Signal] = []

    def alert(self, signal: Signal) -> None:
        self.told.append(signal)


class Desk:
    """The log, the page, and the watch for alerts, which looks when it is told to."""

    def __init__(self, data_dir: Path) -> None:
        self.feed = Store.open(data_dir, role="feed")
        self.page = Store.open(data_dir, role="web")
        self.batch = self.feed.create_batch("Long box", 9, "simulated").id or 0
        self.lamp = Lamp()
        self.data_dir = data_dir
        self.restart()

    def restart(self) -> None:
        self.watch = AlertWatch(
            self.feed,
            LibraryFacts(self.data_dir),
            "EUR",
            self.lamp,  # type: ignore[arg-type]
        )

    def close(self) -> None:
        self.page.close()
        self.feed.close()

    def rule(self, **content: Any) -> None:
        self.page.add_rule_set("alert", content["name"], content)

    def chase(self, *cards: str) -> None:
        value = {"field": "name", "op": "one_of", "value": list(cards or ("Ember Drake",))}
        self.rule(name="Chase", cards=value)

    def scan(self, decision: Decision = Decision.UNKNOWN, number: int = 1) -> int:
        answer = identification(number, decision)
        return self.feed.commit_scan(self.batch, answer, feed_key=None, driver="x").id or 0

    def say(self, scan_id: int, printing: Printing | None, finish: str = "normal") -> None:
        self.page.add_correction(scan_id, printing, finish)
        self.watch.look()

    def open(self) -> list[tuple[str, str, int]]:
        return [(a.rule, a.card_id, a.scan_id) for a in self.page.open_alerts(99)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "data")
    yield made
    made.close()


def test_a_card_that_a_clerk_names_later_raises_its_alerts_once(desk: Desk) -> None:
    desk.chase()
    desk.rule(**DEAR)
    with Store.open(desk.data_dir, role="sync") as sync:
        told = PriceTold("c-1", "normal", "NM", "EUR", 2500, "tcgcsv", AT)
        sync.receive_prices(PriceNews("demo", [told]), {})
    scan = desk.scan()
    desk.watch.look()
    assert desk.open() == []
    desk.say(scan, CHASE)
    assert sorted(desk.open()) == [("Chase", "c-1", scan), ("Dear", "c-1", scan)]
    assert desk.lamp.told == [], "the card is not at the machine"
    desk.say(scan, CHASE)
    desk.restart()
    desk.watch.look()
    assert len(desk.open()) == 2
    assert desk.page.alerts_of_scans([scan]) == {scan: ["Chase", "Dear"]}


def test_a_card_that_a_retry_names_raises_its_alerts_once(desk: Desk) -> None:
    found = identification(5)
    assert found.printing is not None
    desk.rule(name="Found", cards={"field": "name", "op": "is", "value": found.printing.name})
    scan = desk.scan()
    desk.watch.look()
    desk.feed.add_retry(scan, "packs-2", Outcome.ACCEPTED, found)
    for _ in range(2):
        desk.watch.look()
    assert desk.open() == [("Found", found.printing.card_id, scan)]


def test_a_correction_away_closes_the_alert_and_says_why(desk: Desk) -> None:
    desk.chase()
    scan = desk.scan()
    desk.watch.look()
    desk.say(scan, CHASE)
    desk.say(scan, OTHER)
    assert desk.open() == []
    [past] = desk.page.past_alerts(9)
    assert past.closed_by == "a correction (Salt Priestess First Light 044/120)"
    assert desk.page.alerts_of_scans([scan]) == {}
    desk.page.undo_correction(scan)
    desk.watch.look()
    assert desk.open() == [("Chase", "c-1", scan)], "taken back: there again"
    desk.say(scan, None)
    assert desk.open() == []
    assert desk.page.past_alerts(1)[0].closed_by == "a correction (it is not known)"


def test_what_somebody_has_acknowledged_does_not_come_back(desk: Desk) -> None:
    desk.chase()
    scan = desk.scan()
    desk.say(scan, CHASE)
    desk.page.close_alerts([alert.key for alert in desk.page.open_alerts(9)], "Ada")
    desk.say(scan, OTHER)
    desk.say(scan, CHASE)
    assert desk.open() == []
    assert [past.closed_by for past in desk.page.past_alerts(9)] == ["Ada"]


def test_another_card_of_the_same_rule_is_another_alert(desk: Desk) -> None:
    desk.chase("Ember Drake", "Salt Priestess")
    scan = desk.scan()
    desk.say(scan, CHASE)
    desk.say(scan, OTHER)
    assert desk.open() == [("Chase", "c-2", scan)]
    assert [past.card_id for past in desk.page.past_alerts(9)] == ["c-1"]


def test_a_finish_that_is_named_later_raises_what_it_makes_true(desk: Desk) -> None:
    desk.rule(**DEAR)
    with Store.open(desk.data_dir, role="sync") as sync:
        told = [PriceTold("c-1", finish, "NM", "EUR", amount, "tcgcsv", AT)
                for finish, amount in (("normal", 100), ("foil", 9000))]  # fmt: skip
        sync.receive_prices(PriceNews("demo", told), {})
    scan = desk.scan()
    desk.say(scan, CHASE, "unknown")
    assert desk.open() == [], "it may be the cheap one"
    desk.say(scan, CHASE, "foil")
    assert desk.open() == [("Dear", "c-1", scan)]


def test_words_from_while_the_machine_was_off_are_caught_up_with(desk: Desk) -> None:
    desk.chase()
    scan = desk.scan()
    desk.watch.look()
    desk.say(scan, CHASE)
    for _ in range(30):  # more than what is looked at again at a start
        desk.scan()
    desk.watch.look()
    desk.page.add_correction(scan, OTHER)
    desk.page.add_correction(scan + 1, CHASE)
    desk.restart()
    desk.watch.look()
    assert desk.open() == [("Chase", "c-1", scan + 1)]


def test_what_was_said_before_anybody_watched_is_no_news(desk: Desk) -> None:
    scan = desk.scan()
    desk.page.add_correction(scan, CHASE)
    for _ in range(30):
        desk.scan()
    desk.chase()
    desk.watch.look()
    assert desk.open() == []


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_said_in_the_end_one_alert_stands_for_what_the_card_is(
    desk: Desk, seed: int
) -> None:
    chance = random.Random(seed)
    desk.chase("Ember Drake", "Salt Priestess")
    scans = [desk.scan() for _ in range(3)]
    for _ in range(25):
        scan = chance.choice(scans)
        match chance.randrange(4):
            case 0:
                desk.page.undo_correction(scan)
            case 1:
                desk.restart()
            case _:
                desk.page.add_correction(scan, chance.choice((CHASE, OTHER, None)))
        if chance.random() < 0.6:
            desk.watch.look()
    desk.watch.look()
    answers = desk.page.present_answers(scans)
    named = sorted(("Chase", a.card_id, s) for s, a in answers.items() if a.decision == "accepted")
    assert sorted(desk.open()) == named
