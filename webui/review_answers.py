"""What the Review page's JSON twin takes and answers, for its description."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from webui.card_answers import Condition, Finish, Language
from webui.live_answers import ScanFields


class PrintingAsked(BaseModel):
    """A printing of a pack in use, or one of the scan's candidates."""

    model_config = ConfigDict(extra="forbid")

    game: str = Field("", max_length=64)
    card_id: str = Field(min_length=1, max_length=200)


class Naming(BaseModel):
    """What a person says of a scan; `printing` null: not a card, or not in the catalog."""

    model_config = ConfigDict(extra="forbid")

    printing: PrintingAsked | None
    finish: Finish = ""
    condition: Condition = ""
    language: Language = ""
    again: bool = Field(False, description="Name it although a person has named it already.")


class QueueAsked(BaseModel):
    """Which part of the queue."""

    batch: int | None = Field(None, ge=1, description="Only cards of this batch.")
    limit: int = Field(12, ge=0, le=100)
    skip: str = Field("", max_length=8000, description="Ids of scans to put last, with commas.")
    html: bool = Field(False, description="Give each card as the page shows it, too.")


class SearchAsked(BaseModel):
    """What was typed so far."""

    q: str = Field("", max_length=400)
    limit: int = Field(20, ge=1, le=30)
    game: str = Field("", max_length=64, description="Only printings of this game.")


class PrintingShown(TypedDict):
    """A printing with its price and the path of its picture; both may be empty."""

    game: str
    card_id: str
    name: str
    set: str
    number: str
    variant: str
    price: str
    picture: str


class ReviewItem(ScanFields):
    """A scan that waits; `stake` is the widest gap between its candidates' prices."""

    stake: str
    language: str
    condition: str
    batch_name: str
    batch_language: str
    batch_condition: str


class ReviewTwin(TypedDict):
    """The cards with most at stake first. `undoable` is the scan that a person named last."""

    waiting: int
    waiting_in_all: int
    at_stake: str
    undoable: list[int]
    items: list[ReviewItem]


class Named(TypedDict):
    """The word is in the log; `name` is empty for a card that nobody can name."""

    scan: int
    name: str


class Undone(TypedDict):
    """The card as it stands again."""

    items: list[ReviewItem]


class Suggestions(TypedDict):
    """The printings found, likeliest first."""

    q: str
    found: list[PrintingShown]


class SetsOfGames(TypedDict):
    """The games of the packs in use, each with its sets."""

    games: dict[str, list[str]]
