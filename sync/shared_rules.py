"""The device's part in alert rules: its own go up, those for all scanners go both ways.

What is known and the cloud does not have goes up, so that a change that was made without a way to
the cloud, or that a cloud lost with its database, arrives there in the end.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable

from scanner.shared_rules import SharedRule, merged, news
from scanner.store import Store
from sync.alerts import rules_message
from sync.link import Outcome, Verdict
from sync.protocol import (
    MOST_SHARED_TOLD,
    SHOP_RULES,
    RuleChanges,
    SharedRuleSaid,
    ShopRules,
    device_topic,
)
from sync.wire import pack, unpack

log = logging.getLogger(__name__)

Publish = Callable[..., int]

HOLD_S = 60.0
"""How long to wait after the broker refused rules."""


def to_wire(rule: SharedRule, device: str = "") -> SharedRuleSaid:
    """A rule as it travels; `device` is where it was said, where the rule itself does not say."""
    return SharedRuleSaid(
        key=rule.key, version=rule.version, changed_at=rule.changed_at,
        rule=None if rule.content is None else dict(rule.content),
        by=rule.by, device=rule.device or device,
    )  # fmt: skip


def from_wire(said: SharedRuleSaid) -> SharedRule:
    """The rule that travelled."""
    return SharedRule(said.key, said.version, said.changed_at, said.rule, said.by, said.device)


class RulesExchange:
    """For the agent's thread; `publish` is its link's."""

    topic = SHOP_RULES

    def __init__(
        self, store: Store, device: str, publish: Publish, *, hold_s: float = HOLD_S
    ) -> None:
        """Nothing is sent before `tell`; `hold_s`: see `HOLD_S`."""
        self._store = store
        self._device = device
        self._publish = publish
        self._hold_s = hold_s
        self.problem = ""
        """Why the broker takes no rules although there is a connection; a sentence."""
        self.connected()

    def connected(self) -> None:
        """Tell everything again: the broker may have forgotten it."""
        self._numbers: set[int] = set()
        self._again_mono_s = math.inf
        self._log_name = ""
        self._seen: tuple[str, int] | None = None
        self._said: list[SharedRule] | None = None
        self._cloud = self._store.shared_rules_told()

    def tell(self, log_name: str) -> None:
        """Send, retained, what differs from what was sent last. Raises StoreError."""
        now = (log_name, self._store.rules_version())
        if now != self._seen:
            self._log_name = log_name
            self._send("rules", pack(rules_message(self._store, log_name)))
            self._say_changes()
            self._seen = now

    def answered(self, outcome: Outcome, now_mono_s: float) -> None:
        """Take the broker's word on a message."""
        if outcome.number not in self._numbers:
            return
        self._numbers.discard(outcome.number)
        if outcome.verdict is Verdict.REFUSED:
            if outcome.text != self.problem:
                log.error("alert rules can't be told: %s", outcome.text)
            self.problem = outcome.text
            self._again_mono_s = now_mono_s + self._hold_s
        elif not self._numbers and self._again_mono_s == math.inf:
            self.problem = ""

    def turn(self, now_mono_s: float) -> None:
        """Try again what the broker refused a while ago. Raises StoreError."""
        if now_mono_s >= self._again_mono_s:
            self._again_mono_s = math.inf
            self._seen = self._said = None
            self.tell(self._log_name)

    def take(self, payload: bytes) -> None:
        """Take in what the cloud tells. Raises MessageError, StoreError."""
        told = unpack(payload, ShopRules)
        rules = [from_wire(said) for said in told.rules]
        # What was removed long ago is told no more, and is known all the same.
        gone = [each for each in self._store.shared_rules_told().values() if each.is_removed]
        self._store.receive_shared_rules(rules, told.lists)
        self._cloud = merged(rules, [each for each in gone if each.key not in _keys(rules)])
        self._say_changes()

    def _say_changes(self) -> None:
        changes = news(self._store.shared_rules().values(), self._cloud)
        if changes == self._said or not (changes or self._said):
            return
        message = RuleChanges(
            rules=[to_wire(rule, self._device) for rule in changes[:MOST_SHARED_TOLD]]
        )
        self._send("shared_rules", pack(message))
        self._said = changes

    def _send(self, what: str, payload: bytes) -> None:
        topic = device_topic(self._device, "up", what)
        self._numbers.add(self._publish(topic, payload, retain=True))


def _keys(rules: Iterable[SharedRule]) -> set[str]:
    return {rule.key for rule in rules}
