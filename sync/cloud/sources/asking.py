"""How a source is asked, what comes back, and what the headers of both mean. Pure."""

from __future__ import annotations

import email.utils
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sync.cloud.sources.book import Validators
from sync.cloud.sources.limit import Rate


@dataclass(frozen=True, slots=True)
class Manners:
    """How a source may be asked. Sizes are of what goes over the wire and of what it unfolds to."""

    rate: Rate
    per_day: int
    hosts: tuple[str, ...] = ()
    largest_bytes: int = 32_000_000
    largest_plain_bytes: int = 64_000_000
    connect_s: float = 10.0
    read_s: float = 30.0
    whole_s: float = 900.0
    attempts: int = 4
    back_off_s: float = 1.0
    longest_wait_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. Secrets stand in `headers` and `form` alone, and neither is ever shown."""

    path: str
    params: Mapping[str, str | int] | None = None
    headers: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    scope: str = ""
    """What the answer is used for; "" asks for it whether it has changed or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: text in `body`, or an object in `data`.

    `unchanged` says that the source has nothing newer; both are empty then. `url` and `validators`
    are for `Book.remember`, once the answer's prices are on disk.
    """

    url: str
    scope: str
    unchanged: bool
    validators: Validators
    said_at: datetime | None
    body: bytes = b""
    data: Mapping[str, Any] = field(default_factory=dict)

    def stamped(self, stamp: str) -> Answer:
        """What stands for all the prices that a source says it made at `stamp`.

        So that they are not fetched twice from a server that gives no validators.
        """
        return Answer(f"{self.url}#prices", self.scope, False, Validators(stamp[:400]), None)


def user_agent(contact: str) -> str:
    """Who asks: the product, its version, and whom to write to."""
    version = importlib.metadata.version("counterscan")
    return f"Counterscan/{version} (card shop price service{'; ' + contact if contact else ''})"


def retry_after_s(text: str, now: datetime) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date; None for neither."""
    text = text.strip()
    if text.isdecimal() and len(text) < 9:
        return float(text)
    at = http_time(text)
    return None if at is None else max(0.0, (at - now).total_seconds())


def http_time(text: str) -> datetime | None:
    """A time as HTTP headers write it; None for anything else."""
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
