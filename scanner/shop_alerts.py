"""A shop's alert rules as its log keeps them: this scanner's own, and those of all scanners."""

from __future__ import annotations

from scanner.alerts import MAX_ALERT_RULES, AlertRule, HeldRule, read_alert, write_alert
from scanner.errors import ConditionError
from scanner.shared_rules import MOST_SHARED_RULES, SharedRule, changed, made
from scanner.store import Store
from scanner.store_alerts import ALERT
from scanner.tables import utc_now


def alert_named(store: Store, name: str) -> AlertRule:
    """This scanner's own rule of this name. Raises ConditionError when there is none."""
    row = store.rule_set(ALERT, name)
    if row is None:
        raise ConditionError(f"There is no alert rule called {name!r}: reload the page.")
    return read_alert(row.content, row.name)


def alert_of_all(store: Store, key: str) -> AlertRule:
    """A rule of all scanners. Raises ConditionError when there is none of this key."""
    return read_alert(_shared(store, key).content)


def save_alert(
    store: Store, rule: AlertRule, *, was: HeldRule | None = None, for_all: bool = False,
    by: str = "",
) -> None:  # fmt: skip
    """Keep a rule, in the place of the one that it `was`.

    Args:
        store: the log.
        rule: the rule.
        was: what it was so far: a rule of another name, or one that held for others; None: new.
        for_all: whether it holds for all scanners of the shop, or for this one.
        by: who says so.

    Raises ConditionError when there are too many, or when the new name is another's.
    """
    own = {row.name for row in store.rule_sets(ALERT)}
    shared = store.shared_alert_rules()
    was_called = was.rule.name if was is not None and not was.key else ""
    was_key = was.key if was is not None else ""
    others = (own - {was_called}) | {held.rule.name for held in shared if held.key != was_key}
    if rule.name in others:
        raise ConditionError(f"There is a rule called {rule.name!r} already; choose another name.")
    if for_all:
        if was_key:
            store.say_shared_rule(changed(_shared(store, was_key), rule, by, utc_now()))
        else:
            _has_room(len(shared), MOST_SHARED_RULES)
            store.say_shared_rule(made(rule, by, utc_now()))
    else:
        if rule.name not in own:
            _has_room(len(own), MAX_ALERT_RULES)
        store.add_rule_set(ALERT, rule.name, write_alert(rule))
        if was_key:
            store.say_shared_rule(changed(_shared(store, was_key), None, by, utc_now()))
    if was_called in own and (for_all or was_called != rule.name):
        store.remove_rule_set(ALERT, was_called)


def remove_alert(store: Store, name: str, key: str, by: str) -> None:
    """Take a rule away; with a key, from all scanners. Raises ConditionError for none."""
    if key:
        store.say_shared_rule(changed(_shared(store, key), None, by, utc_now()))
        return
    if store.rule_set(ALERT, name) is None:
        raise ConditionError(f"There is no alert rule called {name!r}: reload the page.")
    store.remove_rule_set(ALERT, name)


def _shared(store: Store, key: str) -> SharedRule:
    found = store.shared_rules().get(key)
    if found is None or found.is_removed:
        raise ConditionError("Somebody has removed this rule for all scanners: reload the page.")
    return found


def _has_room(count: int, most: int) -> None:
    if count >= most:
        raise ConditionError(f"There are {most} alert rules; remove one first.")
