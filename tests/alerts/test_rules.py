"""Alert rules: read, refused with clear words, and judged as tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scanner.alerts import AlertRule, Cause, HeldRule, read_alert, write_alert
from scanner.alerts_judge import Quotes, Told, by_kind, meets, meets_by_any, quotes_of
from scanner.alerts_judge import told_in_words as words
from scanner.alerts_standing import Quoted, StandingAlerts, met_by
from scanner.card_facts import CardFacts
from scanner.errors import ConditionError
from scanner.price_sources import SourceOrder

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


def rule(cause: str, **changes: Any) -> AlertRule:
    return read_alert({"name": "Test", "cause": cause, **changes})


def quotes(
    now: dict[str, int], past: dict[str, int] | None = None, currency: str = "EUR"
) -> Quotes:
    return Quotes(currency, next(reversed(now), ""), now, past or {})


CARD_2 = {"field": "name", "op": "is", "value": "Card 2"}
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
    met = met_by(
        [HeldRule(each) for each in rules], [told(1, 200), told(1, 900, finish="foil")], NOW
    )
    assert met == {"normal": {"Low"}, "foil": {"Low", "High"}, None: {"Low"}}


def held(cause: str, **changes: Any) -> HeldRule:
    return HeldRule(rule(cause, **changes))


@pytest.mark.parametrize(
    ("order", "goes_off"),
    [
        (("cardmarket", "tcgcsv"), True),
        (("tcgcsv", "cardmarket"), False),
        (("scryfall", "cardmarket"), True),
        (("scryfall",), False),  # of those not ranked the one that spoke last
        ((), False),
    ],
)
def test_the_source_that_the_shop_ranks_first_sets_off_its_rules(
    order: tuple[str, ...], goes_off: bool
) -> None:
    said = [told(3, 2500, "cardmarket"), told(1, 1500, "tcgcsv")]
    met = met_by([held("above", amount="20 EUR")], said, NOW, SourceOrder(order))
    assert bool(met["normal"]) is goes_off


def test_the_first_source_counts_though_it_names_no_condition() -> None:
    said = [told(3, 2500, "cardmarket", condition=""), told(1, 1500, "tcgcsv")]
    dear = [held("above", amount="20 EUR")]
    assert met_by(dear, said, NOW, SourceOrder(("cardmarket",)))["normal"] == {"Test"}
    worn = [told(3, 2500, "cardmarket", condition="LP"), told(1, 1500, "tcgcsv")]
    assert not met_by(dear, worn, NOW, SourceOrder(("cardmarket",)))["normal"]


def test_asking_prices_count_only_where_the_shop_names_them() -> None:
    said = [told(3, 1000, "tcgcsv"), told(1, 9000, "tcgplayer (asking)")]
    dear, apart = held("above", amount="20 EUR"), held("disagree", percent=50)
    assert not met_by([dear], said, NOW)["normal"]
    assert not met_by([apart], said, NOW)["normal"]
    named = SourceOrder(("tcgplayer (asking)", "tcgcsv"))
    assert met_by([dear], said, NOW, named)["normal"] == {"Test"}
    assert met_by([apart], said, NOW, named)["normal"] == {"Test"}


def test_sources_disagree_whichever_comes_first() -> None:
    said = [told(3, 100, "tcgcsv"), told(1, 200, "cardmarket")]
    for order in (("tcgcsv",), ("cardmarket",)):
        met = met_by([held("disagree", percent=50)], said, NOW, SourceOrder(order))
        assert met["normal"] == {"Test"}


class Priced:
    """The part of the log that standing alerts ask, with the prices of one card."""

    price_order = SourceOrder(("cardmarket",))

    def __init__(self, rules: list[HeldRule], said: list[Told]) -> None:
        self.rules, self.said = rules, said

    def held_rules(self) -> list[HeldRule]:
        return self.rules

    def shared_lists(self) -> dict[str, list[str]]:
        return {"watchlist": ["C-1"]}

    def rules_version(self) -> int:
        return 1

    def newest_price_id(self) -> int:
        return 1

    def priced_after(self, price_id: int) -> list[tuple[str, str]]:
        return [("demo", "c-1")]

    def told_of(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Told]]:
        return {key: self.said for key in keys if key == ("demo", "c-1")}

    def price_ages(self, game: str, card_id: str) -> dict[Quoted, datetime]:
        """Source a said its price once more just now."""
        assert (game, card_id) == ("demo", "c-1")
        return {("normal", "NM", "EUR", "a"): NOW}


def test_why_is_told_by_the_source_that_counts() -> None:
    dear = held("above", amount="20 EUR")
    standing = StandingAlerts(
        Priced([dear], [told(3, 9000), told(2, 2500, "cardmarket"), told(1, 8000)])
    )
    card = CardFacts(card_id="c-1", game="demo", finish="normal")
    assert standing.of(card) == {"Test"}
    why = standing.why(dear.rule, card)
    assert why.text == "25.00 EUR by cardmarket: more than 20.00 EUR."
    assert why.price_as_of == NOW - timedelta(days=2)


def test_of_when_the_price_is_says_when_its_source_last_said_it() -> None:
    said = [told(3, 9000), told(2, 2500, "b")]
    card = CardFacts(card_id="c-1", game="demo", finish="normal")
    for rule, days in (
        (held("above", amount="20 EUR"), 2), (held("disagree", percent=20), 2),
        (held("below", amount="99 EUR"), 2), (held("seen"), None),
    ):  # fmt: skip
        why = StandingAlerts(Priced([rule], said)).why(rule.rule, card)
        assert why.price_as_of == (None if days is None else NOW - timedelta(days=days))
    again = StandingAlerts(Priced([held("above", amount="20 EUR")], [told(3, 9000)]))
    assert again.why(held("above", amount="20 EUR").rule, card).price_as_of == NOW


def test_a_source_that_knows_no_finishes_prices_them_all() -> None:
    dear = held("above", amount="20 EUR")
    standing = StandingAlerts(Priced([dear], [told(1, 9000, finish="unknown")]))
    for finish in ("foil", None):
        card = CardFacts(card_id="c-1", game="demo", finish=finish)
        assert standing.of(card) == {"Test"}
        assert standing.why(dear.rule, card).text == "90.00 EUR by a: more than 20.00 EUR."


def test_two_rules_of_one_name_are_judged_apart() -> None:
    cheap = HeldRule(rule("above", amount="1 EUR", cards=CARD_2), "a" * 32)
    dear = HeldRule(rule("above", amount="90 EUR"), "b" * 32)
    standing = StandingAlerts(Priced([cheap, dear], [told(1, 2000)]))
    assert standing.of(CardFacts(card_id="c-1", game="demo", name="Card 1")) == frozenset()
    assert standing.rules_of(CardFacts(card_id="c-1", game="demo", name="Card 2")) == [cheap.rule]


def test_a_rule_for_all_asks_for_the_lists_of_all_and_an_own_rule_for_its_own() -> None:
    on_list = {"field": "list", "op": "is", "value": "Watchlist"}
    mine = held("seen", cards=on_list)
    ours = HeldRule(rule("seen", cards=on_list).model_copy(update={"name": "All"}), "a" * 32)
    standing = StandingAlerts(Priced([mine, ours], []))
    assert standing.of(CardFacts(card_id="c-1", game="demo")) == {"All"}
    assert standing.of(CardFacts(card_id="c-2", game="demo")) == frozenset()
    own = CardFacts(card_id="c-2", game="demo", lists=frozenset({"Watchlist"}))
    assert standing.of(own) == {"Test", "All"}


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
