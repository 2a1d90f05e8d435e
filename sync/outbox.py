"""What goes out: rows of the log in batches, and cursors that only the broker's word moves.

Pure but for the two calls it is given: one reads rows, one publishes. A few batches are under way
at once; a cursor stands at the end of the last batch before which all are acknowledged. After a
crash the rows beyond the cursors go out again, which the cloud takes for what it is.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from scanner.logs import fields, span
from scanner.store_sync import Row, Stream
from sync.link import Outcome, Verdict
from sync.protocol_rows import rows_model
from sync.protocol_words import LONGEST, MOST_REASONS
from sync.wire import pack

log = logging.getLogger(__name__)

ROWS_PER_MESSAGE = 250
MOST_UNDER_WAY = 8
HOLD_S = 20.0
"""How long to wait after the broker refused a message, or had nobody to give it to."""

BEHIND_S = 30.0
"""How long the cloud may lag behind the broker's word before the rows are sent again."""


_KNOWN_TO_ALL = frozenset({Stream.BATCH, Stream.SCAN, Stream.RETRY, Stream.CORRECTION})
"""Streams of which every cloud that says nothing has nothing. One that says nothing of another may
be too old to know it: once it does, it says 0, and gets everything."""


@dataclass
class _Batch:
    number: int
    last: int
    kept: bool = False


@dataclass
class _Lane:
    """One stream: the cursor, what is under way, and what the cloud said that it has."""

    cursor: int = 0
    sent: int = 0
    under_way: deque[_Batch] = field(default_factory=deque)
    received: int | None = None
    received_mono_s: float = 0.0


class Outbox:
    """The rows on their way. `step` is called often and does little each time."""

    def __init__(
        self,
        read: Callable[[Stream, int, int], Sequence[Row]],
        publish: Callable[[Stream, bytes], int],
        cursors: Mapping[str, int],
        *,
        rows_per_message: int = ROWS_PER_MESSAGE,
        behind_s: float = BEHIND_S,
        hold_s: float = HOLD_S,
    ) -> None:
        """Start where the cursors stand.

        Args:
            read: the next rows of a stream after an id, at most so many.
            publish: hands a message to the broker and returns its number.
            cursors: positions by the stream's name.
            rows_per_message: how many rows travel together.
            behind_s, hold_s: see `BEHIND_S` and `HOLD_S`.
        """
        self._read = read
        self._publish = publish
        self._rows_per_message = rows_per_message
        self._behind_s = behind_s
        self._hold_s = hold_s
        self._held_until_mono_s = 0.0
        self._lanes = {
            stream: _Lane(cursors.get(stream, 0), cursors.get(stream, 0)) for stream in Stream
        }
        self.problem = ""
        """Why nothing goes out although there is a connection; a sentence."""

    def cursors(self) -> dict[str, int]:
        """Up to where the broker has said that it keeps everything."""
        return {stream.value: lane.cursor for stream, lane in self._lanes.items()}

    def under_way(self) -> int:
        """How many messages the broker has not answered."""
        return sum(len(lane.under_way) for lane in self._lanes.values())

    def step(self, log_name: str, now_mono_s: float) -> bool:
        """Send what there is room for; True where something was sent."""
        if now_mono_s < self._held_until_mono_s or not log_name:
            return False
        sent = False
        for stream, lane in self._lanes.items():
            self._look_behind(lane, now_mono_s)
            if self.under_way() >= MOST_UNDER_WAY:
                break
            rows = self._read(stream, lane.sent, self._rows_per_message)
            if not rows:
                continue
            payload = self._payload(stream, log_name, lane.sent, rows)
            if not payload:
                self._held_until_mono_s = now_mono_s + self._hold_s
                break
            number = self._publish(stream, payload)
            lane.sent = int(rows[-1]["id"])
            first, last = int(rows[0]["id"]), lane.sent
            log.info(
                "%s %s sent", stream.value, span(first, last),
                extra=fields(log=log_name, stream=stream.value, first_id=first, last_id=last),
            )  # fmt: skip
            lane.under_way.append(_Batch(number, lane.sent))
            lane.received_mono_s = now_mono_s
            sent = True
        return sent

    def _payload(self, stream: Stream, log_name: str, after: int, rows: Sequence[Row]) -> bytes:
        """The message; empty where the protocol has no word for a row, as `problem` then says."""
        try:
            return message_of(stream, log_name, after, rows)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"][2:]))
            self.problem = (
                f"A {stream.value} after number {after} can't be sent ({where}: {first['msg']}): "
                "please report this."
            )
            return b""

    def answered(self, outcome: Outcome, now_mono_s: float) -> None:
        """Take the broker's word on one message."""
        for lane in self._lanes.values():
            for batch in lane.under_way:
                if batch.number == outcome.number:
                    self._settle(lane, batch, outcome, now_mono_s)
                    return

    def _settle(self, lane: _Lane, batch: _Batch, outcome: Outcome, now_mono_s: float) -> None:
        if outcome.verdict is Verdict.KEPT:
            self.problem = ""
            batch.kept = True
            while lane.under_way and lane.under_way[0].kept:
                lane.cursor = lane.under_way.popleft().last
            return
        self.problem = outcome.text or (
            "The cloud does not listen on the broker: its service is not running, or never was. "
            "The scans wait here."
        )
        # What was sent after this one may be kept or not: all of it goes out again, in order.
        lane.under_way.clear()
        lane.sent = lane.cursor
        self._held_until_mono_s = now_mono_s + self._hold_s

    def received(self, up_to: Mapping[str, int], now_mono_s: float) -> None:
        """Take the cloud's word on what it has on disk."""
        for stream, lane in self._lanes.items():
            position = up_to.get(stream, 0 if stream in _KNOWN_TO_ALL else None)
            if lane.received != position:
                lane.received = position
                lane.received_mono_s = now_mono_s

    def _look_behind(self, lane: _Lane, now_mono_s: float) -> None:
        """Send again what the broker took and the cloud never got: a broker may lose its queue."""
        if (
            lane.received is not None
            and lane.received < lane.cursor
            and not lane.under_way
            and now_mono_s - lane.received_mono_s > self._behind_s
        ):
            lane.cursor = lane.sent = lane.received
            lane.received_mono_s = now_mono_s


def message_of(stream: Stream, log_name: str, after: int, rows: Sequence[Row]) -> bytes:
    """The message of some rows, of which `after` is the one before. Raises ValidationError."""
    body = {"log": log_name, "after": after, "rows": [_clipped(row) for row in rows]}
    return pack(rows_model(stream).model_validate(body))


def _clipped(row: Row) -> Row:
    """A row whose texts are no longer than the protocol takes, nor more in one list."""
    return {key: _clip(value) for key, value in row.items()}


def _clip(value: object) -> object:
    if isinstance(value, list):
        return [_clip(each) for each in value[:MOST_REASONS]]
    return value[:LONGEST] if isinstance(value, str) else value
