"""What others tell the updates: announcements, and words on them. For several threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from sync.protocol_fleet import Release


@dataclass(frozen=True, slots=True)
class News:
    """How things stand for one round.

    `fresh` are the targets whose announcement has changed, `again` those that somebody wants tried
    again, `asked` says that all are wanted; `heard_all` that what is not announced is announced no
    longer.
    """

    releases: Mapping[str, Release]
    withdrawn: frozenset[str]
    fresh: frozenset[str]
    again: frozenset[str]
    asked: bool
    heard_all: bool


class UpdateInbox:
    """Gathers what is told until the updates' thread looks."""

    def __init__(self, stopping: threading.Event) -> None:
        """The first look finds nothing announced, and is made all the same."""
        self._stopping = stopping
        self._changed = threading.Condition()
        self._releases: dict[str, Release] = {}
        self._withdrawn: set[str] = set()
        self._fresh: set[str] = set()
        self._again: set[str] = set()
        self._has_news = True
        self._asked = False
        self._heard_all = False

    def announced(self, target: str, release: Release | None) -> None:
        """Take note of an announcement; None: it was withdrawn."""
        with self._changed:
            if self._releases.get(target) == release:
                return
            if release is None:
                self._releases.pop(target, None)
                self._withdrawn.add(target)
            else:
                self._releases[target] = release
                self._withdrawn.discard(target)
            self._fresh.add(target)
            self._tell()

    def ask_all(self) -> None:
        """Somebody wants all that is announced, though it was put off or refused."""
        with self._changed:
            self._asked = True
            self._tell()

    def ask(self, target: str) -> None:
        """Somebody wants one target tried again."""
        with self._changed:
            self._again.add(target)
            self._tell()

    def hear_all(self) -> None:
        """All that the broker keeps has come by now."""
        with self._changed:
            if not self._heard_all:
                self._heard_all = True
                self._tell()

    def wake(self) -> None:
        """Let the waiting thread see that it is to stop."""
        with self._changed:
            self._changed.notify()

    def wait(self, timeout_s: float | None) -> News | None:
        """Wait for news, so long at most; None where the process ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_news or self._stopping.is_set(), timeout_s)
            if self._stopping.is_set():
                return None
            news = News(
                dict(self._releases), frozenset(self._withdrawn), frozenset(self._fresh),
                frozenset(self._again), self._asked, self._heard_all,
            )  # fmt: skip
            self._fresh.clear()
            self._again.clear()
            self._has_news = self._asked = False
            return news

    def put_back(self, news: News) -> None:
        """The round came to nothing: let the next one know of it too."""
        with self._changed:
            self._asked = self._asked or news.asked
            self._again |= news.again
            self._fresh |= news.fresh
            self._has_news = True

    def _tell(self) -> None:
        self._has_news = True
        self._changed.notify()
