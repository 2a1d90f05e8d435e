"""What the Inventory page's JSON twin takes and answers, for its description."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from typing_extensions import TypedDict


def _read_json(value: object) -> object:
    """A condition out of an address, where it is a text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except (ValueError, RecursionError):
        raise ValueError("The filter's condition is no JSON.") from None


class FilterAsked(BaseModel):
    """Which cards are meant; what is empty is not asked. `-` asks for cards where it is not known.

    Prices are in units of the shop's currency, such as `2.50`; days as `2026-05-31`.
    """

    model_config = ConfigDict(extra="forbid")

    text: str = Field("", description="Beginnings of words of name, set, number or variant.")
    game: str = ""
    set: str = ""
    finish: str = ""
    condition: str = ""
    language: str = ""
    batch: str = Field("", description="A batch's number.")
    bin: str = Field("", description="A bin's number.")
    location: str = ""
    price_from: str = ""
    price_to: str = ""
    added_from: str = ""
    added_to: str = ""
    removed: str = Field("", description="1: cards that left the stock, in place of the others.")
    when: Annotated[dict[str, Any] | None, BeforeValidator(_read_json)] = Field(
        None, description="A condition, as sort rules have them; as JSON in an address."
    )


class LinesAsked(FilterAsked):
    """A part of the lines that a filter finds."""

    sort: str = Field("name", description="name, set, value, price, quantity or newest.")
    offset: int = Field(0, ge=0, le=10_000_000)
    limit: int = Field(60, ge=1, le=500)
    html: bool = Field(False, description="Give the rows as the page shows them, too.")


class ValueAsked(FilterAsked):
    """Of which cards the value by set is asked."""

    html: bool = Field(False, description="Give the charts as the page shows them, too.")


class LineShown(TypedDict):
    """Equal copies of one printing; `price` and `value` are empty where no price is known.

    `basis` is `exact`, `near mint` (of another condition) or `at least` (the finish is unknown).
    """

    id: int
    game: str
    card_id: str
    name: str
    set: str
    number: str
    variant: str
    finish: str
    language: str
    condition: str
    quantity: int
    price: str
    price_minor: int | None
    value: str
    basis: str
    price_source: str
    price_as_of: str
    price_age_days: int | None
    rarity: str
    crop: str


class TotalsShown(TypedDict):
    """All that a filter finds, added up; `unpriced` copies are not in the value."""

    lines: int
    copies: int
    value: str
    value_minor: int
    currency: str
    unpriced: int


class InventoryTwin(TypedDict):
    """Lines of the stock. The ids of lines hold for one `edition`; `newest` is the last scan."""

    totals: TotalsShown
    edition: str
    newest: int
    more: bool
    lines: list[LineShown]


class CopyShown(TypedDict):
    """One card and where it lies; `bin` 0: it went to no bin. `removed` says why it left."""

    scan: int
    batch: int
    batch_name: str
    number_in_batch: int
    bin: int
    position_in_bin: int
    location: str
    added_at: str
    removed: str
    where: str
    crop: str


class CopiesShown(TypedDict):
    """The copies of one line, oldest first, up to a limit."""

    copies: list[CopyShown]


class SetValue(TypedDict):
    """What the cards of one set are worth."""

    game: str
    set: str
    copies: int
    value: str
    value_minor: int


class DayValue(TypedDict):
    """What the whole stock was worth at the end of a day on which that changed."""

    day: str
    value_minor: int


class ValueTwin(TypedDict):
    """The value by set of what a filter finds, and that of the whole stock over time."""

    currency: str
    sets: list[SetValue]
    days: list[DayValue]


class EditAsked(BaseModel):
    """A bulk edit: what to say, and of which cards: `scans`, or `lines`, or all of `filter`.

    What is null is left as it is. `removed` is `sold`, `sold_tcgplayer`, `lost` or `mistake`, and
    "" puts cards back. `lines` need the `edition` that they were read from; `up_to` is the newest
    scan that the person saw.
    """

    model_config = ConfigDict(extra="forbid")

    condition: str | None = None
    language: str | None = None
    finish: str | None = None
    location: str | None = None
    removed: str | None = None
    scans: list[int] = Field([], max_length=20_000)
    lines: list[int] = Field([], max_length=20_000)
    filter: FilterAsked | None = None
    edition: str = ""
    up_to: int | None = None


class Edited(TypedDict):
    """The edit, which can be undone by its number."""

    change: int
    cards: int
    summary: str


class ChangeShown(TypedDict):
    """One bulk edit; `stands` until it is undone."""

    change: int
    cards: int
    summary: str
    at: str
    stands: bool


class Changes(TypedDict):
    """The newest bulk edits, newest first."""

    changes: list[ChangeShown]


class FilterSaved(BaseModel):
    """A filter to be kept under a name."""

    model_config = ConfigDict(extra="forbid")

    name: str
    filter: FilterAsked


class FilterNamed(BaseModel):
    """A saved filter's name."""

    model_config = ConfigDict(extra="forbid")

    name: str


class Filters(TypedDict):
    """The saved filters by name."""

    filters: dict[str, dict[str, Any]]
