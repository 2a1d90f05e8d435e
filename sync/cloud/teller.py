"""Tells devices what of theirs is on disk, whichever process has put it there."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select, tuple_, update

from sync.cloud.intake import Key
from sync.cloud.store import CloudStore
from sync.cloud.tables import RECEIVED
from sync.link import Link, Outcome, Verdict
from sync.protocol import Received, device_topic
from sync.protocol_rows import UP
from sync.wire import pack_json

log = logging.getLogger(__name__)

TELL_EVERY_S = 1.0
_MOST_AT_ONCE = 500
_LOG = (RECEIVED.c.device, RECEIVED.c.log)
_IS_NEWS = RECEIVED.c.up_to != RECEIVED.c.told
_NOTE = (
    update(RECEIVED)
    .where(
        RECEIVED.c.device == bindparam("of_device"),
        RECEIVED.c.log == bindparam("of_log"),
        RECEIVED.c.stream == bindparam("of_stream"),
        RECEIVED.c.told != bindparam("at"),
    )
    .values(told=bindparam("at"))
)

Owner = tuple[str, str]


class Teller:
    """One process of the cloud has one; the link is its caller's. Not for several threads."""

    def __init__(self, store: CloudStore, tell_every_s: float = TELL_EVERY_S) -> None:
        """Tell what is new at most every `tell_every_s`."""
        self._store = store
        self._tell_every_s = tell_every_s
        self._told_mono_s = float("-inf")
        self._asked: set[Owner] = set()
        self._telling: dict[int, tuple[Owner, Mapping[str, int]]] = {}
        self._told: dict[Key, int] = {}

    def came_online(self, device: str, log_name: str) -> None:
        """A device that comes is told anew: the broker or the cloud may have lost what it had."""
        self._asked.add((device, log_name))

    def answered(self, outcome: Outcome) -> bool:
        """Take the broker's word on a message; False where it is somebody else's."""
        if outcome.number not in self._telling:
            return False
        (device, log_name), up_to = self._telling.pop(outcome.number)
        if outcome.verdict is Verdict.REFUSED:
            log.error("%s can't be told what is on disk: %s", device, outcome.text)
        self._told |= {(device, log_name, stream): at for stream, at in up_to.items()}
        return True

    def step(self, link: Link) -> None:
        """Tell what is news. Raises StoreError: nothing is lost, call it again."""
        now_mono_s = time.monotonic()
        if now_mono_s - self._told_mono_s < self._tell_every_s:
            return
        self._told_mono_s = now_mono_s
        self._note_told()
        under_way = {owner for owner, _ in self._telling.values()}
        for owner, up_to in self._news().items():
            if owner not in under_way:
                message = Received(log=owner[1], up_to=dict.fromkeys(UP, 0) | up_to)
                topic = device_topic(owner[0], "down", "received")
                number = link.publish(topic, pack_json(message), retain=True)
                self._telling[number] = (owner, up_to)
                self._asked.discard(owner)

    def _note_told(self) -> None:
        if not self._told:
            return
        rows = [
            {"of_device": device, "of_log": log_name, "of_stream": stream, "at": at}
            for (device, log_name, stream), at in sorted(self._told.items())
        ]
        with self._store.log.write() as session:
            session.connection().execute(_NOTE, rows)
        self._told = {}

    def _news(self) -> dict[Owner, dict[str, int]]:
        """What each device is to be told: of those with news, and of those who have asked."""
        with self._store.log.read() as session:
            connection = session.connection()
            due = connection.execute(select(*_LOG).where(_IS_NEWS).distinct().limit(_MOST_AT_ONCE))
            owners: Sequence[Owner] = sorted({(row[0], row[1]) for row in due} | self._asked)
            found: dict[Owner, dict[str, int]] = {owner: {} for owner in owners}
            if owners:
                query = select(*_LOG, RECEIVED.c.stream, RECEIVED.c.up_to)
                for device, log_name, stream, up_to in connection.execute(
                    query.where(tuple_(*_LOG).in_(owners))
                ):
                    found[device, log_name][stream] = up_to
        return found
