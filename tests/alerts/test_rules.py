"""Alert rules: read, refused with clear words, and judged as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scanner.alerts import AlertRule, Cause, read_alert, write_alert
from scanner.alerts_judge import Quotes, Told, by_kind, meets, meets_by_any, quotes_of
from scanner.alerts_judge import told_in_words as words
from scanner.alerts_standing import met_by
from scanner.errors import ConditionError

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


def rule(cause: str, **changes: Any) -> AlertRule:
    return read_alert({"name": "Test", "cause": cause, **changes})


def quotes(
    now: dict[str, int], past: dict[str, int] | None = None, currency: str = "EUR"
) -> Quotes:
    return Quotes(currency, next(reversed(now), ""), now, past or {})


ABOVE = {"cause": "above", "amount": "20.00 EUR"}
BELOW = {"cause": "below", "amount": "2 EUR"}
MOVED = {"cause": "changed", "percent": 10}
APART = {"cause": "disagree", "percent": 50}


@pytest.mark.parametrize(
    ("asked", "said", "answer"),
    [
        (ABOVE, quotes({"a": 2001}), True),
        (ABOVE, quotes({"a": 2000}), False),
        (ABOVE, quotes({"a": 9000}, currency="USD"), False),
        (ABOVE, quotes({"a": 3000, "b": 100}), False),  # the newest word counts
        (BELOW, quotes({"a": 199}), True),
        (BELOW, quotes({"a": 200}), False),
        (MOVED, quotes({"a": 110}, {"a": 100}), True),
        (MOVED, quotes({"a": 90}, {"a": 100}), True),
        (MOVED, quotes({"a": 109}, {"a": 100}), False),
        (MOVED | {"direction": "up"}, quotes({"a": 90}, {"a": 100}), False),
        (MOVED | {"direction": "down"}, quotes({"a": 90}, {"a": 100}), True),
        (MOVED | {"direction": "down"}, quotes({"a": 110}, {"a": 100}), False),
        (MOVED, quotes({"a": 110}), False),  # nobody knows what it was
        (MOVED, quotes({"a": 110}, {"a": 0}), False),
        (APART, quotes({"a": 100, "b": 151}), True),
        (APART, quotes({"a": 100, "b": 150}), False),
        (APART, quotes({"a": 100}), False),
        ({"cause": "seen"}, quotes({"a": 1}), True),
        (ABOVE, quotes({}), False),
    ],
)
def test_prices_meet_a_rule_or_not(asked: dict[str, Any], said: Quotes, answer: bool) -> None:
    assert meets(read_alert({"name": "Test", **asked}), said) is answer


def told(
    days_ago: float, amount_minor: int, source: str = "a", finish: str = "normal",
    condition: str = "NM",
) -> Told:  # fmt: skip
    at = NOW - timedelta(days=days_ago)
    return Told(finish, condition, "EUR", source, amount_minor, at)


def test_a_stretch_of_time_begins_with_the_price_that_stood_then() -> None:
    history = [told(30, 100), told(8, 200), told(2, 300), told(0, 400)]
    found = quotes_of(history, 7, NOW)
    assert found is not None
    assert found.past == {"a": 200}
    assert found.now == {"a": 400}
    young = quotes_of([told(2, 300), told(0, 400)], 7, NOW)
    assert young is not None
    assert young.past == {"a": 300}, "a source that is new is measured by its first word"
    assert quotes_of([], 7, NOW) is None


def test_near_mint_is_looked_at_before_what_names_no_condition() -> None:
    unnamed, foil = told(1, 100, condition=""), told(1, 900, finish="foil", condition="")
    kinds = by_kind([unnamed, told(1, 300), told(1, 20, condition="DMG"), foil])
    assert {finish: rows[0].amount_minor for (finish, _), rows in kinds.items()} == {
        "normal": 300,
        "foil": 900,
    }


def test_a_card_of_unknown_finish_meets_what_all_its_finishes_meet() -> None:
    rules = [
        rule("above", amount="1 EUR").model_copy(update={"name": "Low"}),
        rule("above", amount="5 EUR").model_copy(update={"name": "High"}),
    ]
    met = met_by(rules, [told(1, 200), told(1, 900, finish="foil")], NOW)
    assert met == {"normal": {"Low"}, "foil": {"Low", "High"}, None: {"Low"}}


def test_any_source_may_meet_a_rule() -> None:
    said = quotes({"a": 9000, "b": 100})
    assert meets_by_any(rule("above", amount="20 EUR"), said)
    assert not meets_by_any(rule("above", amount="200 EUR"), said)
    assert not meets_by_any(rule("above", amount="20 EUR"), None)


@pytest.mark.parametrize(
    ("asked", "said", "text"),
    [
        (ABOVE, quotes({"a": 2340}), "23.40 EUR by a: more than 20.00 EUR."),
        (BELOW, quotes({"a": 150}), "1.50 EUR by a: less than 2.00 EUR."),
        (MOVED, quotes({"a": 130}, {"a": 100}), "1.00 EUR → 1.30 EUR by a: +30% in 7 days."),
        (APART, quotes({"a": 100, "b": 151}),
         "Sources disagree by 51%: 1.00 EUR by a, 1.51 EUR by b."),
    ],
)  # fmt: skip
def test_an_alert_says_why_with_amounts_and_sources(
    asked: dict[str, Any], said: Quotes, text: str
) -> None:
    assert words(read_alert({"name": "Test", **asked}), said) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"name": "A", "cause": "above"}, "is no amount: write it with its currency"),
        ({"name": "A", "cause": "above", "amount": "cheap"}, "'cheap' is no amount"),
        ({"name": "A", "cause": "seen", "amount": "2 EUR"}, "an amount has no meaning"),
        ({"name": "A", "cause": "changed"}, "say by how many percent"),
        ({"name": "A", "cause": "changed", "percent": float("nan")}, "percent"),
        ({"name": "A", "cause": "changed", "percent": 5, "days": 0}, "days"),
        ({"name": "A", "cause": "stolen"}, "cause"),
        ({"name": "", "cause": "seen"}, "name"),
        ({"name": "a\nb\x00", "cause": "seen"}, "one line of plain text"),
        ({"name": "A", "cause": "seen", "colour": "red"}, "colour"),
        ({"name": "A", "cards": {"field": "prise", "op": "is"}}, "there is no field"),
        ({"name": "A", "cause": "seen", "cards": {"field": "alert", "op": "is", "value": "B"}},
         "can't ask about alerts"),
        ({"name": "A", "cause": "seen", "more": 1}, "nobody knows this key"),
        ([], "valid dictionary"),
        ("x" * 100_000, "valid dictionary"),
    ],
)  # fmt: skip
def test_a_rule_of_no_use_is_refused_with_clear_words(value: object, reason: str) -> None:
    with pytest.raises(ConditionError) as refused:
        read_alert(value)
    assert reason.lower() in str(refused.value).lower()


def test_a_rule_comes_back_as_it_was_and_says_itself_in_plain_words() -> None:
    cards = {"any": [{"field": "set", "op": "is", "value": "LF1"},
                     {"field": "list", "op": "is", "value": "Wants"}]}  # fmt: skip
    one = rule("changed", percent=20, direction="up", days=1, cards=cards)
    assert read_alert(write_alert(one)) == one
    assert one.words == (
        "When (set is LF1 or it is on the list “Wants”) and its price has risen by at least 20% "
        "in a day."
    )
    assert rule("seen").words == "Any card, when the scanner sees it."
    assert one.fingerprint == read_alert(write_alert(one)).fingerprint != rule("seen").fingerprint


def test_a_condition_alone_is_about_cards_that_are_scanned() -> None:
    old = read_alert({"field": "finish", "op": "is", "value": "foil"}, "Shiny")
    assert (old.name, old.cause) == ("Shiny", Cause.SEEN)
    assert old.words == "When finish is foil and the scanner sees it."
