"""What the Batches pages' JSON twin takes and answers, for its description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from webui.card_answers import Condition, Language
from webui.live_answers import ScanFields


class BatchesAsked(BaseModel):
    """Which part of the list."""

    before: int = Field(0, ge=0, description="Only batches with lower ids; 0: the newest.")
    limit: int = Field(20, ge=1, le=100)
    q: str = Field("", max_length=100, description="Words in the name, the store or the place.")
    html: bool = Field(False, description="Give the rows as the page shows them, too.")


class GalleryAsked(BaseModel):
    """Which part of a batch's scans, newest first."""

    before: int = Field(0, ge=0, description="Only lower places in the batch; 0: the newest.")
    limit: int = Field(60, ge=1, le=200)
    decision: Literal["", "accepted", "review", "unknown"] = ""
    html: bool = Field(False, description="Give the pictures as the page shows them, too.")


class Counting(BaseModel):
    """How many cards a person counted."""

    model_config = ConfigDict(extra="forbid")

    cards: int = Field(ge=0, le=1_000_000)


class BatchChanged(BaseModel):
    """What a batch is called from now on, where it lies, and what holds for its cards.

    `condition` and `language` hold for each card of which nobody says otherwise, also those that
    were scanned already. The game and the sets stay: cards were recognised by them.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    store: str = Field("", max_length=80)
    location: str = Field("", max_length=80)
    condition: Condition = ""
    language: Language = ""


class BatchStep(TypedDict):
    """One stage of a batch's work."""

    key: str
    name: str
    done: bool
    text: str


class BatchFields(TypedDict):
    """One batch with its figures; `can` lists the commands that make sense now."""

    id: int
    name: str
    kind: str
    mode: str
    state: str
    word: str
    tone: str
    advice: str
    is_open: bool
    can: list[str]
    started_at: str
    store: str
    location: str
    game: str
    sets: list[str]
    condition: str
    language: str
    driver: str
    expected: int
    cards: int
    accepted: int
    review: int
    unknown: int
    waiting: int
    cards_per_hour: int
    seconds_left: int | None
    share: float | None
    value: str
    unpriced: int
    counted: int | None
    difference: int | None
    facts: list[str]
    steps: list[BatchStep]
    text: dict[str, Any]


class BatchesTwin(TypedDict):
    """The newest batches; `next` is the `before` of the page after this, 0 at the end."""

    batches: list[BatchFields]
    next: int


class BatchTwin(TypedDict):
    """One batch and, where it was counted by hand, how the two agree."""

    batch: BatchFields
    reconciled: dict[str, Any] | None


class GalleryTwin(TypedDict):
    """Scans of a batch; `next` is the `before` of the page after this, 0 at the end."""

    scans: list[ScanFields]
    next: int
