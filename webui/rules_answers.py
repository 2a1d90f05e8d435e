"""What the Rules page's JSON takes and answers, for its description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from scanner.sorting.rules import RuleSet


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RulesTwin(TypedDict):
    """The shop's rule sets in words and as JSON, the presets, the lists and past batches."""

    bins: int
    currency: str
    in_force: str
    rule_sets: list[dict[str, Any]]
    presets: list[dict[str, Any]]
    lists: list[dict[str, Any]]
    batches: list[dict[str, Any]]
    in_bins: list[dict[str, Any]]


class RulesSent(_Asked):
    """Rules to keep; `was_called` is their name so far, empty for new ones."""

    rules: dict[str, Any]
    was_called: str = Field("", max_length=60)


class RulesDescribed(RulesSent):
    """Rules to keep, in full; `was_called` is their name so far, empty for new ones."""

    rules: RuleSet  # type: ignore[assignment]


class RulesInWords(TypedDict):
    """The rules in plain English, in their order."""

    name: str
    lines: list[dict[str, Any]]


class NameSent(_Asked):
    """Names a rule set."""

    name: str = Field(max_length=60)


class PresetSent(_Asked):
    """A preset to begin with, for so many bins."""

    key: str = Field(max_length=40)
    bins: int | None = Field(None, ge=2, le=16)


class Named(TypedDict):
    """What was kept or put in force."""

    name: str


class TrySent(_Asked):
    """Rules, by name or as JSON, to try on a past batch; `shown` counts the cards listed."""

    batch: int = Field(ge=1, le=2**62)
    name: str = Field("", max_length=60)
    rules: dict[str, Any] | None = None
    shown: int = Field(300, ge=0, le=20_000)


class TryDescribed(TrySent):
    """Rules, by name or in full, to try on a past batch; `shown` counts the cards listed."""

    rules: RuleSet | None = None  # type: ignore[assignment]


class TrialTold(TypedDict):
    """Where each card would go, and by which rule; `stops` counts full bins to be emptied."""

    name: str
    cards: int
    moved: int
    bins: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    idle_rules: list[str]
    lines: list[dict[str, Any]]


class PlanSent(_Asked):
    """Sets to sort, by name in the order wanted, or those of a past batch."""

    sets: list[str] = Field(default_factory=list, max_length=500)
    batch: int = Field(0, ge=0, le=2**62)
    bins: int = Field(ge=2, le=16)
    goal: Literal["in order", "apart"] = "in order"
    feeds_from: Literal["bottom", "top"] = "bottom"


class PlanTold(TypedDict):
    """The passes, with instructions for the clerk and the rules of each pass."""

    goal: str
    sets: list[str]
    cards_fed: int
    steps: list[str]
    passes: list[dict[str, Any]]


class ListSent(_Asked):
    """A list of cards: names, card ids, or set and number, one an entry."""

    name: str = Field(min_length=1, max_length=60)
    entries: list[str] = Field(default_factory=list, max_length=20_000)
    removed: bool = False


class ListTold(TypedDict):
    """A list of cards with its entries."""

    name: str
    entries: list[str]


class ListAsked(BaseModel):
    """Which list; all of them where none is named."""

    name: str = Field("", max_length=60, description="Name of one list; empty: all.")


class ListsTold(TypedDict):
    """Lists of cards with their entries."""

    lists: list[ListTold]
