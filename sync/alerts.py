"""The device's part in alerts: its rules go up, the shop's alerts come down."""

from __future__ import annotations

import logging

from scanner.alerts import AlertRule, write_alert
from scanner.conditions import lists_asked
from scanner.store import Store
from scanner.tables_alerts import AlertClosedTold, AlertTold
from sync.protocol import MOST_ALERT_RULES, MOST_SOURCES, AlertRules, Alerts
from sync.protocol_words import LONGEST

log = logging.getLogger(__name__)


def rules_message(store: Store, log_name: str) -> AlertRules:
    """All alert rules of this scanner, with its lists that any rule here asks about, and its order
    of price sources."""
    version = store.rules_version()
    rules, problems = store.alert_rules()
    for name, problem in problems.items():
        log.warning("the alert rule %r can't be read: %s", name, problem)
    every = [*rules, *(held.rule for held in store.shared_alert_rules())]
    asked = {name for rule in every for name in lists_asked(rule.cards)}
    lists = {name: found for name, found in store.card_lists().items() if _asks(asked, name)}
    sources = [name[:LONGEST] for name in store.price_order.named[:MOST_SOURCES]]
    return AlertRules(
        log=log_name, version=version, rules=_written(rules), lists=lists, sources=sources
    )


def receive(store: Store, told: Alerts, device: str) -> int:
    """Take in how alerts stand; how much of it is new.

    Where this device's own copies lie its stock knows better than the cloud.
    """
    if store.knows_alerts((alert.key for alert in told.open), (one.key for one in told.closed)):
        return 0
    alerts = [
        AlertTold(
            **alert.model_dump(exclude={"places"}),
            places=[each.model_dump() for each in alert.places if each.device != device],
        )
        for alert in told.open
    ]
    return store.receive_alerts(
        alerts, [AlertClosedTold(**one.model_dump()) for one in told.closed]
    )


def _written(rules: list[AlertRule]) -> list[dict[str, object]]:
    return [write_alert(rule) for rule in rules[:MOST_ALERT_RULES]]


def _asks(asked: set[str], name: str) -> bool:
    return name.casefold() in {each.casefold() for each in asked}
