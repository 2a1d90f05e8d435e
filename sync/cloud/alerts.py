"""When a changed price sets off an alert rule. Pure.

A rule goes off as its cause begins: the price that counts on a device meets it now, and did not
before. So a price that goes on rising beyond the amount says nothing new, nor does a source that
the shop ranks behind another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from scanner.alerts import AlertRule, Cause
from scanner.alerts_judge import (
    CONDITIONS,
    Told,
    by_kind,
    meets,
    meets_by_any,
    quotes_of,
    told_in_words,
)
from scanner.card_facts import CardFacts, PriceRange
from scanner.conditions_judge import judge
from scanner.price_sources import USUAL_ORDER, SourceOrder


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule, the shop's lists of cards that it may ask about, folded, by name, and in which orders
    the devices that have it rank the sources: it goes off where it does for one of them."""

    rule: AlertRule
    lists: Callable[[CardFacts], frozenset[str]]
    orders: tuple[SourceOrder, ...] = (USUAL_ORDER,)


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
    kinds: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for each in told:
        if each.condition in CONDITIONS:
            kinds[each.finish, each.currency].append(each)
    for (finish, currency), rows in sorted(kinds.items()):
        for place, row in enumerate(rows):
            if not is_new(row.id):
                continue
            price = PriceRange(row.amount_minor, row.amount_minor, currency, row.condition)
            of_finish = replace(card, finish=finish, price=price)
            counted = cache(partial(_moment, rows, place))
            for one in asked:
                rule = one.rule
                if not rule.asks_prices or (rule.only_scanned and not is_scanned):
                    continue
                of_cause = (counted(order, rule.cause is Cause.DISAGREE) for order in one.orders)
                found = next(filter(None, (_begins(rule, each) for each in of_cause)), "")
                if found and judge(rule.cards, replace(of_finish, lists=one.lists(of_finish))):
                    yield GoneOff(rule, finish, found, row.id)


@dataclass(frozen=True, slots=True)
class _Moment:
    """The prices that count on a device when `row` is told, and those that counted before it."""

    row: Told
    after: Sequence[Told]
    before: Sequence[Told]


def _moment(rows: Sequence[Told], place: int, order: SourceOrder, all_sources: bool) -> _Moment:
    after = _counted(rows[: place + 1], order, all_sources)
    return _Moment(rows[place], after, _counted(rows[:place], order, all_sources))


def _counted(rows: Sequence[Told], order: SourceOrder, all_sources: bool) -> Sequence[Told]:
    """Of one finish and currency the prices by the source that a device ranks first, or by all
    that it counts; sources that it does not name have one rank."""
    places = [order.place(each.source) for each in rows]
    first = min((place for place in places if place >= 0), default=-1)
    kept = [
        each
        for each, place in zip(rows, places, strict=True)
        if place >= 0 and (all_sources or place == first)
    ]
    return next(iter(by_kind(kept).values()), [])


def _begins(rule: AlertRule, at: _Moment) -> str:
    """Why the rule's cause begins with this price; "" where it does not."""
    row = at.row
    if row not in at.after[-1:]:
        return ""  # it does not count
    after = quotes_of(at.after, rule.days, row.as_of)
    before = quotes_of(at.before, rule.days, row.as_of)
    if after is None or not meets(rule, after, row.source) or meets_by_any(rule, before):
        return ""
    was = before.now.get(row.source) if before is not None else None
    return told_in_words(rule, after, row.source, None if rule.cause is Cause.DISAGREE else was)
