"""A shop's alert rules as its log keeps them: this scanner's own, and those of all scanners."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from scanner.alerts import MAX_ALERT_RULES, AlertRule, HeldRule, read_alert, write_alert
from scanner.errors import ConditionError, RuleChangedError
from scanner.shared_rules import MOST_SHARED_RULES, SharedRule, changed, made
from scanner.store import Store
from scanner.store_alerts import ALERT
from scanner.tables import utc_now

_ONE_AT_A_TIME = threading.Lock()
"""One process writes rules: of two people who save at once, the second is told of the first."""


@dataclass(frozen=True, slots=True)
class KeptRule:
    """How a rule stands that somebody is changing.

    `version` is another with every change, "" once the rule is gone. `by` changed it last, at
    `device` ("" for this scanner or the cloud); of a scanner's own rule nobody knows who did.
    """

    version: str = ""
    rule: AlertRule | None = None
    key: str = ""
    by: str = ""
    device: str = ""
    changed_at: datetime | None = None

    @property
    def said(self) -> str:
        """Who did what, as a sentence."""
        who = f"{self.by or 'Somebody'} at {self.device}" if self.device else self.by or "Somebody"
        if self.version:
            return f"{who} has changed this alert meanwhile."
        if self.changed_at is not None:
            return f"{who} has removed this alert meanwhile."
        return "Somebody has removed or renamed this alert meanwhile."


def kept_rule(store: Store, name: str, key: str = "") -> KeptRule:
    """How the rule of a key, or else this scanner's own of this name, stands now."""
    if key:
        shared = store.shared_rules().get(key)
        if shared is None:
            return KeptRule(key=key)
        if shared.content is None:
            return KeptRule("", None, key, shared.by, shared.device, shared.changed_at)
        try:
            rule = read_alert(shared.content)
        except ConditionError:
            rule = None
        at = shared.changed_at
        return KeptRule(shared.mark, rule, key, shared.by, shared.device, at)
    row = store.rule_set(ALERT, name)
    if row is None:
        return KeptRule()
    try:
        rule = read_alert(row.content, row.name)
    except ConditionError:
        rule = None
    return KeptRule(str(row.id), rule, changed_at=row.created_at)


def must_be(
    store: Store, name: str, key: str, version: str, so: str = "Nothing was saved."
) -> None:
    """Raises RuleChangedError, which ends with `so`, unless the rule is of this version or of any.

    Any is "".
    """
    if version and (kept := kept_rule(store, name, key)).version != version:
        raise RuleChangedError(f"{kept.said} {so}")


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
    by: str = "", based_on: str = "",
) -> None:  # fmt: skip
    """Keep a rule, in the place of the one that it `was`.

    Args:
        store: the log.
        rule: the rule.
        was: what it was so far: a rule of another name, or one that held for others; None: new.
        for_all: whether it holds for all scanners of the shop, or for this one.
        by: who says so.
        based_on: the version (`KeptRule`) that was changed; "": whichever there is.

    Raises ConditionError when there are too many, or when the new name is another's, and
    RuleChangedError when `based_on` is no longer what there is.
    """
    was_called = was.rule.name if was is not None and not was.key else ""
    was_key = was.key if was is not None else ""
    with _ONE_AT_A_TIME:
        must_be(store, was_called, was_key, based_on)
        own = {row.name for row in store.rule_sets(ALERT)}
        shared = store.shared_alert_rules()
        others = (own - {was_called}) | {held.rule.name for held in shared if held.key != was_key}
        if rule.name in others:
            raise ConditionError(
                f"There is a rule called {rule.name!r} already; choose another name."
            )
        if for_all:
            _keep_for_all(store, rule, was_key, len(shared), by)
        else:
            if rule.name not in own:
                _has_room(len(own), MAX_ALERT_RULES)
            store.add_rule_set(ALERT, rule.name, write_alert(rule))
            if was_key:
                store.say_shared_rule(changed(_shared(store, was_key), None, by, utc_now()))
        if was_called in own and (for_all or was_called != rule.name):
            store.remove_rule_set(ALERT, was_called)


def remove_alert(store: Store, name: str, key: str, by: str, based_on: str = "") -> None:
    """Take a rule away; with a key, from all scanners.

    Raises ConditionError for none, and RuleChangedError when `based_on` is no longer what there is.
    """
    with _ONE_AT_A_TIME:
        if key:
            before = _shared(store, key)
        elif store.rule_set(ALERT, name) is None:
            raise ConditionError(f"There is no alert rule called {name!r}: reload the page.")
        must_be(store, name, key, based_on, "It was not removed.")
        if key:
            store.say_shared_rule(changed(before, None, by, utc_now()))
        else:
            store.remove_rule_set(ALERT, name)


def _keep_for_all(store: Store, rule: AlertRule, was_key: str, count: int, by: str) -> None:
    if not was_key:
        _has_room(count, MOST_SHARED_RULES)
        store.say_shared_rule(made(rule, by, utc_now()))
        return
    before = _shared(store, was_key)
    if not store.say_shared_rule(changed(before, rule, by, utc_now()), before):
        # The exchange took in another's change between two lines of this.
        raise RuleChangedError(f"{kept_rule(store, '', was_key).said} Nothing was saved.")


def _shared(store: Store, key: str) -> SharedRule:
    found = store.shared_rules().get(key)
    if found is None or found.is_removed:
        raise ConditionError("Somebody has removed this rule for all scanners: reload the page.")
    return found


def _has_room(count: int, most: int) -> None:
    if count >= most:
        raise ConditionError(f"There are {most} alert rules; remove one first.")
