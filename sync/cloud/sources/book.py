"""What is remembered about sources between requests and between runs: an interface, in memory here.

`sync.cloud.sources.book_sql` keeps it in the cloud's database.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

from sync.cloud.sources.records import LeftOut, Link, Printing, Run


@dataclass(frozen=True, slots=True)
class Validators:
    """What a source said of a body, so that it is sent again only where it has changed."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """What answers cost beyond the request itself, which `Book.spend` counts."""

    received_bytes: int = 0
    unchanged: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class DayOfUse:
    """Everything asked of one source on one day (UTC)."""

    source: str
    day: date
    requests: int = 0
    received_bytes: int = 0
    unchanged: int = 0
    failures: int = 0
    cost_micro: int = 0


class Book(Protocol):
    """Thread-safe; each call is on disk when it returns."""

    def spend(self, source: str, at: datetime, most_per_day: int) -> bool:
        """Count one request; False, and nothing counted, when the day's are used up."""
        ...

    def note(self, source: str, at: datetime, use: Use) -> None:
        """Add what an answer cost."""
        ...

    def usage(self, since: date) -> list[DayOfUse]:
        """What was asked, by source and day."""
        ...

    def validators(self, source: str, url: str, scope: str) -> Validators:
        """What is known of a body; nothing where it was last taken in for another `scope`."""
        ...

    def remember(self, source: str, url: str, scope: str, validators: Validators) -> None:
        """A body's prices are on disk."""
        ...

    def runs_since(self, at: datetime) -> list[Run]:
        """The runs that began since then, the oldest first."""
        ...

    def add_run(self, run: Run) -> None:
        """A run has ended."""
        ...

    def links(self, game: str) -> list[Link]:
        """Which of a game's printings other people's ids are."""
        ...

    def add_links(self, links: Iterable[Link]) -> None:
        """Learn ids; a person's word is never replaced by a source's."""
        ...

    def set_left_out(self, source: str, game: str, left_out: Sequence[LeftOut]) -> None:
        """Replace the list of what of a source belongs to no printing."""
        ...

    def most_scanned(self, most: int) -> list[tuple[str, str]]:
        """Game and card_id of the printings that devices see most."""
        ...

    def seen_printings(self, game: str) -> list[Printing]:
        """The printings of a game that devices have named."""
        ...

    def seen_games(self) -> list[str]:
        """The games that devices have named cards of."""
        ...


@dataclass
class MemoryBook:
    """A book that forgets: for trying a source, and for tests."""

    days: dict[tuple[str, date], DayOfUse] = field(default_factory=dict)
    known: dict[tuple[str, str], tuple[str, Validators]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    learned: dict[tuple[str, str, str], Link] = field(default_factory=dict)
    left_out: dict[tuple[str, str], Sequence[LeftOut]] = field(default_factory=dict)
    scanned: list[tuple[str, str]] = field(default_factory=list)
    seen: Mapping[str, list[Printing]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, source: str, at: datetime, most_per_day: int) -> bool:
        """See `Book`."""
        with self.lock:
            key = (source, at.date())
            day = self.days.setdefault(key, DayOfUse(*key))
            if day.requests >= most_per_day:
                return False
            self.days[key] = replace(day, requests=day.requests + 1)
            return True

    def note(self, source: str, at: datetime, use: Use) -> None:
        """See `Book`."""
        with self.lock:
            key = (source, at.date())
            day = self.days.setdefault(key, DayOfUse(*key))
            self.days[key] = replace(
                day,
                received_bytes=day.received_bytes + use.received_bytes,
                unchanged=day.unchanged + use.unchanged,
                failures=day.failures + use.failures,
            )

    def usage(self, since: date) -> list[DayOfUse]:
        """See `Book`."""
        return [day for (_, at), day in self.days.items() if at >= since]

    def validators(self, source: str, url: str, scope: str) -> Validators:
        """See `Book`."""
        known_scope, validators = self.known.get((source, url), ("", Validators()))
        return validators if known_scope == scope else Validators()

    def remember(self, source: str, url: str, scope: str, validators: Validators) -> None:
        """See `Book`."""
        self.known[(source, url)] = (scope, validators)

    def runs_since(self, at: datetime) -> list[Run]:
        """See `Book`."""
        return [run for run in self.runs if run.started_at >= at]

    def add_run(self, run: Run) -> None:
        """See `Book`."""
        self.runs.append(run)

    def links(self, game: str) -> list[Link]:
        """See `Book`."""
        return [link for link in self.learned.values() if link.game == game]

    def add_links(self, links: Iterable[Link]) -> None:
        """See `Book`."""
        for link in links:
            key = (link.game, link.kind, link.their_id)
            before = self.learned.get(key)
            if before is None or link.is_by_hand or not before.is_by_hand:
                self.learned[key] = link

    def set_left_out(self, source: str, game: str, left_out: Sequence[LeftOut]) -> None:
        """See `Book`."""
        self.left_out[(source, game)] = left_out

    def most_scanned(self, most: int) -> list[tuple[str, str]]:
        """See `Book`."""
        return self.scanned[:most]

    def seen_printings(self, game: str) -> list[Printing]:
        """See `Book`."""
        return self.seen.get(game, [])

    def seen_games(self) -> list[str]:
        """See `Book`."""
        return sorted(self.seen)
