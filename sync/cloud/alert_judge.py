"""Follows the cloud's prices and raises alerts, in whichever process that is asked of.

How far it came is in the database, and one judges at a time: a price is judged once however many
processes there are.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from scanner.alerts import AlertRule, read_alert
from scanner.alerts_judge import Told
from scanner.card_facts import CardFacts, columns_of, on_lists
from scanner.card_lookup import FactsBook
from scanner.conditions import lists_asked
from scanner.errors import ConditionError
from scanner.logs import fields
from scanner.price_sources import USUAL_ORDER, SourceOrder
from scanner.shared_rules import Lists, folded_lists, joined_lists
from scanner.tables import utc_now
from sync.cloud import alert_store
from sync.cloud.alert_store import Key
from sync.cloud.alerts import Asked, GoneOff, gone_off
from sync.cloud.rule_store import MOST_LIST_ENTRIES, held_rules, shop_lists
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE, PRICE_CHANGE, PRICE_KEYS, hold, insert_new, upsert
from sync.cloud.tables_alerts import ALERT_CURSOR, ALERT_JUDGED, ALERT_RULES, CARD

log = logging.getLogger(__name__)

CHANGES_PER_STEP = 500
OVERLAP = 2000
"""How far back ids are looked at again: PostgreSQL may have a later id on disk first."""
MOST_OPEN_OF_A_RULE = 200
_PRICES = "price_change"
_MOST_NAMED = 5
_OF_RULES = (ALERT_RULES.c.device, ALERT_RULES.c.rules, ALERT_RULES.c.lists)


def begin(connection: Connection) -> None:
    """Begin after the last price, unless some were judged: what was there before is no news."""
    hold(connection, "alerts")
    if judged_up_to(connection) is None:
        newest = connection.execute(select(func.max(PRICE_CHANGE.c.id))).scalar() or 0
        upsert(connection, ALERT_CURSOR, [{"name": _PRICES, "position": newest}])
        if _may_come_late(connection):
            near = select(PRICE_CHANGE.c.id).where(PRICE_CHANGE.c.id > newest - OVERLAP)
            connection.execute(ALERT_JUDGED.insert().from_select(["id"], near))


def judged_up_to(connection: Connection) -> int | None:
    """The last price that was judged; None before the beginning."""
    query = select(ALERT_CURSOR.c.position).where(ALERT_CURSOR.c.name == _PRICES)
    found: int | None = connection.execute(query).scalar()
    return found


def is_behind(connection: Connection) -> bool:
    """Whether prices wait to be judged."""
    waiting = _waiting(connection, judged_up_to(connection) or 0).limit(1)
    return connection.execute(waiting).first() is not None


class AlertJudge:
    """Not for several threads."""

    def __init__(self, store: CloudStore, facts: FactsBook) -> None:
        """Begin where it was left; `facts` are those of the cloud's packs. Raises StoreError."""
        self._store = store
        self._facts = facts
        self._flooded: set[str] = set()
        with store.log.write() as session:
            begin(session.connection())

    def step(self) -> bool:
        """Judge some prices that have changed; True where more wait. Raises StoreError."""
        with self._store.log.write() as session:
            connection = session.connection()
            hold(connection, "alerts")
            cursor = judged_up_to(connection) or 0
            waiting = connection.execute(_waiting(connection, cursor).limit(CHANGES_PER_STEP))
            new: dict[int, Key] = {row.id: (row.game, row.card_id) for row in waiting}
            raised = self._judge(connection, new) if new else []
            if new:
                alert_store.add_alerts(connection, raised)
                _note_judged(connection, new, max(cursor, *new))
        _log_raised(raised, len(new))
        return len(new) >= CHANGES_PER_STEP

    def _judge(self, connection: Connection, new: Mapping[int, Key]) -> list[dict[str, Any]]:
        asked = [each for each in self._rules(connection) if each.rule.asks_prices]
        if not asked:
            return []
        keys = set(new.values())
        seen = alert_store.scanned(connection, keys)
        if all(each.rule.only_scanned for each in asked):
            keys &= set(seen)
        if not keys:
            return []
        is_open = alert_store.open_kinds(connection, keys)
        count = alert_store.open_by_rule(connection)
        histories = _histories(connection, keys, max(each.rule.days for each in asked))
        sets = _sets(connection, keys)
        raised = []
        for key in sorted(keys):
            card = self._card(key, seen.get(key), sets.get(key, ""))
            told = histories.get(key, [])
            for found in gone_off(asked, card, told, new.__contains__, key in seen):
                kind = (found.rule.fingerprint, *key, found.finish)
                if kind in is_open or not self._has_room(found.rule, count):
                    continue
                is_open.add(kind)
                raised.append(_alert(connection, card, found, key))
        return raised

    def _has_room(self, rule: AlertRule, count: dict[str, int]) -> bool:
        """A rule that goes off for everything tells nobody anything: it is stopped at a limit."""
        open_now = count.get(rule.fingerprint, 0)
        count[rule.fingerprint] = open_now + 1
        if open_now < MOST_OPEN_OF_A_RULE:
            self._flooded.discard(rule.fingerprint)
            return True
        if rule.fingerprint not in self._flooded:
            self._flooded.add(rule.fingerprint)
            log.warning("%d alerts of the rule %r are open: no more of it", open_now, rule.name)
        return False

    def _rules(self, connection: Connection) -> list[Asked]:
        """Every rule that is on, once however many devices have it; it is asked in the order of
        sources of each of them."""
        orders = alert_store.source_orders(connection)
        found: dict[str, tuple[AlertRule, list[Lists], set[SourceOrder]]] = {}
        for row in connection.execute(select(*_OF_RULES)):
            for value in row.rules:
                try:
                    rule = read_alert(value)
                except ConditionError as error:
                    log.warning("an alert rule can't be read: %s", error)
                    continue
                _, lists, of = found.setdefault(rule.fingerprint, (rule, [], set()))
                lists.append(row.lists)
                of.add(orders.get(row.device, USUAL_ORDER))
        shared = held_rules(connection)
        of_all = shop_lists(connection, shared)
        for held in shared:
            _, lists, of = found.setdefault(held.rule.fingerprint, (held.rule, [], set()))
            lists.append(of_all)
            of.update(orders.values() or [USUAL_ORDER])
        return [
            Asked(
                rule, partial(on_lists, lists=_folded(lists, lists_asked(rule.cards))),
                tuple(sorted(of, key=lambda order: order.named)),
            )
            for rule, lists, of in found.values()
            if rule.on
        ]  # fmt: skip

    def _card(self, key: Key, seen: Mapping[str, str] | None, set_name: str) -> CardFacts:
        known = seen or {}
        facts = self._facts.facts_of(*key)
        columns: dict[str, Any] = columns_of(facts) if facts else {}
        card = CardFacts(
            decision="accepted" if seen else "unknown",
            card_id=key[1],
            game=key[0],
            set=known.get("set_name") or set_name or None,
            name=known.get("name") or facts.get("name") or None,
            number=known.get("number"),
            variant=known.get("variant"),
        )
        return replace(card, **columns)


def _log_raised(alerts: Sequence[Mapping[str, Any]], prices: int) -> None:
    if not alerts:
        return
    by_rule = Counter(alert["rule"] for alert in alerts).most_common(_MOST_NAMED + 1)
    said = [f"{rule} {count}" for rule, count in by_rule[:_MOST_NAMED]]
    log.info(
        "%d alerts raised by %d changed prices: %s%s", len(alerts), prices, ", ".join(said),
        " …" if len(by_rule) > _MOST_NAMED else "",
        extra=fields(alerts=len(alerts), prices=prices),
    )  # fmt: skip


def _folded(lists: Iterable[Lists], asked: Iterable[str]) -> dict[str, frozenset[str]]:
    return folded_lists(joined_lists(lists, asked, MOST_LIST_ENTRIES))


def _alert(connection: Connection, card: CardFacts, found: GoneOff, key: Key) -> dict[str, Any]:
    rule = found.rule
    about = {
        "game": key[0], "card_id": key[1], "name": card.name or "", "set_name": card.set or "",
        "number": card.number or "", "variant": card.variant or "", "finish": found.finish,
    }  # fmt: skip
    assert set(about) == set(CARD)
    price_as_of = connection.execute(
        select(PRICE_CHANGE.c.as_of).where(PRICE_CHANGE.c.id == found.change_id)
    ).scalar_one()
    what = (*key, found.finish, found.change_id, price_as_of)
    return {
        "key": alert_store.new_key(rule.fingerprint, *what),
        "fingerprint": rule.fingerprint, "device": "", "rule": rule.name,
        "cause": rule.cause.value, "text": found.text, "raised_at": utc_now(),
        "price_as_of": price_as_of,
        "places": alert_store.places(connection, key), **about,
    }  # fmt: skip


def _histories(connection: Connection, keys: Iterable[Key], days: int) -> dict[Key, list[Told]]:
    """The prices of printings in the order of ids, as far back as `days` and one price before."""
    cards = sorted({card_id for _, card_id in keys})
    names = (*PRICE_KEYS, "amount_minor", "as_of", "id")
    columns = [PRICE_CHANGE.c[name] for name in ("game", *names)]
    newest = connection.execute(
        select(func.max(PRICE_CHANGE.c.as_of)).where(PRICE_CHANGE.c.card_id.in_(cards))
    ).scalar_one()
    since = newest - timedelta(days=2 * days + 7)
    of_cards = PRICE_CHANGE.c.card_id.in_(cards)
    kinds = [PRICE_CHANGE.c[name] for name in ("game", *PRICE_KEYS)]
    last_before = (
        select(func.max(PRICE_CHANGE.c.id))
        .where(of_cards, PRICE_CHANGE.c.as_of < since)
        .group_by(*kinds)
    )
    query = select(*columns).where(
        of_cards, (PRICE_CHANGE.c.as_of >= since) | PRICE_CHANGE.c.id.in_(last_before)
    )
    found: dict[Key, list[Told]] = {}
    for row in connection.execute(query.order_by(PRICE_CHANGE.c.id)):
        told = Told(
            row.finish, row.condition, row.currency, row.source, row.amount_minor, row.as_of, row.id
        )
        found.setdefault((row.game, row.card_id), []).append(told)
    return found


def _sets(connection: Connection, keys: Iterable[Key]) -> dict[Key, str]:
    cards = [card_id for _, card_id in keys]
    query = select(PRICE.c.game, PRICE.c.card_id, func.max(PRICE.c.set_name)).where(
        PRICE.c.card_id.in_(cards)
    )
    rows = connection.execute(query.group_by(PRICE.c.game, PRICE.c.card_id))
    return {(row[0], row[1]): row[2] for row in rows}


def _may_come_late(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _waiting(connection: Connection, cursor: int) -> Select[Any]:
    """The changes that were not judged, oldest first."""
    change = PRICE_CHANGE.c
    query = select(change.id, change.game, change.card_id).order_by(change.id)
    if not _may_come_late(connection):
        return query.where(change.id > cursor)
    query = query.outerjoin(ALERT_JUDGED, ALERT_JUDGED.c.id == change.id)
    return query.where(change.id > cursor - OVERLAP, ALERT_JUDGED.c.id.is_(None))


def _note_judged(connection: Connection, new: Iterable[int], cursor: int) -> None:
    upsert(connection, ALERT_CURSOR, [{"name": _PRICES, "position": cursor}])
    if _may_come_late(connection):
        insert_new(connection, ALERT_JUDGED, [{"id": number} for number in sorted(new)])
        connection.execute(delete(ALERT_JUDGED).where(ALERT_JUDGED.c.id <= cursor - OVERLAP))
