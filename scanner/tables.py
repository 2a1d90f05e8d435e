"""The tables of the device's log. Rows are only ever added; each table has one writing process.

| table | written by | holds |
|---|---|---|
| `batch` | feed | one stack of cards, from its start |
| `batch_event` | feed | each change of a batch or of the machine: started, paused, resumed, finished, a fault |
| `scan` | feed | one card seen once |
| `feed_movement` | feed | each card the feeder was told to bring or was seen to let go |
| `command` | web | what the page asks of the machine; the loop reads it between cards |
| `command_done` | feed | which commands the loop has obeyed |
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


def utc_now() -> datetime:
    """Wall time in UTC. It labels rows and never orders them: a Pi has no clock battery."""
    return datetime.now(UTC)


class Batch(SQLModel, table=True):
    """One stack, start to end. `expected_cards` is 0 when nobody counted."""

    __tablename__ = "batch"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    expected_cards: int = 0
    driver: str
    created_at: datetime = Field(default_factory=utc_now)


class BatchEvent(SQLModel, table=True):
    """A change in a batch or in the machine: `kind` is a state's name, `detail` a sentence."""

    __tablename__ = "batch_event"

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int | None = Field(default=None, foreign_key="batch.id", index=True)
    kind: str
    detail: str = ""
    created_at: datetime = Field(default_factory=utc_now)


class Scan(SQLModel, table=True):
    """One card seen once. `id` is the device-wide sequence, `sequence` the card's place in its batch.

    `candidates` is a JSON list of `{printing, name, set, number, variant, score}`, best first;
    `reasons` a JSON list of sentences; `stages_ms` a JSON object of stage times in milliseconds;
    `corners_px` a JSON list of four [x, y]; `crop_path` is relative to the data folder and may
    point at a file that the retention limit has since removed.
    `feed_key` is the mechanism's own count of the card, unique, so that a card whose scan was
    committed just before a power cut is not scanned again; it is None where there is no mechanism.
    """

    __tablename__ = "scan"

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    sequence: int
    feed_key: str | None = Field(default=None, unique=True)
    decision: str = Field(index=True)
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    view: str = "card"
    game: str = ""
    card_id: str = Field(default="", index=True)
    name: str = ""
    set_name: str = ""
    number: str = ""
    variant: str = ""
    finish: str = "unknown"
    score: float = 0.0
    candidates: list[dict[str, str | float]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    corners_px: list[list[float]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    upside_down: bool = False
    stages_ms: dict[str, float] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    crop_path: str = ""
    recognizer: str = "embedder"
    model_id: str = ""
    pack_id: str = ""
    driver: str = ""
    created_at: datetime = Field(default_factory=utc_now)


class FeedMovement(SQLModel, table=True):
    """The machine's memory of its own movements, so that a power cut can't make it guess.

    `kind` is `feeding`, written before the motor may turn, or `ejected`, written after the exit
    beam has cleared. `feed_key` is the machine's running number of the card. The last row and the
    `scan` table together say whether the card found in the bay after a restart is logged.
    """

    __tablename__ = "feed_movement"

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int | None = Field(default=None, foreign_key="batch.id")
    kind: str
    feed_key: str
    created_at: datetime = Field(default_factory=utc_now)


class Command(SQLModel, table=True):
    """What a person asks of the machine: `start`, `pause`, `resume` or `stop`, with `argument` as JSON."""

    __tablename__ = "command"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    argument: dict[str, str | int] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    created_at: datetime = Field(default_factory=utc_now)


class CommandDone(SQLModel, table=True):
    """The feed loop obeyed `command_id`, or says in `outcome` why it could not."""

    __tablename__ = "command_done"

    command_id: int = Field(primary_key=True)
    outcome: str = "done"
    created_at: datetime = Field(default_factory=utc_now)
