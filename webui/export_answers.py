"""What the exports' routes take and answer, for their description."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from webui.inventory_answers import FilterAsked


class ExportAsked(BaseModel):
    """Which cards to export, and how."""

    model_config = ConfigDict(extra="forbid")

    format: str
    filter: FilterAsked = Field(default_factory=lambda: FilterAsked())
    only_new: bool = Field(False, description="Leave out what went out before.")


class FormatShown(TypedDict):
    """A file format; `adds` says that its quantities are added to what the other end has."""

    name: str
    label: str
    about: str
    adds: bool


class LeftOutShown(TypedDict):
    """Copies that can't be mapped, by the reason, with some of them by name.

    `lacks` names the field to set (`finish`, `condition` or `language`), where that is all.
    """

    reason: str
    lacks: str
    copies: int
    lines: int
    some: list[str]


class SetOffered(TypedDict):
    """A set of ours that TCGplayer seems to call otherwise, and the names that it may be."""

    game: str
    set: str
    theirs: list[str]


class SetNamed(BaseModel):
    """Which of TCGplayer's sets one of ours is; `theirs` empty takes that back."""

    model_config = ConfigDict(extra="forbid")

    game: str = Field(max_length=80)
    set: str = Field(max_length=200)
    theirs: str = Field(max_length=200)


class PreviewShown(TypedDict):
    """What an export would do. `sample` are its first rows, as the file has them.

    `note` says in which currency the prices are, where the file can't.
    """

    format: str
    label: str
    rows: int
    added: int
    taken: int
    unchanged: int
    note: str
    left_out_copies: int
    left_out: list[LeftOutShown]
    sets: list[SetOffered]
    sample: list[str]
    skus: int


class ExportShown(TypedDict):
    """One export; `counts` until it is taken back. `href` is "" when the file is gone."""

    id: int
    format: str
    label: str
    file_name: str
    href: str
    rows: int
    added: int
    taken: int
    left_out: int
    at: str
    counts: bool


class Exports(TypedDict):
    """The newest exports, newest first, and the formats that there are."""

    exports: list[ExportShown]
    formats: list[FormatShown]


class Learned(TypedDict):
    """What the shop's own TCGplayer file taught: SKUs it names, and those that were news."""

    named: int
    news: int
