"""What several frames of one card say together. Pure."""

from __future__ import annotations

import math
from dataclasses import replace

from scanner.records import Decision, Identification, Printing, View
from scanner.retry import TWO_PRINTINGS

_RANK = {Decision.ACCEPTED: 2, Decision.REVIEW: 1, Decision.UNKNOWN: 0}
TOGETHER = "several frames agree on this printing"
# The second frame has the same light, the same dirt and the same rivals: it counts for half.
_SECOND_COUNTS = 0.5
_NEARLY_SURE = 1 - 1e-6


def combine(first: Identification | None, second: Identification) -> Identification:
    """What the frames so far (`first`) and another one say.

    Frames that name different printings are never accepted, whatever comes after them. Frames that
    name the same one add up to a probability, and when that reaches what the shop's limits ask of
    each, the card is accepted. Else the surer answer is kept.
    """
    if first is None:
        return second
    kept = max(second, first, key=_weight)
    if _disagree(first, second):
        reasons = tuple(reason for reason in kept.reasons if reason != TWO_PRINTINGS)
        decision = min(kept.decision, Decision.REVIEW, key=lambda one: _RANK[one])
        reasons = (*reasons, TWO_PRINTINGS)
        return replace(kept, decision=decision, reasons=reasons, accept_from=math.inf)
    if _named(first) is None or _named(first) != _named(second):
        return kept
    together = replace(kept, probability=_add_up(first.probability, second.probability))
    needed = max(first.accept_from, second.accept_from)
    certain = first.printing_certain and second.printing_certain
    if kept.decision is Decision.REVIEW and certain and together.probability >= needed:
        return replace(together, decision=Decision.ACCEPTED, reasons=(TOGETHER,))
    return together


def is_enough(identification: Identification) -> bool:
    """Whether another frame could not make the answer better."""
    return identification.decision is Decision.ACCEPTED or identification.view is View.BACK


def _disagree(first: Identification, second: Identification) -> bool:
    if TWO_PRINTINGS in first.reasons:
        return True
    one, other = _named(first), _named(second)
    return one is not None and other is not None and one != other


def _named(identification: Identification) -> tuple[str, str] | None:
    """The game and card of the printing that a frame names, if it names one."""
    printing: Printing | None = identification.printing
    return (printing.game, printing.card_id) if printing else None


def _add_up(one: float, other: float) -> float:
    """The chance from two: the log-odds of the surer frame and half of the other's, where that
    speaks for the printing."""
    surer, less = max(one, other), min(one, other)
    total = _log_odds(surer) + _SECOND_COUNTS * max(_log_odds(less), 0.0)
    return 1 / (1 + math.exp(-total))


def _log_odds(chance: float) -> float:
    kept = min(max(chance, 1 - _NEARLY_SURE), _NEARLY_SURE)
    return math.log(kept / (1 - kept))


def _weight(identification: Identification) -> tuple[int, bool, float]:
    score = identification.candidates[0].score if identification.candidates else 0.0
    return _RANK[identification.decision], identification.view is View.CARD, score
