"""Which answer to keep when a card needed a second frame. Pure."""

from __future__ import annotations

from dataclasses import replace

from scanner.records import Decision, Identification, View
from scanner.retry import TWO_PRINTINGS

_RANK = {Decision.ACCEPTED: 2, Decision.REVIEW: 1, Decision.UNKNOWN: 0}


def combine(first: Identification | None, second: Identification) -> Identification:
    """Keep the surer answer; frames that name different printings are never accepted."""
    if first is None:
        return second
    if second.decision is Decision.ACCEPTED and _names_another(first, second):
        return replace(
            second,
            decision=Decision.REVIEW,
            reasons=(*second.reasons, TWO_PRINTINGS),
        )
    return max(second, first, key=_weight)


def is_enough(identification: Identification) -> bool:
    """Whether another frame could not make the answer better."""
    return identification.decision is Decision.ACCEPTED or identification.view is View.BACK


def _names_another(first: Identification, second: Identification) -> bool:
    if not first.candidates or second.printing is None:
        return False
    return first.candidates[0].printing.card_id != second.printing.card_id


def _weight(identification: Identification) -> tuple[int, bool, float]:
    score = identification.candidates[0].score if identification.candidates else 0.0
    return _RANK[identification.decision], identification.view is View.CARD, score
