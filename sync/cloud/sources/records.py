"""The records that pass between sources, matching and collection. Frozen, free of I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from scanner.price_feed import PriceTold
from scanner.price_sources import ASKING
from scanner.records import Printing

if TYPE_CHECKING:
    from sync.cloud.sources.asking import Answer
    from sync.cloud.sources.shelf import Shelf

DAILY_S = 20 * 3600
"""Once a day: a little less, so that the hour does not move on from day to day."""

__all__ = [
    "ASKING", "DAILY_S", "DayPlan", "Kind", "LeftOut", "Link", "Outcome", "Page", "PriceSource",
    "Printing", "Product", "Reach", "Run", "SourcePrice", "Want", "Why",
]  # fmt: skip


class Kind(StrEnum):
    """Whose id it is; also the column of a pack's table that may hold it."""

    TCGPLAYER = "tcgplayer_id"
    SCRYFALL = "scryfall_id"
    CARDMARKET = "cardmarket_id"
    POKEMONTCG = "pokemontcg_id"
    EBAY = "ebay"
    """No id of theirs: eBay's listings are words; the printing's own id stands here."""
    SET = "set"
    """No card's id but a set: their name for it, and ours."""


class Why(StrEnum):
    """Why something of a source belongs to no printing of ours, or is no price."""

    NO_NUMBER = "it has no collector number"
    NO_SET = "no set of ours has this name"
    NO_CARD = "the set has no card with this number"
    NAME = "the card with this number has another name or variant"
    SEVERAL = "several printings of ours fit"
    EDITION = "no printing of ours is this edition"
    LANGUAGE = "our printing is in another language"
    FINISH = "the printing does not exist in this finish, or the finish is not known"
    CONTRADICTS = "its id is ours, its number is not"
    NOT_KNOWN = "no printing of ours has this id"
    TWICE = "the source gives two different prices"
    WRONG = "the price is none"
    FEW = "too few listings are surely this card"
    BROKEN = "the entry is not as the source describes it"


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that a source has prices of, as the source names it; "" where it does not say.

    `kind` and `their_id` name it at the source; `ids` are further ids, by `Kind`. `sets` are the
    ways in which the source writes its set: name, code.
    """

    kind: Kind
    their_id: str
    name: str
    sets: tuple[str, ...] = ()
    number: str = ""
    language: str = ""
    ids: Mapping[Kind, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """One of their ids is this printing; or, with `Kind.SET`, one of their sets is this of ours."""

    game: str
    kind: str
    their_id: str
    card_id: str
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class SourcePrice:
    """A price of one printing. `source` ends in `ASKING` where it is asked and not paid."""

    card: Printing
    finish: str
    condition: str
    currency: str
    amount_minor: int
    as_of: datetime
    source: str

    @property
    def is_asking(self) -> bool:
        """Whether somebody only asks this much."""
        return self.source.endswith(ASKING)

    @property
    def told(self) -> PriceTold:
        """As devices are told it."""
        return PriceTold(
            self.card.card_id, self.finish, self.condition, self.currency, self.amount_minor,
            self.source, self.as_of,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of a source that no price came of."""

    kind: str
    their_id: str
    name: str
    set_name: str
    number: str
    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a source has: stored together, then its answers are remembered.

    `confirmed_sets` are sets of ours whose prices the source says again unchanged, at
    `confirmed_at`.
    """

    prices: Sequence[SourcePrice] = ()
    left_out: Sequence[LeftOut] = ()
    links: Sequence[Link] = ()
    answers: Sequence[Answer] = ()
    confirmed_sets: Sequence[str] = ()
    confirmed_at: datetime | None = None


class Reach(StrEnum):
    """Which printings a run asks for."""

    ALL = "all"
    TOP = "most scanned"


@dataclass(frozen=True, slots=True)
class Want:
    """What a source is to collect. `cards`: only these card_ids; None for all of the game."""

    game: str
    shelf: Shelf
    cards: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What there is to collect in a day: how many sets each game has, and printings by the hour."""

    sets: Mapping[str, int]
    top: int


class Outcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """One collection of one source for one game.

    `retryable` says that nobody need mend anything; until `not_before` the source is left alone.
    `error` names the class of what went wrong (`sync.cloud.sources.errors`), `problem` tells it.
    """

    source: str
    game: str
    reach: Reach
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    prices: int = 0
    changed: int = 0
    left_out: int = 0
    retryable: bool = True
    problem: str = ""
    not_before: datetime | None = None
    error: str = ""


class PriceSource(Protocol):
    """One source of prices.

    `name` is what its prices are marked with. `every_s` is how often all of a game may be asked
    for, 0: never; `per_hour` how many of the most scanned printings alone in an hour, 0: it has no
    way for that. `per_day` is how many requests there may be.
    """

    name: str
    label: str
    currencies: tuple[str, ...]
    per_hour: int
    every_s: int
    per_day: int

    def serves(self, game: str) -> bool:
        """Whether it has prices of a game of ours, or might have."""
        ...

    def collect(self, want: Want) -> Iterator[Page]:
        """Collect; nothing where the source has nothing new. Raises SourceError, between pages."""
        ...

    def check(self) -> str:
        """Ask for as little as proves that it answers; what it said. Raises SourceError."""
        ...

    def requests_a_day(self, plan: DayPlan) -> int:
        """How many requests a day it would take, about."""
        ...

    def close(self) -> None:
        """Close its connections."""
        ...
