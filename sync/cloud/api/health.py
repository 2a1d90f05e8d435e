"""How the cloud fares: its database, broker, queue, jobs, sources and messages."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select, text

from scanner.errors import CounterscanError
from scanner.tables import utc_now
from sync.cloud.api.deliveries import DEAD, Deliveries
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import JOBS, Outcome, last_run
from sync.cloud.refused import count_refused, newest_refused
from sync.cloud.store import CloudStore
from sync.cloud.tables import DEVICE, PRICE
from sync.cloud.tables_sources import SOURCE_RUN

State = Literal["ok", "warning", "down", "off"]
GLANCE_EVERY_S = 5.0
_WITHIN_S = 2.0
_OLD = timedelta(hours=36)
"""Prices are collected daily; a source that has said nothing for so long is worth a look."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that must work; `detail` says what to do where it does not."""

    name: str
    state: State
    detail: str = ""


def parts_of(store: CloudStore, config: CloudConfig) -> list[Part]:
    """Look at everything. Takes some seconds where something does not answer."""
    database = _tried("database", lambda: _database(store))
    found = [database, _broker(config), _queue(config)]
    if database.state == "down":
        return found
    return [*found, *_jobs(store), *_sources(store), _messages(store), _devices(store),
            _refused(store)]  # fmt: skip


class Glance:
    """Whether the cloud works, looked at every few seconds at most, however often it is asked.

    For whoever needs no key: each look opens connections. Usable from several threads.
    """

    def __init__(
        self, look: Callable[[], bool], now_mono_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is looked at before somebody asks."""
        self._look = look
        self._now_mono_s = now_mono_s
        self._lock = threading.Lock()
        self._seen: tuple[float, bool] | None = None

    def is_well(self) -> bool:
        """What was seen last; who asks while another looks is not kept waiting, if it can be."""
        if not self._lock.acquire(blocking=self._seen is None):
            assert self._seen is not None
            return self._seen[1]
        try:
            if self._seen is None or self._now_mono_s() - self._seen[0] > GLANCE_EVERY_S:
                found = self._look()
                self._seen = (self._now_mono_s(), found)
            return self._seen[1]
        finally:
            self._lock.release()


def is_well(parts: list[Part]) -> bool:
    """Whether what everything else needs is there."""
    return not any(part.state == "down" for part in parts)


def _tried(name: str, look: Callable[[], Part]) -> Part:
    try:
        return look()
    except CounterscanError as error:
        return Part(name, "down", str(error))


def _database(store: CloudStore) -> Part:
    began_mono_s = time.monotonic()
    with store.log.read() as session:
        connection = session.connection()
        connection.execute(text("SELECT 1"))
        kind = connection.dialect.name
    return Part("database", "ok", f"{kind}, {1000 * (time.monotonic() - began_mono_s):.0f} ms")


def _broker(config: CloudConfig) -> Part:
    if not config.broker:
        return Part("broker", "off", "No broker is set.")
    pairing = config.pairing()
    try:
        socket.create_connection((pairing.host, pairing.port), _WITHIN_S).close()
    except OSError as error:
        return Part("broker", "down", f"{pairing.host} port {pairing.port}: {error}")
    return Part("broker", "ok", f"{pairing.host} port {pairing.port} answers")


def _queue(config: CloudConfig) -> Part:
    if not config.redis:
        return Part("queue", "off", "Jobs run within cloud serve.")
    try:
        import redis
    except ModuleNotFoundError:
        return Part("queue", "down", "The library redis is not installed.")
    try:
        client: Any = redis.Redis.from_url(
            config.redis, socket_timeout=_WITHIN_S, socket_connect_timeout=_WITHIN_S
        )
        with client:
            client.ping()
    except redis.RedisError as error:
        return Part("queue", "down", f"Redis does not answer: {error}")
    return Part("queue", "ok", "Redis answers")


def _jobs(store: CloudStore) -> list[Part]:
    found = []
    with store.log.read() as session:
        connection = session.connection()
        for name, job in JOBS.items():
            last = last_run(connection, name)
            if last is None:
                found.append(Part(f"job {name}", "warning", "It has never run."))
                continue
            late = utc_now() - last.began_at > timedelta(seconds=2 * job.every_s + 3600)
            state: State = "warning" if late or last.outcome is Outcome.FAILED else "ok"
            when = f"{last.outcome.value} at {_time(last.began_at)}"
            found.append(Part(f"job {name}", state, f"{when}: {last.detail}".removesuffix(": ")))
    return found


def _sources(store: CloudStore) -> list[Part]:
    """What each source's last collection came to."""
    newest = select(func.max(SOURCE_RUN.c.id)).group_by(SOURCE_RUN.c.source)
    columns = [SOURCE_RUN.c[name] for name in ("source", "outcome", "ended_at", "problem")]
    query = select(*columns).where(SOURCE_RUN.c.id.in_(newest)).order_by(SOURCE_RUN.c.source)
    with store.log.read() as session:
        rows = session.connection().execute(query).all()
    return [
        Part(
            f"source {row.source}",
            "warning" if row.problem or utc_now() - row.ended_at > _OLD else "ok",
            f"{row.outcome} at {_time(row.ended_at)} {row.problem}".strip(),
        )
        for row in rows
    ]


def _messages(store: CloudStore) -> Part:
    counts = Deliveries(store).counts()
    detail = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none yet"
    return Part("messages", "warning" if counts.get(DEAD) else "ok", detail)


def _devices(store: CloudStore) -> Part:
    with store.log.read() as session:
        rows = session.connection().execute(select(DEVICE.c.is_online)).scalars().all()
    return Part("devices", "ok", f"{sum(rows)} of {len(rows)} online")


def _refused(store: CloudStore) -> Part:
    """Rows of devices that the cloud can't use; nothing is lost, but somebody should look."""
    newest = next(iter(newest_refused(store, 1)), None)
    if newest is None:
        return Part("refused rows", "ok", "none")
    count = count_refused(store)
    return Part(
        "refused rows",
        "warning",
        f"{count} kept aside; {newest.stream} {newest.id} of {newest.device}: {newest.reason} "
        "Update Counterscan here; `counterscan cloud refused` lists them.",
    )


def price_ages_s(store: CloudStore, now: datetime) -> dict[str, float]:
    """How old the newest price of each source is."""
    query = select(PRICE.c.source, func.max(PRICE.c.as_of)).group_by(PRICE.c.source)
    with store.log.read() as session:
        rows = session.connection().execute(query).all()
    return {source: max(0.0, (now - as_of).total_seconds()) for source, as_of in rows}


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
