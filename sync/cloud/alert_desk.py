"""Follows the cloud's prices, raises alerts, and tells devices how the shop's alerts stand."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, func, select

from scanner.alerts import AlertRule, read_alert
from scanner.alerts_judge import Told
from scanner.card_facts import CardFacts, columns_of, on_lists
from scanner.card_lookup import FactsBook
from scanner.conditions import lists_asked
from scanner.errors import ConditionError
from scanner.shared_rules import Lists, folded_lists, joined_lists
from sync.cloud import alert_store
from sync.cloud.alert_store import Key
from sync.cloud.alerts import Asked, GoneOff, gone_off
from sync.cloud.rule_store import MOST_LIST_ENTRIES, held_rules, shop_lists
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE, PRICE_CHANGE, PRICE_KEYS, upsert
from sync.cloud.tables_alerts import ALERT_CURSOR, ALERT_RULES, CARD
from sync.link import Link, Outcome, Verdict
from sync.protocol import device_topic

log = logging.getLogger(__name__)

CHANGES_PER_STEP = 500
OVERLAP = 2000
"""How far back ids are looked at again: PostgreSQL may have a later id on disk first."""
MOST_OPEN_OF_A_RULE = 200
_PRICES = "price_change"


class AlertDesk:
    """One process of the cloud has one. Not for several threads."""

    def __init__(self, store: CloudStore, facts: FactsBook) -> None:
        """Begin after the last price that was judged; `facts` are those of the cloud's own packs.

        Raises StoreError.
        """
        self._store = store
        self._facts = facts
        self._cursor = 0
        self._done: set[int] = set()
        self._told: dict[str, tuple[int, int]] = {}
        self._telling: dict[int, tuple[str, tuple[int, int]]] = {}
        self._flooded: set[str] = set()
        with store.log.write() as session:
            self._begin(session.connection())

    def step(self) -> bool:
        """Judge some prices that have changed; True where more wait. Raises StoreError."""
        with self._store.log.write() as session:
            connection = session.connection()
            changed = self._new_changes(connection)
            rows = [row for row in changed if row[0] not in self._done]
            new = {row[0]: (row[1], row[2]) for row in rows}
            if new:
                raised = self._judge(connection, new)
                alert_store.add_alerts(connection, raised)
                cursor = max(self._cursor, *new)
                upsert(connection, ALERT_CURSOR, [{"name": _PRICES, "position": cursor}])
        if not new:
            return False
        self._cursor = cursor
        self._done |= set(new)
        self._done = {number for number in self._done if number > cursor - OVERLAP}
        return len(changed) >= CHANGES_PER_STEP

    def tell(self, link: Link) -> None:
        """Publish how alerts stand to every device that does not know yet."""
        with self._store.log.read() as session:
            connection = session.connection()
            now = alert_store.mark(connection)
            under_way = {device for device, _ in self._telling.values()}
            due = [
                device
                for device in alert_store.devices(connection)
                if self._told.get(device) != now and device not in under_way
            ]
            if not due:
                return
            payload = alert_store.payload(connection)
        for device in due:
            topic = device_topic(device, "down", "alerts")
            self._telling[link.publish(topic, payload, retain=True)] = (device, now)

    def answered(self, outcome: Outcome) -> bool:
        """Take the broker's word on a message; False where it is somebody else's."""
        if outcome.number not in self._telling:
            return False
        device, told = self._telling.pop(outcome.number)
        if outcome.verdict is not Verdict.REFUSED:
            self._told[device] = told
        return True

    def connected(self) -> None:
        """A broker that was killed may have forgotten what it kept: tell everybody again."""
        self._told.clear()
        self._telling.clear()

    def _begin(self, connection: Connection) -> None:
        kept = connection.execute(
            select(ALERT_CURSOR.c.position).where(ALERT_CURSOR.c.name == _PRICES)
        ).scalar()
        if kept is None:  # what was there before alerts were is no news
            kept = connection.execute(select(func.max(PRICE_CHANGE.c.id))).scalar() or 0
            upsert(connection, ALERT_CURSOR, [{"name": _PRICES, "position": kept}])
        self._cursor = kept
        near = select(PRICE_CHANGE.c.id).where(
            PRICE_CHANGE.c.id > kept - OVERLAP, PRICE_CHANGE.c.id <= kept
        )
        self._done = set(connection.execute(near).scalars())

    def _new_changes(self, connection: Connection) -> Sequence[tuple[int, str, str]]:
        columns = PRICE_CHANGE.c.id, PRICE_CHANGE.c.game, PRICE_CHANGE.c.card_id
        overlap = OVERLAP if connection.dialect.name == "postgresql" else 0
        after = self._cursor - overlap
        query = select(*columns).where(PRICE_CHANGE.c.id > after).order_by(PRICE_CHANGE.c.id)
        rows = connection.execute(query.limit(OVERLAP + CHANGES_PER_STEP)).all()
        return [(row[0], row[1], row[2]) for row in rows if row[0] not in self._done][
            :CHANGES_PER_STEP
        ]

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
        """Every rule that is on, once however many devices have it."""
        found: dict[str, tuple[AlertRule, list[Lists]]] = {}
        for row in connection.execute(select(ALERT_RULES.c.rules, ALERT_RULES.c.lists)):
            for value in row.rules:
                try:
                    rule = read_alert(value)
                except ConditionError as error:
                    log.warning("an alert rule can't be read: %s", error)
                    continue
                found.setdefault(rule.fingerprint, (rule, []))[1].append(row.lists)
        shared = held_rules(connection)
        of_all = shop_lists(connection, shared)
        for held in shared:
            found.setdefault(held.rule.fingerprint, (held.rule, []))[1].append(of_all)
        return [
            Asked(rule, partial(on_lists, lists=_folded(lists, lists_asked(rule.cards))))
            for rule, lists in found.values()
            if rule.on
        ]

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


def _folded(lists: Iterable[Lists], asked: Iterable[str]) -> dict[str, frozenset[str]]:
    return folded_lists(joined_lists(lists, asked, MOST_LIST_ENTRIES))


def _alert(connection: Connection, card: CardFacts, found: GoneOff, key: Key) -> dict[str, Any]:
    rule = found.rule
    about = {
        "game": key[0], "card_id": key[1], "name": card.name or "", "set_name": card.set or "",
        "number": card.number or "", "variant": card.variant or "", "finish": found.finish,
    }  # fmt: skip
    assert set(about) == set(CARD)
    raised_at = connection.execute(
        select(PRICE_CHANGE.c.as_of).where(PRICE_CHANGE.c.id == found.change_id)
    ).scalar_one()
    what = (*key, found.finish, found.change_id, raised_at)
    return {
        "key": alert_store.new_key(rule.fingerprint, *what),
        "fingerprint": rule.fingerprint, "device": "", "rule": rule.name,
        "cause": rule.cause.value, "text": found.text, "raised_at": raised_at,
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
