"""What the Live page's JSON twin takes and answers, for its description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field
from typing_extensions import TypedDict


class After(BaseModel):
    """The last scan that the asker knows."""

    after: int | None = Field(None, description="Id of the last scan known; empty: everything.")


class CommandAsked(BaseModel):
    """What a person asks of the machine; `name` and `expected_cards` count for `start` alone."""

    kind: Literal["start", "pause", "resume", "stop"]
    name: str = Field("", max_length=80, description="Name of the new batch.")
    expected_cards: int = Field(0, ge=0, le=1_000_000, description="0 when nobody counted.")


class CommandSent(TypedDict):
    """The command waits for the machine, which reads it between two cards."""

    id: int
    kind: str


class CommandOutcome(TypedDict):
    """`outcome` is null until the machine has read it, `done`, or why it could not."""

    id: int
    outcome: str | None


class NewsFrame(TypedDict):
    """One piece of news: `scan`, `state`, `preview` or `snapshot`."""

    event: str
    id: str
    data: dict[str, Any]


class ScanFields(TypedDict):
    """One scan as it stands now."""

    id: int
    batch: int
    sequence: int
    decision: str
    word: str
    view: str
    later: str
    title: str
    name: str
    game: str
    card_id: str
    set: str
    number: str
    variant: str
    finish: str
    score: float
    confidence: str
    reasons: list[str]
    candidates: list[dict[str, Any]]
    upside_down: bool
    recognizer: str
    model: str
    pack: str
    driver: str
    total_ms: float
    crop: str
    at: str


class ScanTwin(TypedDict):
    """One scan, and the large card as the page shows it."""

    scan: ScanFields
    card: str


class LiveTwin(TypedDict):
    """The machine, its batch, what is under the camera and the newest scans."""

    server_time: str
    machine: dict[str, Any]
    batch: dict[str, Any] | None
    newest: int
    later_rows: int
    waiting: list[dict[str, Any]]
    restored_id: int
    feed_silent: bool
    driver: str
    recognizer: str
    about: str
    log_error: str
    notices: list[dict[str, str]]
    preview: dict[str, Any]
    scans: list[ScanFields]


class Healthz(TypedDict):
    """Whether the page can read the log, and whether the feed process is there."""

    status: str
    log: str
    feed: str
    machine: str
