"""The sort rules of a shop as its log keeps them: read, written and put in force by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scanner.alerts_standing import StandingAlerts
from scanner.card_facts import CardFacts
from scanner.card_lookup import CardLookup, FactsBook
from scanner.errors import ConditionError
from scanner.sorting.rules import RuleSet, read_rules, write_rules
from scanner.store import Store

SORT = "sort"
MAX_SETS_OF_RULES = 100

Alerts = Callable[[CardFacts], frozenset[str]]
"""Names the alerts that a card sets off."""


@dataclass(frozen=True, slots=True)
class NamedRules:
    """One rule set of the list; `rules` is None where it can't be read, and `problem` says why."""

    name: str
    rules: RuleSet | None
    problem: str
    in_force: bool


def list_rules(store: Store) -> list[NamedRules]:
    """Every rule set of the shop by name."""
    chosen = store.chosen_rules(SORT)
    found = []
    for row in store.rule_sets(SORT):
        rules, problem = None, ""
        try:
            rules = read_rules(row.content)
        except ConditionError as error:
            problem = str(error)
        in_force = chosen is not None and chosen.name == row.name
        found.append(NamedRules(row.name, rules, problem, in_force))
    return found


def rules_named(store: Store, name: str) -> RuleSet:
    """The rules of this name. Raises ConditionError when there are none."""
    row = store.rule_set(SORT, name)
    if row is None:
        names = ", ".join(each.name for each in list_rules(store)) or "none yet"
        raise ConditionError(f"There are no sort rules called {name!r}; there are: {names}.")
    return read_rules(row.content)


def save_rules(store: Store, rules: RuleSet, *, was_called: str = "") -> None:
    """Keep the rules; under another name than before, the old name goes and stays in force.

    Raises ConditionError when the shop has too many, or when the new name is another's.
    """
    names = {row.name for row in store.rule_sets(SORT)}
    renamed = bool(was_called) and was_called != rules.name
    if rules.name in names and (renamed or not was_called):
        raise ConditionError(f"There are rules called {rules.name!r} already; choose another name.")
    if rules.name not in names and len(names) >= MAX_SETS_OF_RULES:
        raise ConditionError(f"There are {MAX_SETS_OF_RULES} rule sets; remove one first.")
    chosen = store.chosen_rules(SORT)
    store.add_rule_set(SORT, rules.name, write_rules(rules))
    if renamed and was_called in names:
        if chosen is not None and chosen.name == was_called:
            store.choose_rules(SORT, rules.name)
        store.remove_rule_set(SORT, was_called)


def lookup_of(
    store: Store, facts: FactsBook, currency: str, alerts: Alerts | None = None
) -> CardLookup:
    """Everything that the shop knows about cards, with its lists as they are now.

    `alerts` names the alerts that a card sets off, by the log's rules and prices by default.
    """
    return CardLookup(
        store, facts, currency, store.card_lists(), alerts or StandingAlerts(store).of
    )
