"""Rules for all scanners: changes that were made apart end alike, in whatever order they come."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from scanner.alerts import read_alert
from scanner.errors import ConditionError
from scanner.shared_rules import (
    LAST_VERSION,
    MOST_SHARED_BYTES,
    SharedRule,
    changed,
    joined_lists,
    made,
    merged,
    news,
)

NOW = datetime(2026, 5, 1, 6, tzinfo=UTC)


def rule(name: str) -> SharedRule:
    return made(read_alert({"name": name}), "Ada", NOW)


def later(before: SharedRule, name: str | None, minutes: int = 0) -> SharedRule:
    content = None if name is None else read_alert({"name": name})
    return changed(before, content, "Bo", NOW + timedelta(minutes=minutes))


def name_of(found: dict[str, SharedRule], key: str) -> str | None:
    content = found[key].content
    return None if content is None else content["name"]


def test_the_higher_version_wins_and_then_the_later_change() -> None:
    first = rule("First")
    here, there = later(first, "Here", 5), later(first, "There", 9)
    assert name_of(merged([there], [here]), first.key) == "There", "both are version 2"
    again = later(here, "Here again", 6)
    assert name_of(merged([again], [there]), first.key) == "Here again", "an older clock: version 3"


def test_a_removed_rule_stays_removed_whatever_is_said_of_it() -> None:
    first = rule("First")
    gone = later(first, None)
    revived = later(later(later(first, "A", 9), "B", 10), "C", 11)
    assert merged([revived], [gone])[first.key].is_removed
    assert news([revived], merged([gone])) == []


@pytest.mark.parametrize("seed", range(40))
def test_ends_that_hear_of_changes_in_any_order_end_alike(seed: int) -> None:
    chance = random.Random(seed)
    ends: list[dict[str, SharedRule]] = [{} for _ in range(4)]
    said: list[SharedRule] = []
    for step in range(60):
        end = chance.choice(ends)
        if end and chance.random() < 0.7:
            before = chance.choice(list(end.values()))
            if before.is_removed:
                continue
            name = None if chance.random() < 0.1 else f"Rule {step}"
            change = later(before, name, chance.randrange(3))
        else:
            change = rule(f"Rule {step}")
        said.append(change)
        end.update(merged(end.values(), [change]))
        if chance.random() < 0.3:
            other = chance.choice(ends)
            other.update(merged(other.values(), news(end.values(), other)))
    results = []
    for end in ends:
        for group in (chance.sample(said, len(said)), chance.sample(said, len(said))):
            for change in group:
                end.update(merged(end.values(), [change]))
        results.append(end)
    assert all(result == results[0] for result in results)
    whole = {each.rank for each in said}
    assert all(each.rank in whole for each in results[0].values()), (
        "nothing is half one, half other"
    )
    removed = {each.key for each in said if each.is_removed}
    assert {key for key, each in results[0].items() if each.is_removed} == removed


def test_versions_come_to_an_end_and_the_later_change_goes_on_winning() -> None:
    last = SharedRule("a" * 32, LAST_VERSION, NOW, {"name": "Last"})
    after = later(last, "After", 1)
    assert after.version == LAST_VERSION
    assert name_of(merged([after], [last]), "a" * 32) == "After"


def test_lists_of_one_name_are_joined_and_others_are_left_out() -> None:
    every = [
        {"Watchlist": ["Ember Drake", "c-1"], "Wants": ["x"]},
        {"watchlist": ["EMBER DRAKE", "c-2"]},
        {},
    ]
    assert joined_lists(every, ["WATCHLIST"], 10) == {"watchlist": ["c-1", "c-2", "Ember Drake"]}
    assert joined_lists(every, ["Watchlist"], 1) == {"watchlist": ["c-1"]}
    assert joined_lists(every, [], 10) == {}


def test_a_rule_that_is_too_long_for_all_is_refused_with_what_to_do() -> None:
    names = [{"field": "name", "op": "is", "value": "x" * 115} for _ in range(120)]
    with pytest.raises(ConditionError, match=f"too long.*{MOST_SHARED_BYTES // 1024} KiB.*list"):
        made(read_alert({"name": "Long", "cards": {"any": names}}), "Ada", NOW)
