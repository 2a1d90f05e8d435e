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

from scanner.logs import fields, span
from scanner.store_sync import Row, Stream
from sync.link import Outcome, Verdict
from sync.outbox_message import UnsendableError, message_of

log = logging.getLogger(__name__)

ROWS_PER_MESSAGE = 250
MOST_UNDER_WAY = 8
HOLD_S = 20.0
"""How long to wait after the broker refused a message, or had nobody to give it to."""

BEHIND_S = 30.0
"""How long the cloud may lag behind the broker's word before the rows are sent again."""

LONGEST_BEHIND_S = 3600.0
"""After `_OFTEN` times in vain it may lag twice as long each time, up to this: whatever is wrong,
it is not the way."""

_WHILE_SENDING = 10
"""How many times as long it may lag while more is being sent."""

_OFTEN = 3
"""So many times in vain are worth a word."""

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
    lagging_mono_s: float = 0.0
    in_vain: int = 0
    problem: str = ""
    held_until_mono_s: float = 0.0


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
        self._refused = ""

    @property
    def problem(self) -> str:
        """Why nothing goes out, or arrives, although there is a connection; a sentence."""
        lanes = self._lanes.values()
        said = next((lane.problem for lane in lanes if lane.problem), self._refused)
        if said or all(lane.in_vain < _OFTEN for lane in lanes):
            return said
        return (
            "The cloud takes what this device sends, but does not say that it is on its disk: "
            "whoever runs the cloud should look at its log. Everything stays here, and is sent "
            "again, less and less often."
        )

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
            if now_mono_s < lane.held_until_mono_s:
                continue
            rows = self._read(stream, lane.sent, self._rows_per_message)
            if not rows:
                continue
            sent = self._sent(stream, lane, log_name, rows, now_mono_s) or sent
        return sent

    def _sent(
        self, stream: Stream, lane: _Lane, log_name: str, rows: Sequence[Row], now_mono_s: float
    ) -> bool:
        """Send the first of these rows; False where that can't be: other streams go on."""
        try:
            payload, held = message_of(stream, log_name, lane.sent, rows)
        except UnsendableError as error:
            lane.problem = str(error)
            lane.held_until_mono_s = now_mono_s + self._hold_s
            return False
        lane.problem = ""
        number = self._publish(stream, payload)
        if lane.received is None or lane.received >= lane.sent:
            lane.lagging_mono_s = now_mono_s
        lane.sent = int(rows[held - 1]["id"])
        first, last = int(rows[0]["id"]), lane.sent
        log.info(
            "%s %s sent", stream.value, span(first, last),
            extra=fields(log=log_name, stream=stream.value, first_id=first, last_id=last),
        )  # fmt: skip
        lane.under_way.append(_Batch(number, lane.sent))
        lane.received_mono_s = now_mono_s
        return True

    def answered(self, outcome: Outcome, now_mono_s: float) -> None:
        """Take the broker's word on one message."""
        for lane in self._lanes.values():
            for batch in lane.under_way:
                if batch.number == outcome.number:
                    self._settle(lane, batch, outcome, now_mono_s)
                    return

    def _settle(self, lane: _Lane, batch: _Batch, outcome: Outcome, now_mono_s: float) -> None:
        if outcome.verdict is Verdict.KEPT:
            self._refused = ""
            batch.kept = True
            while lane.under_way and lane.under_way[0].kept:
                lane.cursor = lane.under_way.popleft().last
            return
        self._refused = outcome.text or (
            "The cloud does not listen on the broker: its service is not running, or never was. "
            "The scans wait here."
        )
        # What was sent after this one may be kept or not: all of it goes out again, in order.
        lane.under_way.clear()
        lane.sent = lane.cursor
        self._held_until_mono_s = now_mono_s + self._hold_s

    def received(self, up_to: Mapping[str, int], now_mono_s: float) -> None:
        """Take the cloud's word on what it has on disk.

        It tells what is new; what is not is told by a cloud or to a device that was away: then it
        is worth a try before long.
        """
        is_news = False
        for stream, lane in self._lanes.items():
            position = up_to.get(stream, 0 if stream in _KNOWN_TO_ALL else None)
            if lane.received != position:
                lane.received = position
                lane.received_mono_s = lane.lagging_mono_s = now_mono_s
                lane.in_vain = 0
                is_news = True
        if not is_news:
            for lane in self._lanes.values():
                lane.in_vain = 0

    def _look_behind(self, lane: _Lane, now_mono_s: float) -> None:
        """Send again what the broker took and the cloud never got: a broker may lose its queue."""
        if lane.received is None or lane.received >= lane.cursor or lane.under_way:
            return
        doubled = min(max(lane.in_vain - _OFTEN, 0), 20)
        patience_s = min(self._behind_s * 2.0**doubled, LONGEST_BEHIND_S)
        if (
            now_mono_s - lane.received_mono_s > patience_s
            or now_mono_s - lane.lagging_mono_s > _WHILE_SENDING * patience_s
        ):
            lane.cursor = lane.sent = lane.received
            lane.received_mono_s = lane.lagging_mono_s = now_mono_s
            lane.in_vain += 1
