"""Alert rules for all scanners, between two devices and a cloud."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.alerts import HeldRule, read_alert
from scanner.alerts_standing import StandingAlerts
from scanner.card_facts import CardFacts
from scanner.shared_rules import SharedRule, changed, made
from scanner.shop_alerts import remove_alert, save_alert
from scanner.store import Store
from sync.alerts import rules_message
from sync.bench_broker import CLOUD, Broker
from sync.bench_log import FilledLog
from sync.cloud import rule_store
from sync.cloud.alert_judge import AlertJudge
from sync.cloud.ingest import Ingest
from sync.cloud.store import CloudStore
from sync.link import Incoming
from sync.protocol import (
    SHOP_RULES,
    AlertRules,
    RuleChanges,
    SharedRuleSaid,
    ShopRules,
    device_topic,
)
from sync.shared_rules import RulesExchange, from_wire, to_wire
from sync.wire import MessageError, pack, unpack
from tests.sync.alert_kit import NAME, NoFacts, price, raised, tell
from tests.sync.conftest import DEVICE, OTHER, Running, agent, service, until
from tests.sync.test_hostile_device import Spy

NOW = datetime(2026, 5, 1, 6, 0, 0, 123456, tzinfo=UTC)
NOT_ALLOWED, NOBODY_HEARD = 0x87, 0x10
ON_LIST = {"field": "list", "op": "is", "value": "Watchlist"}


class Scanner:
    """One device: its page, and its end of the exchange."""

    def __init__(self, data_dir: Path, name: str) -> None:
        self.name = name
        self.page = Store.open(data_dir, role="web")
        self.sync = Store.open(data_dir, role="sync")

    def close(self) -> None:
        self.page.close()
        self.sync.close()

    def keep(self, name: str, *, key: str = "", for_all: bool = True, **content: Any) -> None:
        rule = read_alert({"name": name, "only_scanned": False, **content})
        was = next((each for each in self.page.held_rules() if each.key == key and key), None)
        save_alert(self.page, rule, was=was, for_all=for_all, by="Ada")

    def remove(self, name: str) -> None:
        [held] = [each for each in self.page.shared_alert_rules() if each.rule.name == name]
        remove_alert(self.page, "", held.key, "Ada")

    def key(self, name: str) -> str:
        return next(e.key for e in self.page.shared_alert_rules() if e.rule.name == name)

    def names(self) -> list[str]:
        return [held.rule.name for held in self.page.shared_alert_rules()]


@contextmanager
def scanners(folder: Path) -> Iterator[tuple[Scanner, Scanner]]:
    made_here = []
    for name in (DEVICE, OTHER):
        FilledLog(folder / name).close()
        made_here.append(Scanner(folder / name, name))
    try:
        yield made_here[0], made_here[1]
    finally:
        for each in made_here:
            each.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Scanner, Scanner]]:
    with scanners(tmp_path) as both:
        yield both


def said_by_a_person(cloud: CloudStore, rule: SharedRule) -> None:
    with cloud.log.write() as session:
        rule_store.keep_rules(session.connection(), [rule])


def in_the_cloud(cloud: CloudStore) -> list[str]:
    with cloud.log.read() as session:
        return [held.rule.name for held in rule_store.held_rules(session.connection())]


def told_by(cloud: CloudStore) -> bytes:
    with cloud.log.read() as session:
        return rule_store.message(session.connection())


def test_a_rule_made_on_one_scanner_holds_on_all_until_anybody_removes_it(
    broker: Broker, cloud_store: CloudStore, two: tuple[Scanner, Scanner], running: Running
) -> None:
    first, second = two
    first.keep("Own", for_all=False)
    first.keep("Dear", cause="above", amount="20 EUR")
    running.start(service(cloud_store, broker.port))
    running.start(agent(first.sync, broker.port))
    running.start(agent(second.sync, broker.port, user=OTHER))
    until(lambda: second.names() == ["Dear"])
    assert second.page.alert_rules() == ([], {}), "what one scanner keeps for itself stays there"
    [told] = second.page.shared_rules().values()
    assert (told.by, told.device) == ("Ada", DEVICE)
    tell(cloud_store, price(3000, 0))
    until(lambda: bool(first.page.open_alerts(9) and second.page.open_alerts(9)))
    assert [row[0] for row in raised(cloud_store)] == ["Dear"], "once, however many scanners"
    second.keep("Dearer", key=second.key("Dear"), cause="above", amount="90 EUR")
    until(lambda: first.names() == ["Dearer"])
    said_by_a_person(cloud_store, made(read_alert({"name": "Cloud's"}), "Olga", NOW))
    until(lambda: first.names() == second.names() == ["Cloud's", "Dearer"])
    first.remove("Dearer")
    until(lambda: second.names() == ["Cloud's"])
    until(lambda: first.page.shared_rules_told() == first.page.shared_rules())


def test_two_that_change_one_rule_while_apart_end_with_one_of_both_whole(
    broker: Broker, cloud_store: CloudStore, two: tuple[Scanner, Scanner], running: Running
) -> None:
    first, second = two
    first.keep("Dear")
    first.keep("Gone")
    ends = Running()
    ends.start(service(cloud_store, broker.port))
    ends.start(agent(first.sync, broker.port))
    ends.start(agent(second.sync, broker.port, user=OTHER))
    until(lambda: second.names() == ["Dear", "Gone"])
    ends.stop()
    key = first.key("Dear")
    first.keep("By the first", key=key, colour="cyan", beeps=0)
    second.keep("By the second", key=key, colour="white", beeps=5)
    second.keep("By the second again", key=key, colour="white", beeps=4)
    first.remove("Gone")
    second.keep("Gone, changed", key=second.key("Gone"))
    assert first.names() == ["By the first"], "what is known goes on holding meanwhile"
    running.start(service(cloud_store, broker.port))
    running.start(agent(second.sync, broker.port, user=OTHER))
    until(lambda: in_the_cloud(cloud_store) == ["By the second again", "Gone, changed"])
    running.start(agent(first.sync, broker.port))
    until(lambda: first.names() == second.names() == ["By the second again"])
    assert in_the_cloud(cloud_store) == ["By the second again"]
    [held] = first.page.shared_alert_rules()
    assert (held.rule.colour, held.rule.beeps) == ("white", 4)


def test_a_cloud_that_lost_its_rules_gets_them_back_from_the_scanners(
    broker: Broker, two: tuple[Scanner, Scanner], tmp_path: Path, running: Running
) -> None:
    first, second = two
    first.keep("Dear")
    with CloudStore(tmp_path / "lost") as lost:
        ends = Running()
        ends.start(service(lost, broker.port))
        ends.start(agent(first.sync, broker.port))
        until(lambda: in_the_cloud(lost) == ["Dear"])
        until(lambda: len(first.page.shared_rules_told()) == 1)
        ends.stop()
    broker.crash()
    with CloudStore(tmp_path / "anew") as anew:
        running.start(service(anew, broker.port))
        running.start(agent(first.sync, broker.port))
        running.start(agent(second.sync, broker.port, user=OTHER))
        until(lambda: second.names() == ["Dear"])
        running.stop()


def test_a_list_that_a_rule_for_all_asks_for_is_that_of_all_scanners_together(
    broker: Broker, cloud_store: CloudStore, two: tuple[Scanner, Scanner], running: Running
) -> None:
    first, second = two
    first.keep("Watched", cards=ON_LIST)
    first.keep("Watched dear", cards=ON_LIST, cause="above", amount="20 EUR")
    second.keep("Own", cards=ON_LIST, for_all=False)
    first.page.set_card_list("Watchlist", ["card-1"])
    second.page.set_card_list("watchlist", ["card-2"])
    running.start(service(cloud_store, broker.port))
    running.start(agent(first.sync, broker.port))
    running.start(agent(second.sync, broker.port, user=OTHER))
    until(lambda: second.page.shared_lists() == {"watchlist": ["card-1", "card-2"]})
    until(lambda: first.page.shared_lists() == {"watchlist": ["card-1", "card-2"]})
    standing = StandingAlerts(second.page)
    assert standing.of(CardFacts(card_id="card-1", game="demo")) == {"Watched"}
    own = CardFacts(card_id="card-2", game="demo", lists=frozenset({"watchlist"}))
    assert standing.of(own) == {"Watched", "Own"}
    tell(cloud_store, price(3000, 0, "card-1"), price(3000, 0, "card-2"), price(3000, 0, "card-3"))
    until(lambda: len(raised(cloud_store)) == 2)
    assert {row[1] for row in raised(cloud_store)} == {"card-1", "card-2"}
    first.page.set_card_list("Watchlist", [])
    until(lambda: second.page.shared_lists() == {"watchlist": ["card-2"]})


@pytest.mark.parametrize("seed", range(4))
def test_messages_in_any_order_and_twice_end_alike(
    two: tuple[Scanner, Scanner], cloud_store: CloudStore, seed: int
) -> None:
    """The messages of both ends, kept back, mixed up and doubled, as a broker may do."""
    chance = random.Random(seed)
    up: list[tuple[str, bytes]] = []
    ends = [exchange(each, up) for each in two]
    for step in range(12):
        scanner = chance.choice(two)
        held = scanner.page.shared_alert_rules()
        if held and chance.random() < 0.5:
            one = chance.choice(held)
            if chance.random() < 0.3:
                remove_alert(scanner.page, "", one.key, "Ada")
            else:
                scanner.keep(f"Rule {step}", key=one.key)
        else:
            scanner.keep(f"Rule {step}")
        for end in ends:
            end.tell(NAME)
        deliver(chance, cloud_store, ends, up)
    for _ in range(3):  # the broker keeps the last message of each, and both ends get it
        for end in ends:
            end.tell(NAME)
        take(cloud_store, up[-40:])
        for end in ends:
            end.take(told_by(cloud_store))
    first, second = two
    assert first.page.shared_rules() == second.page.shared_rules()
    assert sorted(in_the_cloud(cloud_store)) == sorted(first.names())


def exchange(scanner: Scanner, up: list[tuple[str, bytes]]) -> RulesExchange:
    def publish(topic: str, payload: bytes, *, retain: bool) -> int:
        assert retain
        up.append((topic, payload))
        return len(up)

    return RulesExchange(scanner.sync, scanner.name, publish)


def deliver(
    chance: random.Random, cloud: CloudStore, ends: list[RulesExchange], up: list[tuple[str, bytes]]
) -> None:
    take(cloud, [chance.choice(up) for _ in range(3)])
    if chance.random() < 0.5:
        chance.choice(ends).take(told_by(cloud))


def take(cloud: CloudStore, messages: list[tuple[str, bytes]]) -> None:
    Ingest(cloud).take([Incoming(topic, payload, True, 1, 1) for topic, payload in messages])


def test_what_travels_comes_back_as_it_was() -> None:
    rule = made(read_alert({"name": "Dear", "cause": "above", "amount": "2 EUR"}), "Ada", NOW)
    gone = changed(rule, None, "Bo", NOW + timedelta(microseconds=1))
    message = pack(RuleChanges(rules=[to_wire(rule, DEVICE), to_wire(gone, DEVICE)]))
    back = [from_wire(said) for said in unpack(message, RuleChanges).rules]
    assert [each.rank for each in back] == [rule.rank, gone.rank]
    assert back[0].device == DEVICE
    with pytest.raises(MessageError):
        unpack(b"\x00" * 40, ShopRules)


Spoil = Callable[[SharedRuleSaid], SharedRuleSaid]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said.model_copy(update={"rule": {"name": "Bad", "cause": "above"}}),
        lambda said: said.model_copy(update={"rule": {"name": "N", "more": "x" * 9}}),
    ],
)
def test_a_rule_of_no_use_from_a_device_is_passed_over_and_the_others_kept(
    cloud_store: CloudStore, spoil: Spoil
) -> None:
    good = to_wire(made(read_alert({"name": "Good"}), "Ada", NOW), "somebody else")
    bad = spoil(to_wire(made(read_alert({"name": "Bad"}), "Ada", NOW)))
    take(cloud_store, [(device_topic(DEVICE, "up", "shared_rules"),
                        pack(RuleChanges(rules=[bad, good])))])  # fmt: skip
    assert in_the_cloud(cloud_store) == ["Good"]
    with cloud_store.log.read() as session:
        [kept] = rule_store.every_rule(session.connection()).values()
    assert kept.device == DEVICE, "who said it the topic says, and nobody else"


def test_rules_beyond_what_a_cloud_holds_are_passed_over(
    cloud_store: CloudStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_store, "MOST_HELD", 2)
    first = [made(read_alert({"name": f"Rule {n}"}), "Ada", NOW) for n in range(3)]
    with cloud_store.log.write() as session:
        assert rule_store.keep_rules(session.connection(), first) == 2
    kept = [rule for rule in first if rule.content and rule.content["name"] in
            in_the_cloud(cloud_store)]  # fmt: skip
    said_by_a_person(cloud_store, changed(kept[0], None, "Olga", NOW))
    said_by_a_person(cloud_store, replace(first[0], key="b" * 32))
    assert len(in_the_cloud(cloud_store)) == 2


def test_either_database_keeps_what_wins(either_cloud: CloudStore) -> None:
    rule = made(read_alert({"name": "Dear\u00e9", "cards": ON_LIST}), "A\0da", NOW)
    mine = changed(rule, read_alert({"name": "Mine"}), "Ada", NOW + timedelta(microseconds=2))
    yours = changed(rule, read_alert({"name": "Yours"}), "Bo", NOW + timedelta(microseconds=1))
    for each in (mine, rule, yours, mine):
        said_by_a_person(either_cloud, each)
    assert in_the_cloud(either_cloud) == ["Mine"]
    told = unpack(told_by(either_cloud), ShopRules)
    assert [from_wire(said).rank for said in told.rules] == [mine.rank]


def test_one_rule_on_several_devices_looks_at_the_lists_of_all_that_have_it(
    cloud_store: CloudStore,
) -> None:
    rule = {"name": "Dear", "cause": "above", "amount": "20 EUR", "only_scanned": False,
            "cards": ON_LIST}  # fmt: skip
    for device, card in ((DEVICE, "card-1"), (OTHER, "card-2")):
        rules = AlertRules(log=NAME, version=1, rules=[rule], lists={"Watchlist": [card]})
        cloud_store.take_alert_rules(device, rules)
    desk = AlertJudge(cloud_store, NoFacts())
    tell(cloud_store, price(9000, 0), price(9000, 0, "card-2"), price(9000, 0, "card-3"))
    desk.step()
    assert {card for _, card, _ in raised(cloud_store)} == {"card-1", "card-2"}


def test_a_device_reads_the_rules_for_all_and_writes_its_own_changes_alone(broker: Broker) -> None:
    cloud = Spy(broker.port, CLOUD, "cloud")
    assert cloud.say(SHOP_RULES, b"rules") in (0, NOBODY_HEARD)
    device = Spy(broker.port, DEVICE, "device")
    device.listen(SHOP_RULES, device_topic(OTHER, "up", "shared_rules"))
    until(lambda: (SHOP_RULES, b"rules") in device.heard)
    assert device.say(SHOP_RULES) == NOT_ALLOWED
    assert device.say(device_topic(OTHER, "up", "shared_rules")) == NOT_ALLOWED
    assert device.say(device_topic(DEVICE, "up", "shared_rules")) in (0, NOBODY_HEARD)
    for each in (device, cloud):
        each.leave()


def test_a_scanner_that_is_not_paired_says_nothing_of_it(two: tuple[Scanner, Scanner]) -> None:
    first, _ = two
    first.keep("Own", for_all=False, cards=ON_LIST)
    first.page.set_card_list("Watchlist", ["card-1"])
    assert first.page.held_rules() == [HeldRule(first.page.alert_rules()[0][0])]
    assert [rule["name"] for rule in rules_message(first.sync, NAME).rules] == ["Own"]
