"""The alert rules of a shop as its log keeps them: kept and taken away by name."""

from __future__ import annotations

from scanner.alerts import MAX_ALERT_RULES, AlertRule, read_alert, write_alert
from scanner.errors import ConditionError
from scanner.store import Store
from scanner.store_alerts import ALERT


def alert_named(store: Store, name: str) -> AlertRule:
    """The rule of this name. Raises ConditionError when there is none."""
    row = store.rule_set(ALERT, name)
    if row is None:
        raise ConditionError(f"There is no alert rule called {name!r}: reload the page.")
    return read_alert(row.content, row.name)


def save_alert(store: Store, rule: AlertRule, *, was_called: str = "") -> None:
    """Keep the rule; under another name than before, the old name goes.

    Raises ConditionError when the shop has too many, or when the new name is another's.
    """
    names = {row.name for row in store.rule_sets(ALERT)}
    if rule.name in names and rule.name != was_called:
        raise ConditionError(f"There is a rule called {rule.name!r} already; choose another name.")
    if rule.name not in names and len(names) >= MAX_ALERT_RULES:
        raise ConditionError(f"There are {MAX_ALERT_RULES} alert rules; remove one first.")
    store.add_rule_set(ALERT, rule.name, write_alert(rule))
    if was_called in names - {rule.name}:
        store.remove_rule_set(ALERT, was_called)
