"""What the Offer page's JSON takes and answers, for its description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from scanner.offers import OfferRules


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OfferAsked(BaseModel):
    """Which lot, and whether the page's HTML comes with it."""

    batch: int = Field(0, ge=0, le=2**62, description="Id of the batch; 0: the newest one.")
    html: bool = False


class OfferLineTold(TypedDict):
    """Equal cards of the lot; amounts are in minor units, `cash` and `credit` for all of them."""

    scans: list[int]
    count: int
    name: str
    set: str
    number: str
    variant: str
    finish: str
    condition: str
    finish_key: str
    condition_key: str
    is_known: bool
    status: Literal["offered", "not bought", "look"]
    rule: str
    why: str
    cash_minor: int
    credit_minor: int
    cash: str
    credit: str
    cash_each: str
    by_hand: bool


class OfferTold(TypedDict):
    """The offer for a batch; the totals are of the offered cards alone. `batch` 0: none yet.

    `prices_of` is the age of the oldest price that it rests on.
    """

    batch: int
    name: str
    cards: int
    offered: int
    put_aside: int
    not_bought: int
    currency: str
    cash_minor: int
    credit_minor: int
    cash: str
    credit: str
    outcome: str
    ended_at: str
    is_open: bool
    prices_of: str
    price_age_days: int | None
    lines: list[OfferLineTold]


class OfferRulesTold(TypedDict):
    """What the shop pays, as JSON and in words."""

    rules: dict[str, Any]
    lines: list[dict[str, Any]]


class OfferRulesSent(_Asked):
    """What the shop pays."""

    rules: dict[str, Any]


class OfferRulesDescribed(OfferRulesSent):
    """What the shop pays, in full."""

    rules: OfferRules  # type: ignore[assignment]


class WordSent(_Asked):
    """A person's word on equal cards: `price` with amounts, `skip`, or `undone`."""

    scans: list[int] = Field(min_length=1, max_length=2000)
    kind: Literal["price", "skip", "undone"]
    cash: str = Field("", max_length=20, description="For each card, such as 2.50 EUR.")
    credit: str = Field("", max_length=20, description="For each card, such as 3.00 EUR.")


class CardsSent(_Asked):
    """What equal cards are, as a person sees; empty where nobody can say."""

    scans: list[int] = Field(min_length=1, max_length=2000)
    finish: Literal["", "normal", "holo", "reverse", "foil"] = ""
    condition: Literal["", "NM", "LP", "MP", "HP", "DMG"] = ""


class OutcomeSent(_Asked):
    """How the offer ended; `undone` opens it again."""

    outcome: Literal["cash", "credit", "declined", "undone"]


class Done(TypedDict):
    """It is noted."""

    batch: int
