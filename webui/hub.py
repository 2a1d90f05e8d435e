"""Fans news out to the open pages: one writer (the watcher thread), many waiting readers."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

MAX_WAITING_SCANS = 200
SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event. `scan_id` is set on frames that carry a scan, for ordering."""

    event: str
    data: dict[str, Any]
    id: str = ""
    scan_id: int = 0
    _encoded: list[str] = field(default_factory=list, repr=False, compare=False)

    def encode(self) -> str:
        """Return the event in `text/event-stream` form; made once, then shared by all clients."""
        if not self._encoded:
            head = f"id: {self.id}\n" if self.id else ""
            body = json.dumps(self.data, separators=(",", ":"), ensure_ascii=False)
            self._encoded.append(f"{head}event: {self.event}\ndata: {body}\n\n")
        return self._encoded[0]


class Subscriber:
    """One open page's waiting news. Scans queue up; of everything else only the newest counts.

    A snapshot stands for all that came before it, so it is always first.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._scans: deque[Frame] = deque()
        self._latest: dict[str, Frame] = {}
        self._closed = False
        self.fell_behind = False

    def put(self, frame: Frame) -> None:
        """Leave `frame` for the page and wake it."""
        with self._condition:
            if frame.event == SNAPSHOT:
                self._scans.clear()
                self._latest.clear()
            if not frame.scan_id:
                self._latest[frame.event] = frame
            elif len(self._scans) < MAX_WAITING_SCANS:
                self._scans.append(frame)
            else:
                # A page this slow starts over from a snapshot rather than eat memory here.
                self._scans.clear()
                self.fell_behind = True
            self._condition.notify()

    def close(self) -> None:
        """Wake the page for the last time."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    def wait(self, timeout_s: float) -> list[Frame] | None:
        """Return the news in order, `[]` after `timeout_s` without any, None when closed."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._closed or self._scans or self._latest or self.fell_behind, timeout_s
            )
            if self._closed:
                return None
            snapshot = self._latest.pop(SNAPSHOT, None)
            news = [*self._scans, *self._latest.values()]
            if snapshot is not None:
                news.insert(0, snapshot)
            self._scans.clear()
            self._latest.clear()
            return news


class Hub:
    """The set of open pages. Holds at most `max_clients`, for each occupies a server thread."""

    def __init__(self, max_clients: int) -> None:
        self._max_clients = max_clients
        self._lock = threading.Lock()
        self._subscribers: set[Subscriber] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribe(self) -> Subscriber | None:
        """Return a new subscriber, or None when there is no room."""
        with self._lock:
            if self._closed or len(self._subscribers) >= self._max_clients:
                return None
            subscriber = Subscriber()
            self._subscribers.add(subscriber)
            return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Forget `subscriber`; harmless when it is already gone."""
        with self._lock:
            self._subscribers.discard(subscriber)

    def publish(self, frame: Frame) -> None:
        """Give `frame` to every open page."""
        with self._lock:
            for subscriber in self._subscribers:
                subscriber.put(frame)

    def close(self) -> None:
        """End every open stream, so that the server can stop at once."""
        with self._lock:
            self._closed = True
            for subscriber in self._subscribers:
                subscriber.close()
