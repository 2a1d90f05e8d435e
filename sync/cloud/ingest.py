"""Takes in what devices send: many messages in one transaction, acknowledged once it is on disk.

Rows may come to any of several processes, which the broker deals them out to (`IngestWorker`); what
a device keeps retained goes to one, `cloud serve`, which also tells devices what is on disk.
"""

from __future__ import annotations

import gc
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from scanner.alerts import read_alert
from scanner.errors import ConditionError, CounterscanError
from scanner.logs import fields, span
from scanner.shared_rules import SharedRule
from sync.cloud.apart import read_rows, without
from sync.cloud.fleet_store import Told, keep_told
from sync.cloud.intake import Arrived
from sync.cloud.postgres import RefusedRowError
from sync.cloud.rule_store import keep_rules
from sync.cloud.store import CloudStore, Refused
from sync.cloud.teller import Teller
from sync.link import Incoming, Link
from sync.protocol import (
    ROOT,
    AlertRules,
    Counters,
    DeviceState,
    RuleChanges,
    device_topic,
    part,
    unpart,
)
from sync.protocol_fleet import FLEET_UP, LogLines
from sync.protocol_rows import UP
from sync.shared_rules import from_wire
from sync.wire import MessageError, opened, read_json, unpack

log = logging.getLogger(__name__)

ROWS = tuple(device_topic("+", "up", stream) for stream in UP)
_KEPT = ("counters", "rules", "shared_rules")
WORDS = (*(device_topic("+", "up", what) for what in (*_KEPT, *FLEET_UP)),
         device_topic("+", "state"))  # fmt: skip
FORMER = (device_topic("+", "up", "+"),)
"""What an earlier release subscribed to, in a session that the broker may still keep."""

MOST_AT_ONCE_BYTES = 64 * 1024 * 1024
"""So much JSON is put on disk together: few kilobytes may hold many megabytes, and they come by
the dozen."""

_DEVICES = f"{ROOT}/device/"

_LONGEST_REASON = 400


class Ingest:
    """The cloud's ear. The caller hands it messages and its link."""

    def __init__(self, store: CloudStore, teller: Teller | None = None) -> None:
        """Take in to `store`; `teller` hears which devices come online."""
        self._store = store
        self._teller = teller

    def take(self, messages: Sequence[Incoming]) -> None:
        """Put messages on disk. Raises StoreError: all may come again.

        A row that the cloud can't use is kept aside, and a message that is none is noted; neither
        stops another.
        """
        try:
            with _no_search_for_cycles():
                self._take(messages)
        except RefusedRowError as error:
            if len(messages) > 1:
                for message in messages:
                    self.take([message])
            elif not self._taken_apart(messages[0]):
                self._store.take([], [_refused(messages[0], error)])

    def _taken_apart(self, message: Incoming) -> bool:
        """Take a message in without the rows that the database refuses; False where it can't be."""
        try:
            device, what = _address(message.topic)
            if what not in UP:
                return False
            body = opened(message.payload)
            arrived = read_rows(device, what, body)
            refused = self._store.refused_of(arrived)
            if refused:
                self._keep([without(arrived, refused, body)], [])
        except (MessageError, RefusedRowError):
            return False
        return bool(refused)

    def _take(self, messages: Sequence[Incoming]) -> None:
        arrived: list[Arrived] = []
        refused: list[Refused] = []
        states: dict[str, DeviceState] = {}
        counters: dict[str, str] = {}
        rules: dict[str, AlertRules] = {}
        changes: list[SharedRule] = []
        fleet: list[tuple[str, Told]] = []
        weight = 0
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
                elif what == "shared_rules":
                    if message.payload:
                        told = unpack(message.payload, RuleChanges).rules
                        changes += [replace(from_wire(one), device=device) for one in told]
                elif what in FLEET_UP:
                    if message.payload:
                        read = unpack if FLEET_UP[what] is LogLines else read_json
                        fleet.append((device, read(message.payload, FLEET_UP[what])))
                else:
                    body = opened(message.payload)
                    arrived.append(read_rows(device, what, body))
                    weight += len(body)
            except MessageError as error:
                refused.append(_refused(message, error))
            if weight > MOST_AT_ONCE_BYTES:
                self._keep(arrived, refused)
                arrived, refused, weight = [], [], 0
        self._keep(arrived, refused)
        self._store.take_states(states)
        self._store.take_counters(counters)
        for device, own in rules.items():
            self._store.take_alert_rules(device, own)
        if changes:
            with self._store.log.write() as session:
                keep_rules(session.connection(), changes)
        if fleet:
            with self._store.log.write() as session:
                for device, said in fleet:
                    keep_told(session.connection(), device, said)
        if self._teller is not None:
            for device, state in states.items():
                if state.online and state.log:
                    self._teller.came_online(device, state.log)

    def _keep(self, arrived: Sequence[Arrived], refused: Sequence[Refused]) -> None:
        if arrived or refused:
            self._store.take(arrived, refused)
            _tell_stored(arrived)


def _refused(message: Incoming, error: CounterscanError) -> Refused:
    log.warning("refused a message on %s: %s", message.topic, error)
    return Refused(message.topic, len(message.payload), str(error)[:_LONGEST_REASON])


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Rows are many objects, none in a cycle: to search them for some takes longer than to read."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class InHand:
    """Messages that came over a link and are not on disk yet."""

    def __init__(self) -> None:
        self._messages: deque[Incoming] = deque()

    def turn(self, link: Link, ingest: Ingest, timeout_s: float) -> int:
        """Take in what has come; how many messages. Raises StoreError: call it again.

        What is still in hand from a connection before this one comes again: a broker that comes and
        goes while the database is away would fill the memory otherwise.
        """
        self._messages.extend(link.turn(timeout_s))
        self._messages = deque(each for each in self._messages if not link.comes_again(each))
        count = len(self._messages)
        if count:
            ingest.take(self._messages)
        while self._messages:
            link.acknowledge(self._messages.popleft())
        return count


def _tell_stored(arrived: Sequence[Arrived]) -> None:
    """One line for each message: what a scan is called here is what the device called it."""
    for each in arrived:
        for row in each.aside:
            log.warning(
                "%s %d of %s can't be used and is kept aside: %s",
                each.stream, row.id, each.device, row.reason,
            )  # fmt: skip
        if not each.message.rows:
            continue
        first, last = each.message.rows[0].id, each.message.rows[-1].id
        log.info(
            "%s %s of %s on disk", each.stream, span(first, last), each.device,
            extra=fields(device=each.device, log=each.message.log, stream=each.stream,
                       first_id=first, last_id=last),
        )  # fmt: skip


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
    if not topic.startswith(_DEVICES) or what not in (*UP, *_KEPT, "state", *FLEET_UP):
        raise MessageError("there is no such topic")
    name = unpart(device)
    # One name has one topic: `counter%2D1` must not pass for counter-1.
    if "\0" in name or part(name) != device:
        raise MessageError("no device has such a name")
    return name, what
