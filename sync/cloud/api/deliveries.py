"""Messages about alerts to people and webhooks: queued once each, tried until they are taken.

A message that nobody took after `MOST_TRIES` is dead: it stays, and a manager may send it again.
A receiver gets each alert at least once; twice only where a process died between sending and noting
it, or where the receiver took it and did not say so.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from scanner.errors import UsageError
from scanner.tables import utc_now
from sync.cloud.alert_store import alerts_after
from sync.cloud.api.outcome import Outcome
from sync.cloud.store import CloudStore
from sync.cloud.tables import hold, insert_new, upsert
from sync.cloud.tables_alerts import ALERT_CURSOR, CARD_ALERT
from sync.cloud.tables_api import ACCOUNT, DELIVERY, WEBHOOK

EMAIL, HOOK = "email", "webhook"
WAITING, DONE, DEAD = "waiting", "done", "dead"
MOST_TRIES = 10
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=2)
LEASE = timedelta(minutes=5)
"""How long a process has to send what it took; then another one may."""

MAIL_EVERY = timedelta(minutes=5)
"""A person gets one mail at once, and then all that came meanwhile in one."""

_CURSOR = "deliveries"
_AT_ONCE = 50
_TOLD = ("key", "rule", "cause", "game", "card_id", "name", "set_name", "number", "variant",
         "finish", "text", "places")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """One message that this process has to send now."""

    id: int
    channel: str
    target: str
    tries: int
    alerts: Sequence[Mapping[str, Any]]

    def body(self) -> bytes:
        """What a webhook gets."""
        told = {"delivery": self.id, "event": "alerts", "alerts": self.alerts}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


class Deliveries:
    """The messages in the database. Usable from several threads and processes."""

    def __init__(self, store: CloudStore, chance: random.Random | None = None) -> None:
        self._store = store
        self._chance = chance or random.Random()

    def has_work(self) -> bool:
        """Whether there is an alert to queue or a message to send; cheap enough to ask often."""
        newest = select(func.max(CARD_ALERT.c.id)).scalar_subquery()
        position = select(ALERT_CURSOR.c.position).where(ALERT_CURSOR.c.name == _CURSOR)
        due = select(DELIVERY.c.id).where(
            DELIVERY.c.state == WAITING, DELIVERY.c.next_at <= utc_now()
        )
        with self._store.log.read() as session:
            row = (
                session.connection()
                .execute(select(newest, position.scalar_subquery(), due.exists()))
                .one()
            )
        return row[1] is None or (row[0] or 0) > row[1] or bool(row[2])

    def queue_new(self, sends_mail: bool) -> int:
        """Queue messages about the alerts that came since the last time; how many alerts."""
        with self._store.log.write() as session:
            connection = session.connection()
            hold(connection, _CURSOR)
            after = _cursor(connection)
            alerts = alerts_after(connection, after)
            if not alerts:
                return 0
            told = [_told(alert) for alert in alerts]
            for webhook_id in connection.execute(
                select(WEBHOOK.c.id).where(WEBHOOK.c.ended_at.is_(None))
            ).scalars():
                _add(connection, HOOK, str(webhook_id), told)
            if sends_mail:
                for email in set(_mail_addresses(connection)):
                    _add_mail(connection, email, told)
            upsert(connection, ALERT_CURSOR, [{"name": _CURSOR, "position": alerts[-1]["id"]}])
        return len(alerts)

    def queue_test(self, webhook_id: int) -> None:
        """Queue a message that says that all is well."""
        now = utc_now()
        test: dict[str, Any] = dict.fromkeys(_TOLD, "") | {
            "key": f"test-{now:%Y%m%d%H%M%S%f}", "cause": "test", "places": [],
            "text": "This is a test.", "raised_at": now.isoformat(), "price_as_of": None,
        }  # fmt: skip
        with self._store.log.write() as session:
            _add(session.connection(), HOOK, str(webhook_id), [test])

    def take_due(self, now: datetime | None = None) -> list[Due]:
        """Take messages that are to be sent now; nobody else gets them for a while."""
        now = now or utc_now()
        with self._store.log.write() as session:
            connection = session.connection()
            hold(connection, "take deliveries")
            rows = connection.execute(
                select(DELIVERY)
                .where(DELIVERY.c.state == WAITING, DELIVERY.c.next_at <= now)
                .order_by(DELIVERY.c.next_at, DELIVERY.c.id)
                .limit(_AT_ONCE)
            ).all()
            if rows:
                taken = update(DELIVERY).where(DELIVERY.c.id.in_([row.id for row in rows]))
                connection.execute(taken.values(next_at=now + LEASE, tries=DELIVERY.c.tries + 1))
        return [
            Due(row.id, row.channel, row.target, row.tries + 1, json.loads(row.body))
            for row in rows
        ]

    def note(self, due: Due, outcome: Outcome, now: datetime | None = None) -> str:
        """Note how a try went; the message's state from now on."""
        now = now or utc_now()
        values: dict[str, Any] = {"problem": outcome.problem[:400], "state": WAITING}
        if outcome.is_done:
            values |= {"state": DONE, "done_at": now}
        elif outcome.is_final or due.tries >= MOST_TRIES:
            values |= {"state": DEAD, "done_at": now}
        else:
            asked = timedelta(seconds=outcome.wait_s)
            values["next_at"] = now + max(asked, self._wait(due.tries))
        with self._store.log.write() as session:
            session.connection().execute(
                update(DELIVERY).where(DELIVERY.c.id == due.id).values(values)
            )
        return str(values["state"])

    def all(self, state: str, limit: int) -> list[dict[str, Any]]:
        """Return messages, newest first."""
        query = select(DELIVERY).order_by(DELIVERY.c.id.desc()).limit(limit)
        if state:
            query = query.where(DELIVERY.c.state == state)
        with self._store.log.read() as session:
            return [dict(row) for row in session.connection().execute(query).mappings()]

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        query = select(DELIVERY.c.state, func.count()).group_by(DELIVERY.c.state)
        with self._store.log.read() as session:
            return {state: int(count) for state, count in session.connection().execute(query)}

    def send_again(self, delivery_id: int) -> None:
        """Try a dead message anew. Raises UsageError where it is not dead."""
        query = update(DELIVERY).where(DELIVERY.c.id == delivery_id, DELIVERY.c.state == DEAD)
        values = {"state": WAITING, "tries": 0, "next_at": utc_now(), "done_at": None}
        with self._store.log.write() as session:
            if not session.connection().execute(query.values(values)).rowcount:
                raise UsageError("There is no such message that was given up.")

    def _wait(self, tries: int) -> timedelta:
        """Twice as long each time, and never all at the same moment."""
        wait = min(FIRST_WAIT * float(2 ** (tries - 1)), LONGEST_WAIT)
        return wait * self._chance.uniform(0.8, 1.2)


def _cursor(connection: Connection) -> int:
    """Up to which alert messages are queued; what was there before all this is no news."""
    query = select(ALERT_CURSOR.c.position).where(ALERT_CURSOR.c.name == _CURSOR)
    known = connection.execute(query).scalar()
    if known is None:
        known = connection.execute(select(func.max(CARD_ALERT.c.id))).scalar() or 0
        upsert(connection, ALERT_CURSOR, [{"name": _CURSOR, "position": known}])
    return int(known)


def _told(alert: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: alert[name] for name in _TOLD}
    price_as_of = alert["price_as_of"]
    return {
        **told, "raised_at": alert["raised_at"].isoformat(),
        "price_as_of": price_as_of.isoformat() if price_as_of else None,
    }  # fmt: skip


def _mail_addresses(connection: Connection) -> Iterable[str]:
    query = select(ACCOUNT.c.email).where(ACCOUNT.c.is_open, ACCOUNT.c.email != "")
    return connection.execute(query).scalars()


def _add(
    connection: Connection,
    channel: str,
    target: str,
    told: Sequence[Mapping[str, Any]],
    next_at: datetime | None = None,
) -> None:
    now = utc_now()
    row = {
        "channel": channel, "target": target, "about": told[0]["key"], "body": json.dumps(told),
        "state": WAITING, "tries": 0, "next_at": next_at or now, "problem": "", "created_at": now,
    }  # fmt: skip
    insert_new(connection, DELIVERY, [row])


def _add_mail(connection: Connection, email: str, told: Sequence[Mapping[str, Any]]) -> None:
    """One mail at once; what comes soon after waits and goes in one."""
    to_them = (DELIVERY.c.channel == EMAIL, DELIVERY.c.target == email)
    unsent = connection.execute(
        select(DELIVERY.c.id, DELIVERY.c.body).where(
            *to_them, DELIVERY.c.state == WAITING, DELIVERY.c.tries == 0
        )
    ).first()
    if unsent is not None:
        body = json.dumps([*json.loads(unsent.body), *told])
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == unsent.id).values(body=body))
        return
    last = connection.execute(select(func.max(DELIVERY.c.created_at)).where(*to_them)).scalar()
    now = utc_now()
    _add(connection, EMAIL, email, told, max(now, last + MAIL_EVERY) if last else now)
