"""Alert rules for all scanners on the cloud's disk: merged as they come, told as they stand."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, insert, select

from scanner.alerts import HeldRule, read_alert
from scanner.conditions import lists_asked
from scanner.errors import ConditionError
from scanner.shared_rules import (
    MOST_SHARED_BYTES,
    SharedRule,
    joined_lists,
    merged,
    news,
)
from scanner.tables import utc_now
from sync.cloud.copying import clean
from sync.cloud.tables import hold
from sync.cloud.tables_alerts import ALERT_RULES
from sync.cloud.tables_rules import SHARED_RULE
from sync.protocol import MOST_SHARED_TOLD, ShopRules
from sync.shared_rules import to_wire
from sync.wire import fits, pack

log = logging.getLogger(__name__)

MOST_HELD = 300
"""More than one end lets anybody make: several may have made some while apart."""

MOST_LIST_ENTRIES = 5000


def every_rule(connection: Connection) -> dict[str, SharedRule]:
    """The version of each rule that holds, by key; also those removed, in the order of changes."""
    rows = connection.execute(select(SHARED_RULE).order_by(SHARED_RULE.c.id))
    return merged(
        SharedRule(
            row.key, row.version, row.changed_at, None if row.removed else row.content, row.by,
            row.device,
        )
        for row in rows
    )  # fmt: skip


def keep_rules(connection: Connection, said: Iterable[SharedRule]) -> int:
    """Take versions in; one that does not win, or that is no rule, changes nothing. The new ones.

    The caller's transaction keeps every other writer of rules out until it ends.
    """
    hold(connection, "shared rules")
    known = every_rule(connection)
    held = sum(not rule.is_removed for rule in known.values())
    new: list[SharedRule] = []
    for rule in news(merged(said).values(), known):
        is_more = rule.key not in known and not rule.is_removed
        if _is_useless(rule):
            continue
        if is_more and held >= MOST_HELD:
            log.warning(
                "%d rules for all scanners: %s makes no more", held, rule.device or "nobody"
            )
            continue
        held += is_more
        new.append(rule)
    if new:
        connection.execute(insert(SHARED_RULE), [_row(rule) for rule in new])
    return len(new)


def held_rules(connection: Connection) -> list[HeldRule]:
    """The rules that hold for all scanners, by name."""
    found = []
    for rule in every_rule(connection).values():
        if rule.content is not None:
            try:
                found.append(HeldRule(read_alert(rule.content), rule.key))
            except ConditionError as error:
                log.warning("a rule for all scanners can't be read: %s", error)
    return sorted(found, key=lambda held: (held.rule.name.casefold(), held.key))


def shop_lists(connection: Connection, held: Sequence[HeldRule]) -> dict[str, list[str]]:
    """The lists that rules for all ask about: a card is on one as soon as any scanner has it."""
    asked = {name for each in held for name in lists_asked(each.rule.cards)}
    if not asked:
        return {}
    every = connection.execute(select(ALERT_RULES.c.lists).order_by(ALERT_RULES.c.device))
    return joined_lists(every.scalars(), asked, MOST_LIST_ENTRIES)


def mark(connection: Connection) -> tuple[object, ...]:
    """Changes with every rule for all, and with every list that a device tells."""
    rules = select(func.max(SHARED_RULE.c.id))
    lists = select(func.max(ALERT_RULES.c.told_at), func.count())
    return (connection.execute(rules).scalar(), *connection.execute(lists).one())


def message(connection: Connection) -> bytes:
    """What all devices are told."""
    every = list(every_rule(connection).values())
    live = [rule for rule in every if not rule.is_removed]
    gone = sorted((rule for rule in every if rule.is_removed), key=lambda rule: rule.changed_at)
    told = [*live, *gone[-(MOST_SHARED_TOLD - len(live)) :]]
    lists = shop_lists(connection, held_rules(connection))
    while not fits(packed := pack(ShopRules(rules=[to_wire(one) for one in told], lists=lists))):
        log.warning("the lists of rules for all scanners are too long: half of each is told")
        if not any(lists.values()):
            told = told[: len(told) // 2]
        lists = {name: entries[: len(entries) // 2] for name, entries in lists.items()}
    return packed


def _is_useless(rule: SharedRule) -> bool:
    """Whether it is no rule that this release can read; then it is told in the log."""
    if rule.content is None:
        return False
    try:
        read_alert(rule.content)
    except ConditionError as error:
        log.warning("a rule for all scanners from %s can't be read: %s", rule.device, error)
        return True
    too_long = len(str(rule.content)) > 2 * MOST_SHARED_BYTES
    if too_long:
        log.warning("a rule for all scanners from %s is too long", rule.device)
    return too_long


def _row(rule: SharedRule) -> dict[str, object]:
    return {
        "key": rule.key, "version": rule.version, "removed": rule.is_removed,
        "content": dict(rule.content or {}), "by": clean(rule.by), "device": rule.device,
        "changed_at": rule.changed_at, "created_at": utc_now(),
    }  # fmt: skip
