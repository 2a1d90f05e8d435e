"""One end's connection to the broker: MQTT 5 through paho, driven by the caller's own thread.

`turn` does a little of the network's work and returns what has come in; nothing here runs beside
it, so that neither end needs a lock. The session on the broker outlives the connection, and what
was published and not acknowledged is sent again by paho after a reconnection.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import LogLevel, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from sync import link_client
from sync.back_off import BackOff
from sync.link_client import CONNECT_WITHIN_S, KEEPALIVE_S, Socket
from sync.link_words import (
    OFTEN,
    Problem,
    broke_before,
    no_way,
    often_broken,
    refused_connection,
    refused_message,
)
from sync.pairing import Pairing

log = logging.getLogger(__name__)

SESSION_S = 30 * 24 * 3600
LONGEST_BACK_OFF_S = 120.0
STEADY_AFTER_S = 10.0
LEAVE_WITHIN_S = 2.0
_MESSAGES_PER_TURN = 64
_NOBODY_SUBSCRIBED = 0x10
_TAKEN_OVER = 0x8E


class Verdict(StrEnum):
    """What became of a published message."""

    KEPT = "kept"
    UNHEARD = "unheard"  # the broker took it, and nobody is subscribed: it is gone
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker, and by which delivery of it an acknowledgement is known."""

    topic: str
    payload: bytes
    retained: bool
    number: int
    connection: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The broker's answer to one publish."""

    number: int
    verdict: Verdict
    text: str = ""


class Link:
    """The connection. Not for several threads."""

    def __init__(
        self,
        pairing: Pairing,
        client_id: str,
        *,
        subscriptions: Callable[[], dict[str, bool]],
        will: tuple[str, bytes] | None = None,
        on_connected: Callable[[], None] = lambda: None,
        now_mono_s: Callable[[], float] = time.monotonic,
        longest_back_off_s: float = LONGEST_BACK_OFF_S,
        session_s: int = SESSION_S,
        keepalive_s: int = KEEPALIVE_S,
        one_of_many: bool = False,
    ) -> None:
        """Make a link that is not connected yet.

        Args:
            pairing: the broker and this end's credentials.
            client_id: the name of the session on the broker.
            subscriptions: the filters to subscribe to, and whether the retained messages of each
                are wanted again although the broker knows the subscription.
            will: topic and payload that the broker publishes, retained, if this end vanishes.
            on_connected: called in `turn`, once subscribed.
            now_mono_s: the clock of the back-off.
            longest_back_off_s: the longest wait between two tries.
            session_s: how long the broker keeps the session after the connection ended.
            keepalive_s: how long nothing may be heard before the other end is asked.
            one_of_many: whether this process has hundreds of links, more than select(2) can take.

        Raises ConfigError: a certificate or key can't be used.
        """
        self._pairing = pairing
        self._subscriptions = subscriptions
        self._on_connected = on_connected
        self._now_mono_s = now_mono_s
        self._back_off = BackOff(longest_back_off_s)
        self._connect_asking = (session_s, keepalive_s)
        self._loop = link_client.loop_by_poll if one_of_many else link_client.loop_by_select
        self._inbox: list[Incoming] = []
        self._outcomes: list[Outcome] = []
        self._connections = 0
        self._online_mono_s = 0.0
        self._last_error = ""
        self._asked_mono_s: float | None = None
        self.online = False
        self.problem: Problem | None = None
        self._client = link_client.make_client(pairing, client_id, will)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published
        self._client.on_message = self._came_in
        self._client.on_log = self._heard

    def turn(self, timeout_s: float) -> list[Incoming]:
        """Connect if it is time, do what the network asks for, return what came in.

        Each message must be handed to `acknowledge` once it is on disk; one that is not comes again
        with the next connection.
        """
        if self._asked_mono_s is None and not self.online:
            wait_s = self._back_off.wait_s(self._now_mono_s())
            if wait_s > 0:
                time.sleep(min(wait_s, timeout_s))
                return []
            self._connect()
            return []
        self._work(timeout_s)
        while self._inbox and len(self._inbox) < _MESSAGES_PER_TURN:
            before = len(self._inbox)
            self._work(0.0)
            if len(self._inbox) == before:
                break
        self._give_up_waiting()
        if self.online and self._now_mono_s() - self._online_mono_s > STEADY_AFTER_S:
            self._back_off.steady()
            self.problem = None
        inbox, self._inbox = self._inbox, []
        return inbox

    def socket(self) -> Socket | None:
        """The connection's socket, for whoever waits on many links at once; None without one."""
        found: Socket | None = self._client.socket()
        return found

    def outcomes(self) -> list[Outcome]:
        """What the broker has said of published messages since the last call."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expires_s: int | None = None
    ) -> int:
        """Hand a message to the broker, at least once; return its number for `outcomes`."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if expires_s is not None:
            properties.MessageExpiryInterval = expires_s
        return self._client.publish(topic, payload, 1, retain, properties).mid

    def comes_again(self, message: Incoming) -> bool:
        """Whether a message is of an earlier connection: its number may mean another by now."""
        return message.connection != self._connections

    def acknowledge(self, message: Incoming) -> None:
        """Tell the broker that a message is safe here, unless it comes again."""
        if message.number and not self.comes_again(message):
            self._client.ack(message.number, 1)

    def close(self, *, forget: bool = False) -> None:
        """Leave in order: the broker publishes no will, and keeps the session unless `forget`."""
        if self.online:
            self.online = False
            link_client.leave(self._client, forget=forget)
            end_mono_s = self._now_mono_s() + LEAVE_WITHIN_S
            while self._client.want_write() and self._now_mono_s() < end_mono_s:
                self._work(0.2)

    def _connect(self) -> None:
        self._back_off.begin()
        self._last_error = ""
        self._asked_mono_s = self._now_mono_s()
        try:
            link_client.connect(self._client, self._pairing, *self._connect_asking)
        except (OSError, ValueError) as error:
            self._failed(no_way(self._pairing, error))

    def _work(self, timeout_s: float) -> None:
        code = self._loop(self._client, timeout_s)
        if code not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN) and (
            self.online or self._asked_mono_s is not None
        ):
            early = None
            if not self.online:
                early = broke_before(self._pairing, self._last_error, self._back_off.tries)
            why = f"The connection broke ({mqtt.error_string(code)})."
            self._failed(early or Problem(False, why))

    def _give_up_waiting(self) -> None:
        asked = self._asked_mono_s
        if asked is None or self._now_mono_s() - asked < CONNECT_WITHIN_S:
            return
        self._client.disconnect()
        where = f"{self._pairing.host}:{self._pairing.port}"
        self._failed(Problem(False, f"{where} does not answer as an MQTT broker."))

    def _failed(self, problem: Problem) -> None:
        """Not, or no longer, connected: wait, longer each time, and never in step with others."""
        if self.online and self._back_off.tries >= OFTEN:
            problem = often_broken(self._pairing)
        self.online = False
        self._asked_mono_s = None
        wait_s = self._back_off.failed(self._now_mono_s())
        if problem != self.problem:
            log.warning("%s Next try in %.0f s, and so on.", problem.text, wait_s)
        self.problem = problem

    def _connected(
        self, _client: mqtt.Client, _data: Any, _flags: mqtt.ConnectFlags,
        reason: ReasonCode, _properties: Properties | None,
    ) -> None:  # fmt: skip
        if reason.is_failure:
            self._failed(refused_connection(reason, self._pairing))
            return
        self.online = True
        self._connections += 1
        self._inbox.clear()
        self._online_mono_s = self._now_mono_s()
        if self._back_off.tries < OFTEN:
            self.problem = None
        self._asked_mono_s = None
        log.info("connected to %s as %s", self._pairing.broker, self._pairing.user)
        for topic_filter, again in self._subscriptions().items():
            self.subscribe(topic_filter, again=again)
        self._on_connected()

    def subscribe(self, topic_filter: str, *, again: bool) -> None:
        """Ask for a filter's messages; `again`: for the retained ones once more."""
        link_client.subscribe(self._client, topic_filter, again=again)

    def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """Ask for these filters' messages no more; what is under way still comes."""
        self._client.unsubscribe(list(topic_filters))

    def _came_in(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        number = message.mid if message.qos else 0
        self._inbox.append(
            Incoming(
                message.topic, bytes(message.payload), message.retain, number, self._connections
            )
        )

    def _disconnected(
        self, _client: mqtt.Client, _data: Any, _flags: mqtt.DisconnectFlags,
        reason: ReasonCode, _properties: Properties | None,
    ) -> None:  # fmt: skip
        if not self.online:
            return  # a refusal was explained by `_connected`
        if reason.value == _TAKEN_OVER:
            self._failed(often_broken(self._pairing))
        else:
            self._failed(Problem(False, f"The connection was lost: {reason}."))

    def _published(
        self, _client: mqtt.Client, _data: Any, number: int,
        reason: ReasonCode, _properties: Properties,
    ) -> None:  # fmt: skip
        if reason.is_failure:
            self._outcomes.append(Outcome(number, Verdict.REFUSED, refused_message(reason)))
        elif reason.value == _NOBODY_SUBSCRIBED:
            self._outcomes.append(Outcome(number, Verdict.UNHEARD))
        else:
            self._outcomes.append(Outcome(number, Verdict.KEPT))

    def _heard(self, _client: mqtt.Client, _data: Any, level: int, text: str) -> None:
        """Paho tells why reading failed only here."""
        if level == LogLevel.MQTT_LOG_ERR:
            self._last_error = text
