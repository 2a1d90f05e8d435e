"""Prices of one set, in whatever order their messages come."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime

from sync.price_inbox import PriceInbox
from sync.protocol import PriceDelta, PriceGroup, PriceSnapshot

AS_OF = datetime(2026, 5, 1, 6, tzinfo=UTC)


def groups(amounts: Mapping[str, int]) -> list[PriceGroup]:
    return [
        PriceGroup(
            source="tcgcsv", currency="EUR", finish="normal", as_of=AS_OF,
            cards=list(amounts), amounts=list(amounts.values()),
        )
    ]  # fmt: skip


def snapshot(version: int, **amounts: int) -> PriceSnapshot:
    return PriceSnapshot(game="demo", set="A", version=version, groups=groups(amounts))


def delta(base: int, version: int, **amounts: int) -> PriceDelta:
    return PriceDelta(game="demo", set="A", version=version, base=base, groups=groups(amounts))


SAID = [
    snapshot(10, one=1, two=1),
    delta(10, 11, one=2),
    delta(10, 12, one=3, two=3),
    snapshot(20, one=3, two=4),
    delta(20, 21, two=5),
    delta(20, 22, two=6),
]
"""The source corrects itself: all of it is as of one and the same time."""


def taken(inbox: PriceInbox, prices: dict[str, int], message: PriceSnapshot) -> int:
    """Take a message in; how many prices it brought."""
    count = 0
    for step in inbox.steps(message):
        prices |= {price.card_id: price.amount_minor for price in step.news.prices}
        count += len(step.news.prices)
        inbox.done(step)
    return count


def test_in_any_order_and_twice_they_end_in_what_was_said_last() -> None:
    chance = random.Random(5)
    for _ in range(300):
        inbox, prices = PriceInbox({}), dict[str, int]()
        arriving = chance.sample(SAID * 2, 2 * len(SAID))
        for message in arriving:
            taken(inbox, prices, message)
        assert prices == {"one": 3, "two": 6}, arriving
        assert [taken(inbox, prices, message) for message in SAID] == [0] * len(SAID)


def test_after_a_restart_what_is_in_the_log_is_not_taken_again() -> None:
    inbox, cursors = PriceInbox({}), dict[str, int]()
    for message in SAID[3:]:
        for step in inbox.steps(message):
            cursors |= step.cursors
            inbox.done(step)
    again = PriceInbox(cursors)
    assert [len(again.steps(message)) for message in SAID] == [0] * len(SAID)
    assert taken(again, {}, delta(20, 23, one=9)) == 1
