"""When a changed price sets off an alert rule. Pure.

A rule goes off as its cause begins: the new price meets it, and no source's did before. So a price
that goes on rising beyond the amount says nothing new, nor does a second source that agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from scanner.alerts import AlertRule, Cause
from scanner.alerts_judge import Told, by_kind, meets, meets_by_any, quotes_of, told_in_words
from scanner.card_facts import CardFacts, PriceRange
from scanner.conditions_judge import judge


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule and the shop's lists of cards that it may ask about, folded, by name."""

    rule: AlertRule
    lists: Callable[[CardFacts], frozenset[str]]


@dataclass(frozen=True, slots=True)
class GoneOff:
    """A rule that a price has set off; `change_id` is the price's row."""

    rule: AlertRule
    finish: str
    text: str
    change_id: int


def gone_off(
    asked: Iterable[Asked],
    card: CardFacts,
    told: Sequence[Told],
    is_new: Callable[[int], bool],
    is_scanned: bool,
) -> Iterator[GoneOff]:
    """The rules that new prices of one printing set off, in the order of the prices.

    Args:
        asked: the rules.
        card: what is known of the printing, its finish and price apart.
        told: the printing's prices in the order of their ids, far enough back for the rules.
        is_new: whether the row of this id is new.
        is_scanned: whether a scanner of the shop has seen the printing.
    """
    for (finish, currency), rows in by_kind(told).items():
        for place, row in enumerate(rows):
            if not is_new(row.id):
                continue
            price = PriceRange(row.amount_minor, row.amount_minor, currency, row.condition)
            of_finish = replace(card, finish=finish, price=price)
            for each in asked:
                rule = each.rule
                if not rule.asks_prices or (rule.only_scanned and not is_scanned):
                    continue
                found = _begins(rule, rows, place)
                if found and judge(rule.cards, replace(of_finish, lists=each.lists(of_finish))):
                    yield GoneOff(rule, finish, found, row.id)


def _begins(rule: AlertRule, rows: Sequence[Told], place: int) -> str:
    """Why the rule's cause begins with this price; "" where it does not."""
    row = rows[place]
    after = quotes_of(rows[: place + 1], rule.days, row.as_of)
    before = quotes_of(rows[:place], rule.days, row.as_of)
    if after is None or not meets(rule, after, row.source) or meets_by_any(rule, before):
        return ""
    was = before.now.get(row.source) if before is not None else None
    return told_in_words(rule, after, row.source, None if rule.cause is Cause.DISAGREE else was)
