"""Takes in what devices send: many messages in one transaction, acknowledged once it is on disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from scanner.alerts import read_alert
from scanner.errors import ConditionError
from sync.cloud.store import Arrived, CloudStore, Refused
from sync.link import Incoming, Link
from sync.protocol import (
    ROOT,
    AlertRules,
    Counters,
    DeviceState,
    Received,
    device_topic,
    unpart,
)
from sync.protocol_rows import UP, rows_model
from sync.wire import MessageError, pack_json, read_json, unpack

log = logging.getLogger(__name__)

SUBSCRIPTIONS = (device_topic("+", "up", "+"), device_topic("+", "state"))
_TELL_EVERY_S = 1.0
_DEVICES = f"{ROOT}/device/"


class Ingest:
    """The cloud's ear. The caller hands it messages and its link."""

    def __init__(self, store: CloudStore, tell_every_s: float = _TELL_EVERY_S) -> None:
        """Take in to `store`; tell a device what is on disk at most every `tell_every_s`."""
        self._store = store
        self._tell_every_s = tell_every_s
        self._to_tell: dict[tuple[str, str], None] = {}
        self._told_mono_s = float("-inf")

    def take(self, messages: Sequence[Incoming]) -> None:
        """Put messages on disk. Raises StoreError: then none was taken, and all may come again."""
        arrived: list[Arrived] = []
        refused: list[Refused] = []
        states: dict[str, DeviceState] = {}
        counters: dict[str, str] = {}
        rules: dict[str, AlertRules] = {}
        for message in messages:
            try:
                device, what = _address(message.topic)
                if what == "state":
                    if message.payload:
                        states[device] = read_json(message.payload, DeviceState)
                elif what == "counters":
                    if message.payload:
                        counters[device] = read_json(message.payload, Counters).model_dump_json()
                elif what == "rules":
                    if message.payload:
                        rules[device] = _checked(unpack(message.payload, AlertRules))
                else:
                    rows = unpack(message.payload, rows_model(what))
                    arrived.append(Arrived(device, what, rows))
            except MessageError as error:
                log.warning("refused a message on %s: %s", message.topic, error)
                refused.append(Refused(message.topic, len(message.payload), str(error)))
        if arrived or refused:
            self._store.take(arrived, refused)
        for device, state in states.items():
            self._store.take_state(device, state)
        for device, counted in counters.items():
            self._store.take_counters(device, counted)
        for device, told in rules.items():
            self._store.take_alert_rules(device, told)
        self._to_tell |= {(each.device, each.message.log): None for each in arrived}
        self._to_tell |= {
            (device, state.log): None
            for device, state in states.items()
            if state.online and state.log
        }

    def tell(self, link: Link) -> None:
        """Tell devices what of theirs is on disk."""
        now_mono_s = time.monotonic()
        if not self._to_tell or now_mono_s - self._told_mono_s < self._tell_every_s:
            return
        for device, log_name in self._to_tell:
            up_to = dict.fromkeys(UP, 0) | self._store.received(device, log_name)
            message = Received(log=log_name, up_to=up_to)
            topic = device_topic(device, "down", "received")
            link.publish(topic, pack_json(message), retain=True)
        self._to_tell = {}
        self._told_mono_s = now_mono_s


def _checked(told: AlertRules) -> AlertRules:
    """The rules as they came. Raises MessageError where one of them is none."""
    try:
        for value in told.rules:
            read_alert(value)
    except ConditionError as error:
        raise MessageError(f"an alert rule can't be read: {error}") from None
    return told


def _address(topic: str) -> tuple[str, str]:
    """Which device a topic belongs to, and which message it carries."""
    device, _, rest = topic.removeprefix(_DEVICES).partition("/")
    what = rest.removeprefix("up/")
    if not topic.startswith(_DEVICES) or what not in (*UP, "counters", "rules", "state"):
        raise MessageError("there is no such topic")
    return unpart(device), what
