"""What the Live page's JSON twin takes and answers, for its description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator
from typing_extensions import TypedDict

from scanner.batches import plan_of
from scanner.routing import Mode
from webui.card_answers import Condition, Language


class After(BaseModel):
    """The last scan that the asker knows."""

    after: int | None = Field(None, description="Id of the last scan known; empty: everything.")


class PlanAsked(BaseModel):
    """What a stack is: whose, from where, and what holds for each of its cards."""

    store: str = Field("", max_length=80, description="The shop that it belongs to.")
    location: str = Field("", max_length=80, description="Where the cards lie: a box, a shelf.")
    game: str = Field("", max_length=64, description="The only game in it; empty: any.")
    sets: list[str] = Field([], max_length=200, description="The only sets in it; empty: any.")
    condition: Condition = ""
    language: Language = ""

    @field_validator("sets", mode="before")
    @classmethod
    def _lines(cls, value: object) -> object:
        """Let a form, which has no lists, send one set a line."""
        return value.splitlines() if isinstance(value, str) else value

    def argument(self) -> dict[str, str | int]:
        """The plan as a command carries it."""
        return plan_of({**self.model_dump(), "sets": "\n".join(self.sets)}).argument()


class CommandAsked(PlanAsked):
    """What a person asks of the machine; all but `kind` counts for `start` alone."""

    kind: Literal["start", "pause", "resume", "stop"]
    name: str = Field("", max_length=80, description="Name of the new batch.")
    expected_cards: int = Field(0, ge=0, le=1_000_000, description="0 when nobody counted.")
    mode: Mode = Field(Mode.SCAN, description="What the batch is for.")


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


class RoutingFields(TypedDict):
    """The bin that the card was sent to, by which rule and why."""

    bin: int
    rule: str
    why: str


class ScanFields(TypedDict):
    """One scan as it stands now.

    `score` and `confidence` tell how alike the pictures are; `probability` and `sure` how likely
    the answer is right, null and empty where nobody said.
    """

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
    probability: float | None
    sure: str
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
    routing: RoutingFields | None


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
    alerts: dict[str, Any] | None
    newest_price: int
    restored_id: int
    feed_silent: bool
    driver: str
    recognizer: str
    about: str
    log_error: str
    notices: list[dict[str, str]]
    preview: dict[str, Any]
    scans: list[ScanFields]
