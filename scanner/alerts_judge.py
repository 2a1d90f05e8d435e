"""Whether prices meet an alert rule, and in which words that is told. Pure.

All is about one printing in one finish, one condition and one currency; of several conditions near
mint is looked at, or what a source says without naming one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scanner.alerts import AlertRule, Cause
from scanner.price_sources import SourceOrder
from scanner.prices import Money

CONDITIONS = ("NM", "")
"""The conditions that alerts look at, the better one first."""


@dataclass(frozen=True, slots=True)
class Told:
    """One price as a source told it of one printing; `id` is its row, where that is needed."""

    finish: str
    condition: str
    currency: str
    source: str
    amount_minor: int
    as_of: datetime
    id: int = 0


@dataclass(frozen=True, slots=True)
class Quotes:
    """What sources say now, and what they said at the beginning of a stretch of time.

    `now` and `past` are in minor units by source; a source that said nothing then has no `past`.
    `newest` is the source that spoke last.
    """

    currency: str
    newest: str = ""
    now: Mapping[str, int] = field(default_factory=dict)
    past: Mapping[str, int] = field(default_factory=dict)


def quotes_of(told: Sequence[Told], days: int, at: datetime) -> Quotes | None:
    """What `told` (of one finish, condition and currency, in order) comes to at a moment.

    A source whose first word is younger than `days` is measured by that first word.
    """
    if not told:
        return None
    since = at - timedelta(days=days)
    now: dict[str, int] = {}
    past: dict[str, int] = {}
    for each in told:
        if each.source not in past or each.as_of <= since:
            past[each.source] = each.amount_minor
        now[each.source] = each.amount_minor
    return Quotes(told[-1].currency, told[-1].source, now, past)


def by_kind(told: Iterable[Told]) -> dict[tuple[str, str], list[Told]]:
    """The prices of each finish and currency, of the condition that alerts look at."""
    found: dict[tuple[str, str, str], list[Told]] = {}
    for each in told:
        found.setdefault((each.finish, each.currency, each.condition), []).append(each)
    chosen: dict[tuple[str, str], list[Told]] = {}
    for condition in CONDITIONS:
        for (finish, currency, of), rows in found.items():
            if of == condition:
                chosen.setdefault((finish, currency), rows)
    return chosen


def by_order(told: Iterable[Told], order: SourceOrder) -> dict[tuple[str, str], list[Told]]:
    """As `by_kind`, of each finish and currency by the one source that the shop ranks first.

    Of sources that the shop does not rank the one that spoke last counts; asking prices that it
    does not name do not.
    """
    chosen: dict[tuple[str, str], tuple[int, str]] = {}
    looked_at = [each for each in told if each.condition in CONDITIONS]
    for each in looked_at:
        place, kind = order.place(each.source), (each.finish, each.currency)
        if place >= 0 and (kind not in chosen or place <= chosen[kind][0]):
            chosen[kind] = (place, each.source)
    return by_kind(
        each
        for each in looked_at
        if chosen.get((each.finish, each.currency), (0, None))[1] == each.source
    )


def meets(rule: AlertRule, quotes: Quotes, source: str = "") -> bool:
    """Whether what a source says (the newest by default) meets the rule's cause."""
    source = source or quotes.newest
    amount = quotes.now.get(source)
    if amount is None:
        return False
    match rule.cause:
        case Cause.SEEN:
            return True
        case Cause.ABOVE:
            return rule.money.currency == quotes.currency and amount > rule.money.amount_minor
        case Cause.BELOW:
            return rule.money.currency == quotes.currency and amount < rule.money.amount_minor
        case Cause.CHANGED:
            return _moved_enough(rule, quotes, source)
        case Cause.DISAGREE:
            return spread_percent(quotes) > rule.percent


def meets_by_any(rule: AlertRule, quotes: Quotes | None) -> bool:
    """Whether what any source says meets the rule's cause."""
    return quotes is not None and any(meets(rule, quotes, source) for source in quotes.now)


def change_percent(quotes: Quotes, source: str) -> float:
    """How far a source's price has moved, in percent of what it was; 0 where nobody can say."""
    past = quotes.past.get(source, 0)
    return 100.0 * (quotes.now[source] - past) / past if past else 0.0


def spread_percent(quotes: Quotes) -> float:
    """How far the dearest source lies above the cheapest, in percent; 0 for one source alone."""
    least = min(quotes.now.values(), default=0)
    return 100.0 * (max(quotes.now.values()) - least) / least if least else 0.0


def told_in_words(
    rule: AlertRule, quotes: Quotes, source: str = "", before: int | None = None
) -> str:
    """Why the alert was raised, as a sentence with the amounts and who says so."""
    source = source or quotes.newest
    now = Money(quotes.now[source], quotes.currency)
    match rule.cause:
        case Cause.ABOVE | Cause.BELOW:
            than = "more" if rule.cause is Cause.ABOVE else "less"
            was = f", before {Money(before, quotes.currency)}" if before is not None else ""
            return f"{now} by {source}{was}: {than} than {rule.money}."
        case Cause.CHANGED:
            past = Money(quotes.past[source], quotes.currency)
            days = "a day" if rule.days == 1 else f"{rule.days} days"
            return f"{past} → {now} by {source}: {change_percent(quotes, source):+.0f}% in {days}."
        case Cause.DISAGREE:
            said = sorted(quotes.now.items(), key=lambda one: one[1])
            low, high = (
                f"{Money(amount, quotes.currency)} by {who}" for who, amount in (said[0], said[-1])
            )
            return f"Sources disagree by {spread_percent(quotes):.0f}%: {low}, {high}."
    return "Seen by the scanner."


def _moved_enough(rule: AlertRule, quotes: Quotes, source: str) -> bool:
    percent = change_percent(quotes, source)
    match rule.direction:
        case "up":
            return percent >= rule.percent
        case "down":
            return -percent >= rule.percent
    return abs(percent) >= rule.percent
