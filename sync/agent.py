"""The device's end: rows go out, prices come in, and the log says how the connection fares.

One thread does it all in turns; nothing here waits for the feed loop, nor it for this.
"""

from __future__ import annotations

import importlib.metadata
import logging
import time
from collections import deque
from collections.abc import Callable

from scanner.catalog.library import Library
from scanner.errors import StoreError
from scanner.store import Store
from scanner.store_sync import LinkKind, Stream
from scanner.tables import utc_now
from sync.alerts import receive
from sync.counting import COUNT_EVERY_S, EXPIRE_S, Counting
from sync.fleet import Fleet
from sync.home_assistant import discovery, discovery_topic
from sync.link import LONGEST_BACK_OFF_S, Incoming, Link
from sync.link_client import KEEPALIVE_S
from sync.outbox import BEHIND_S, HOLD_S, ROWS_PER_MESSAGE, Outbox
from sync.pairing import Pairing
from sync.price_inbox import PriceInbox
from sync.protocol import (
    Alerts,
    DeviceState,
    PriceDelta,
    PriceSnapshot,
    Received,
    device_topic,
    prices_filter,
)
from sync.shared_rules import RulesExchange
from sync.wire import MessageError, pack_json, read_json, unpack

log = logging.getLogger(__name__)

TURN_S = 0.1
_SAVE_EVERY_S = 1.0
_AWAY_LONG_S = 600.0
_PATIENCE_S = 5.0


class Agent:
    """The device's end of the exchange."""

    def __init__(
        self,
        store: Store,
        pairing: Pairing,
        *,
        page: str = "",
        fleet: Fleet | None = None,
        rows_per_message: int = ROWS_PER_MESSAGE,
        behind_s: float = BEHIND_S,
        hold_s: float = HOLD_S,
        longest_back_off_s: float = LONGEST_BACK_OFF_S,
        keepalive_s: int = KEEPALIVE_S,
        count_every_s: float = COUNT_EVERY_S,
    ) -> None:
        """Make it; nothing is sent before `run`.

        Args:
            store: the log, opened in the role `sync`.
            pairing: broker and credentials.
            page: the address of this device's page, where a Home Assistant is to know of it.
            fleet: what takes packs, models and commands; None: this device takes none.
            rows_per_message, behind_s, hold_s: see `sync.outbox`.
            longest_back_off_s: the longest wait between two tries to connect.
            keepalive_s: how long nothing may be heard before the broker is asked.
            count_every_s: see `sync.counting`.

        Raises:
            ConfigError: a certificate can't be used.
        """
        self._store = store
        self._device = pairing.user
        self._page = page
        self._fleet = fleet
        self._topic_received = device_topic(self._device, "down", "received")
        self._topic_alerts = device_topic(self._device, "down", "alerts")
        cursors = store.sync_cursors()
        self._outbox = Outbox(
            store.rows_after,
            self._publish_rows,
            cursors,
            rows_per_message=rows_per_message,
            behind_s=behind_s,
            hold_s=hold_s,
        )
        self._inbox = PriceInbox(cursors)
        self._pending: deque[Incoming] = deque()
        self._asked_for: set[str] = set()
        self._noted: tuple[LinkKind, str] | None = None
        self._generation = store.generation()
        self._saved = self._outbox.cursors()
        self._saved_mono_s = float("-inf")
        self._counting = Counting(store, count_every_s)
        self._online_mono_s = float("-inf")
        self._seen_version = -1
        self._log_name = ""
        gone = pack_json(DeviceState(online=False))
        self._link = Link(
            pairing,
            pairing.private(f"counterscan-{self._device}"),
            subscriptions=self._subscriptions,
            will=(device_topic(self._device, "state"), gone),
            on_connected=self._say_hello,
            longest_back_off_s=longest_back_off_s,
            keepalive_s=keepalive_s,
        )
        self._rules = RulesExchange(store, self._device, self._link.publish, hold_s=3 * hold_s)
        if fleet is not None:
            fleet.start(self._link.publish)

    def run(self, stopping: Callable[[], bool]) -> None:
        """Exchange until `stopping()`. What the log can't do now is tried again."""
        try:
            while not stopping():
                try:
                    self.turn(TURN_S)
                except StoreError as error:
                    log.error("%s", error)
                    time.sleep(_PATIENCE_S)
        finally:
            self.close()

    def turn(self, timeout_s: float) -> None:
        """Do a little of everything. Raises StoreError: nothing was lost, call it again."""
        self._pending.extend(self._link.turn(timeout_s))
        while self._pending:
            self._take(self._pending[0])
            self._pending.popleft()
        now_mono_s = time.monotonic()
        for outcome in self._link.outcomes():
            self._outbox.answered(outcome, now_mono_s)
            self._rules.answered(outcome, now_mono_s)
            if self._fleet is not None:
                self._fleet.published(outcome)
        self._note_link()
        self._look_for_another_log()
        if self._link.online:
            self._online_mono_s = now_mono_s
            self._send(now_mono_s)
        if self._fleet is not None:
            self._fleet.turn(now_mono_s, online=self._link.online)
        self._save(now_mono_s)

    def close(self) -> None:
        """Say that the device leaves on purpose, and keep the cursors."""
        if self._fleet is not None:
            self._fleet.close()
        if self._link.online:
            state = DeviceState(online=False, at=utc_now(), log=self._log_name)
            self._link.publish(device_topic(self._device, "state"), pack_json(state), retain=True)
        self._link.close()
        self._save(float("inf"))

    def _send(self, now_mono_s: float) -> None:
        version = self._store.data_version()
        if version != self._seen_version or not self._log_name:
            self._log_name = self._store.log_name()
            self._rules.tell(self._log_name)
        self._rules.turn(now_mono_s)
        busy = self._outbox.step(self._log_name, now_mono_s)
        if busy:
            # A long backlog takes its time, so that the feed loop has a core for itself.
            time.sleep(time.monotonic() - now_mono_s)
        else:
            self._seen_version = version
            self._count(now_mono_s)

    def _count(self, now_mono_s: float) -> None:
        if not self._counting.due(now_mono_s):
            return
        for topic_filter in set(self._price_filters()) - self._asked_for:
            self._link.subscribe(topic_filter, again=True)  # a pack of another game is there
            self._asked_for.add(topic_filter)
        message = self._counting.news(self._log_name, self._outbox.cursors(), now_mono_s)
        if message is not None:
            topic = device_topic(self._device, "up", "counters")
            self._link.publish(topic, pack_json(message), retain=True, expires_s=EXPIRE_S)

    def _publish_rows(self, stream: Stream, payload: bytes) -> int:
        return self._link.publish(device_topic(self._device, "up", stream.value), payload)

    def _subscriptions(self) -> dict[str, bool]:
        away_long = time.monotonic() - self._online_mono_s > _AWAY_LONG_S
        self._asked_for = set(self._price_filters())
        wanted = dict.fromkeys(self._asked_for, away_long)
        ours = {self._topic_received: True, self._topic_alerts: True, self._rules.topic: True}
        further = [] if self._fleet is None else self._fleet.subscriptions()
        return {**wanted, **ours, **dict.fromkeys(further, True)}

    def _price_filters(self) -> list[str]:
        """The prices of the games that this device has packs for; of all while it has none."""
        games: list[str | None] = [*Library(self._store.data_dir).games()]
        return [prices_filter(game) for game in games or [None]]

    def _say_hello(self) -> None:
        self._log_name = self._store.log_name()
        self._seen_version = -1
        self._counting.connected()
        self._rules.connected()
        release = importlib.metadata.version("counterscan")
        state = DeviceState(
            online=True,
            at=utc_now(),
            release=release,
            log=self._log_name,
        )
        self._link.publish(device_topic(self._device, "state"), pack_json(state), retain=True)
        # Nothing, retained, takes the device off a dashboard that once knew it.
        known = discovery(self._device, release, self._page) if self._page else b""
        self._link.publish(discovery_topic(self._device), known, retain=True)
        if self._fleet is not None:
            self._fleet.connected()

    def _take(self, message: Incoming) -> None:
        try:
            if (self._fleet is None or not self._fleet.take(message)) and message.payload:
                self._take_own(message)
        except MessageError as error:
            log.error("a message on %s is of no use: %s", message.topic, error)
        self._link.acknowledge(message)

    def _take_own(self, message: Incoming) -> None:
        if message.topic == self._topic_received:
            self._take_received(read_json(message.payload, Received))
        elif message.topic == self._topic_alerts:
            receive(self._store, unpack(message.payload, Alerts), self._device)
        elif message.topic == self._rules.topic:
            self._rules.take(message.payload)
        else:
            self._take_prices(message)

    def _take_received(self, received: Received) -> None:
        if received.log == self._log_name:
            self._outbox.received(received.up_to, time.monotonic())

    def _take_prices(self, message: Incoming) -> None:
        is_delta = message.topic.endswith("/delta")
        prices = unpack(message.payload, PriceDelta if is_delta else PriceSnapshot)
        for step in self._inbox.steps(prices):
            added = self._store.receive_prices(step.news, step.cursors)
            self._inbox.done(step)
            log.info("%s: %d prices, %d of them new", message.topic, len(step.news.prices), added)

    def _look_for_another_log(self) -> None:
        """A restored backup has older prices than the cursors here say: ask for them again."""
        generation = self._store.generation()
        if generation != self._generation:
            self._generation = generation
            self._inbox = PriceInbox(self._store.sync_cursors())
            self._rules.connected()
            for topic_filter in (*self._price_filters(), self._topic_alerts, self._rules.topic):
                self._link.subscribe(topic_filter, again=True)

    def _note_link(self) -> None:
        problem = self._link.problem
        if problem is not None:
            now = (LinkKind.REFUSED if problem.refused else LinkKind.LOST, problem.text)
        elif self._link.online and self._outbox.problem:
            now = (LinkKind.UNHEARD, self._outbox.problem)
        elif self._link.online and self._rules.problem:
            now = (LinkKind.RULES_REFUSED, self._rules.problem)
        elif self._link.online:
            now = (LinkKind.CONNECTED, "")
        else:
            return
        if now != self._noted:
            self._store.add_sync_event(*now)
            self._noted = now

    def _save(self, now_mono_s: float) -> None:
        cursors = self._outbox.cursors()
        if cursors == self._saved or now_mono_s - self._saved_mono_s < _SAVE_EVERY_S:
            return
        self._store.set_sync_cursors(cursors)
        self._saved, self._saved_mono_s = cursors, now_mono_s
