"""Which bin a card goes to: what the feed loop asks, and what whoever decides must be able to do.

The loop asks `Router.route` once a card is recognised, puts the answer on disk together with the
scan, and lets the card go only then. Bins count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from scanner.records import Decision, Identification


class Mode(StrEnum):
    """What a batch is for; chosen when it starts.

    `scan` logs cards, `sort` sends each by the rules, `offer` adds up what the shop would pay.
    """

    SCAN = "scan"
    SORT = "sort"
    OFFER = "offer"


@dataclass(frozen=True, slots=True)
class Routing:
    """Where one card goes. `rule` is the name of the rule that took it, `why` one sentence."""

    bin: int
    rule: str
    why: str


class Router(Protocol):
    """Decides the bin of each card. All calls come from the feed loop's thread, none may wait.

    Nothing is counted before `learn`: `route` may be asked twice for a card whose scan could not be
    put on disk at first.
    """

    def begin(self, batch_id: int, mode: Mode) -> None:
        """A batch begins, or goes on after a restart: what lies in the bins is in the log."""

    def route(self, answer: Identification, full_bins: frozenset[int]) -> Routing:
        """The bin for this card; `full_bins` take no more. Never raises.

        A card that fits in no other bin may be sent to a full one: it waits until that is emptied.
        """

    def learn(self, scan_id: int, answer: Identification, routing: Routing) -> None:
        """This scan and its routing are on disk."""

    def emptied(self, bin_number: int) -> None:
        """A person has emptied this bin."""

    def waits_for(self) -> int:
        """The bin that the card learned last must wait for, as it holds all it may; 0 for none."""


@dataclass(frozen=True, slots=True)
class BinsByDecision:
    """The simplest router: a bin for each decision. See `Router`."""

    accepted: int = 1
    review: int = 1
    unknown: int = 1

    def begin(self, batch_id: int, mode: Mode) -> None:
        """Nothing is remembered."""

    def route(self, answer: Identification, full_bins: frozenset[int]) -> Routing:  # noqa: ARG002
        """The bin that the settings name for the decision."""
        match answer.decision:
            case Decision.ACCEPTED:
                return Routing(self.accepted, "accepted", "The card is recognised.")
            case Decision.REVIEW:
                return Routing(self.review, "review", "A person must look at this card.")
        return Routing(self.unknown, "unknown", "The card is not in the catalog.")

    def learn(self, scan_id: int, answer: Identification, routing: Routing) -> None:
        """Nothing is counted."""

    def emptied(self, bin_number: int) -> None:
        """Nothing was counted."""

    def waits_for(self) -> int:
        """No bin has a limit."""
        return 0
