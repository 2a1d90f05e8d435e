"""A batch limited to some sets: printings that only the limit can tell apart, and strays. Pure.

The catalog is searched whole all the same. Of printings that look alike those outside the limit are
out of the question; a card that is plainly of another set is named as such and goes to review,
for a limit must never turn a stray into the wrong card.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scanner.batches import BatchPlan, plan_of_batch
from scanner.calibration import Calibration
from scanner.decide import Decider, Evidence, Limits, Verdict
from scanner.prices import PriceBook
from scanner.quality import AskQuality
from scanner.records import Decision, Located, Printing
from scanner.retry import NOT_OF_THE_BATCH
from scanner.tables import Batch


@dataclass(frozen=True, slots=True)
class SetLimit:
    """What a batch may hold: one game, some of its sets; empty for no limit."""

    game: str = ""
    sets: frozenset[str] = frozenset()

    def allows(self, printing: Printing) -> bool:
        """Whether the printing may be in the batch."""
        return (not self.game or printing.game == self.game) and (
            not self.sets or printing.set in self.sets
        )


NO_LIMIT = SetLimit()


def limit_of(plan: BatchPlan) -> SetLimit:
    """The limit that a batch was begun with."""
    return SetLimit(plan.game, frozenset(plan.sets))


class LimitInHand:
    """The limit of the machine's batch: told once when a batch begins or ends, so that no frame
    waits for the log. A batch's row never changes."""

    def __init__(self) -> None:
        """No batch yet."""
        self._limit = NO_LIMIT

    def take(self, batch: Batch | None) -> None:
        """This batch is in hand from now on; None when it has ended."""
        self._limit = NO_LIMIT if batch is None else limit_of(plan_of_batch(batch))

    def __call__(self) -> SetLimit:
        """The limit now."""
        return self._limit


def within(evidence: Sequence[Evidence], limit: SetLimit) -> tuple[Sequence[Evidence], bool]:
    """The candidates that are in question, best first, and whether the best one is a stray."""
    if not evidence or limit == NO_LIMIT:
        return evidence, False
    best = evidence[0]
    others = [item for item in evidence[1:] if not (item.twin_of_best or item.told_apart)]
    family = [item for item in evidence[1:] if item.twin_of_best or item.told_apart]
    inside = [item for item in family if limit.allows(item.printing)]
    if limit.allows(best.printing):
        return [best, *inside, *others], False
    twins = [item for item in inside if item.twin_of_best and not item.told_apart]
    if not twins:
        return evidence, True
    return [replace(twins[0], twin_of_best=False), *twins[1:], *others], False


class LimitedDecider(Decider):
    """A decider that asks before each card what the batch is limited to."""

    def __init__(
        self,
        limit: Callable[[], SetLimit],
        limits: Limits | None = None,
        prices: PriceBook | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        """`limit` is asked once for each frame. The rest is as in `Decider`."""
        super().__init__(limits, prices, calibration)
        self._limit = limit

    def decide(
        self, evidence: Sequence[Evidence], quality: AskQuality, located: Located
    ) -> Verdict:
        """As `Decider.decide`, within the limit."""
        in_question, stray = within(evidence, self._limit())
        verdict = super().decide(in_question, quality, located)
        if not stray or verdict.decision is not Decision.ACCEPTED:
            return verdict
        return replace(
            verdict,
            decision=Decision.REVIEW,
            reasons=(NOT_OF_THE_BATCH,),
            accept_from=math.inf,
        )
