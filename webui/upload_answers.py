"""What the upload page's JSON takes and answers, for its description."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from webui.live_answers import PlanAsked


class UploadAsked(PlanAsked):
    """A new pile of pictures, and what is said of its cards."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=80, description="Empty: the time is its name.")


class PictureAsked(BaseModel):
    """The picture itself is the request's body, or several are a form's files."""

    name: str = Field("", max_length=400, description="The file's name.")
    again: bool = Field(False, description="Count it although the same picture came before.")


class PicturesAsked(BaseModel):
    """Which part of a pile."""

    after: int = Field(0, ge=0, description="Only pictures with higher ids.")
    limit: int = Field(200, ge=1, le=2000)


class PictureFields(TypedDict):
    """One picture: `waiting`, `done`, `failed`, `refused`, `again` or `stopped`.

    `problem` says why there is no scan; `scans` are what it became, one for each card in it;
    `before` is the upload that had the same picture.
    """

    id: int
    name: str
    state: str
    word: str
    problem: str
    cached: bool
    scans: list[dict[str, Any]]
    before: dict[str, Any] | None


class UploadFields(TypedDict):
    """One pile. `counts` has a number for each state, and `total`; `batch` is 0 before a scan."""

    id: int
    name: str
    source: str
    client: str
    started_at: str
    batch: int
    counts: dict[str, int]


class UploadsTwin(TypedDict):
    """The newest piles, newest first; `hit_rate` is the share of answers that were known."""

    uploads: list[UploadFields]
    feed_silent: bool
    hit_rate: float


class UploadTwin(TypedDict):
    """One pile with some of its pictures."""

    upload: UploadFields
    pictures: list[PictureFields]
    feed_silent: bool


class PicturesTaken(TypedDict):
    """What became of each picture sent."""

    pictures: list[PictureFields]
