"""Alert rules that hold for all scanners of the shop, and what comes of changes made apart. Pure.

A rule is known by its `key`, everywhere and for good. Of two that have the same key one wins whole:
one that was removed, else the higher version, else the later change; so that any number of ends,
told of any changes in any order, end alike. A change takes the version after the one before it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from scanner.alerts import AlertRule, write_alert
from scanner.card_facts import folded
from scanner.errors import ConditionError

MOST_SHARED_RULES = 100
MOST_SHARED_BYTES = 16 * 1024
LAST_VERSION = 1_000_000

Lists = Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class SharedRule:
    """One version of a rule. `content` is the rule's JSON (`write_alert`), None once removed.

    `by` is a person's name, `device` where that person changed it: "" in the cloud, and of a change
    that was made on this device.
    """

    key: str
    version: int
    changed_at: datetime
    content: Mapping[str, Any] | None
    by: str = field(default="", compare=False)
    device: str = field(default="", compare=False)

    @property
    def is_removed(self) -> bool:
        """Whether it holds nowhere any more."""
        return self.content is None

    @property
    def rank(self) -> tuple[bool, int, datetime, str]:
        """Of two versions of a rule the one that ranks higher wins; what it says comes last."""
        return self.is_removed, self.version, self.changed_at, self._said

    @property
    def mark(self) -> str:
        """Tells this version from every other of the rule; nothing else is to be read from it."""
        return f"{self.version}-{self._said[:16]}"

    @property
    def _said(self) -> str:
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def merged(*groups: Iterable[SharedRule]) -> dict[str, SharedRule]:
    """The version of each rule that wins, by the rules' keys."""
    found: dict[str, SharedRule] = {}
    for rules in groups:
        for rule in rules:
            known = found.get(rule.key)
            if known is None or rule.rank > known.rank:
                found[rule.key] = rule
    return found


def news(rules: Iterable[SharedRule], known: Mapping[str, SharedRule]) -> list[SharedRule]:
    """Those that win against what is known."""
    return [rule for rule in rules if rule.key not in known or rule.rank > known[rule.key].rank]


def made(rule: AlertRule, by: str, at: datetime) -> SharedRule:
    """A new rule for all scanners. Raises ConditionError for one that is too long."""
    return SharedRule(uuid.uuid4().hex, 1, at, _content(rule), by)


def changed(before: SharedRule, rule: AlertRule | None, by: str, at: datetime) -> SharedRule:
    """The version after `before`; `rule` None removes it. Raises ConditionError."""
    return replace(
        before,
        version=min(before.version + 1, LAST_VERSION),
        changed_at=at,
        content=None if rule is None else _content(rule),
        by=by,
        device="",
    )


def folded_lists(lists: Lists) -> dict[str, frozenset[str]]:
    """Lists of cards as cards are looked up in them."""
    return {name: frozenset(map(folded, entries)) for name, entries in lists.items()}


def joined_lists(every: Iterable[Lists], asked: Iterable[str], limit: int) -> dict[str, list[str]]:
    """All scanners' lists of the names asked for, those of one name together; sorted."""
    wanted = {folded(name) for name in asked}
    found: dict[str, dict[str, str]] = {}
    for lists in every if wanted else ():
        for name, entries in lists.items():
            if folded(name) in wanted:
                cards = found.setdefault(folded(name), {})
                for entry in entries:
                    cards.setdefault(folded(entry), entry)
    return {
        name: [entry for _, entry in sorted(cards.items())][:limit]
        for name, cards in sorted(found.items())
    }


def _content(rule: AlertRule) -> Mapping[str, Any]:
    content = write_alert(rule)
    if len(json.dumps(content).encode()) > MOST_SHARED_BYTES:
        raise ConditionError(
            f"This is too long for a rule of all scanners ({MOST_SHARED_BYTES // 1024} KiB): put "
            "the cards on a list, and ask for the list."
        )
    return content
