"""The calls on alert rules that hold for all scanners: said on the page, told by the cloud."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from scanner.shared_rules import Lists, SharedRule, merged, news
from scanner.store_rules import RuleStore
from scanner.tables_shared import SharedListsTold, SharedRuleSaid, SharedRuleTold

_VERSION = text("""
    SELECT (SELECT coalesce(max(id), 0) FROM shared_rule_said)
        + (SELECT coalesce(max(id), 0) FROM shared_rule_told)
        + (SELECT coalesce(max(id), 0) FROM shared_lists_told)
""")


class SharedRuleStore(RuleStore):
    """The part of `scanner.store.Store` that keeps the rules of all scanners."""

    def say_shared_rule(self, rule: SharedRule, before: SharedRule | None = None) -> bool:
        """Keep what somebody said of a rule on this device's page.

        False, and nothing is kept, where the rule is no longer as it was `before`.
        """
        self._only("web")
        with self._log.write() as session:
            if before is not None and _known(session).get(rule.key) != before:
                return False
            session.add(SharedRuleSaid(**_values(rule)))
        return True

    def receive_shared_rules(self, rules: Iterable[SharedRule], lists: Lists) -> int:
        """Take in what the cloud tells of rules and lists; how much of it is new."""
        self._only("sync")
        with self._log.write() as session:
            new = news(rules, merged(_told(session)))
            session.add_all(SharedRuleTold(**_values(rule), device=rule.device) for rule in new)
            added = len(new)
            if (told := {name: list(of) for name, of in lists.items()}) != _lists(session):
                session.add(SharedListsTold(lists=told))
                added += 1
        return added

    def shared_rules(self) -> dict[str, SharedRule]:
        """Every rule of all scanners that this device knows, by key, also those removed."""
        with self._log.read() as session:
            return _known(session)

    def shared_rules_told(self) -> dict[str, SharedRule]:
        """What the cloud has told of them; what differs from `shared_rules` it does not know."""
        with self._log.read() as session:
            return merged(_told(session))

    def shared_lists(self) -> dict[str, list[str]]:
        """All scanners' lists that such rules ask about, as the cloud told them last."""
        with self._log.read() as session:
            return _lists(session)

    def shared_version(self) -> int:
        """Grows whenever one of these rules or lists changes."""
        with self._log.read() as session:
            return int(session.connection().execute(_VERSION).scalar_one())


def _values(rule: SharedRule) -> dict[str, Any]:
    return {
        "key": rule.key, "version": rule.version, "removed": rule.is_removed,
        "content": dict(rule.content or {}), "by": rule.by, "changed_at": rule.changed_at,
    }  # fmt: skip


def _known(session: Session) -> dict[str, SharedRule]:
    return merged(_told(session), _said(session))


def _said(session: Session) -> list[SharedRule]:
    rows = session.exec(select(SharedRuleSaid).order_by(col(SharedRuleSaid.id)))
    return [_rule(row) for row in rows]


def _told(session: Session) -> list[SharedRule]:
    rows = session.exec(select(SharedRuleTold).order_by(col(SharedRuleTold.id)))
    return [_rule(row, row.device) for row in rows]


def _rule(row: SharedRuleSaid | SharedRuleTold, device: str = "") -> SharedRule:
    content = None if row.removed else row.content
    return SharedRule(row.key, row.version, row.changed_at, content, row.by, device)


def _lists(session: Session) -> dict[str, list[str]]:
    newest = select(SharedListsTold).order_by(col(SharedListsTold.id).desc()).limit(1)
    row = session.exec(newest).first()
    return {} if row is None else row.lists
