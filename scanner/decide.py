"""Accepted, review or unknown: a pure decision over what the stages before it found.

Wrong is far worse than unknown. The thresholds were chosen on rendered scenes of cards that no
training saw, with and without the right card in the catalog (docs/RESULTS.md says how).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanner.quality import Quality
from scanner.records import BACK_VARIANT, Candidate, Decision, Located, Printing, View
from scanner.verify import Comparison


@dataclass(frozen=True, slots=True)
class Evidence:
    """One candidate and all that speaks for it.

    `similarity` is the cosine of the embeddings, or the likeness of the hashes, 0…1.
    `twin_of_best` says that its reference picture can't be told from the best candidate's,
    `told_apart` that the crop sides with the best candidate wherever the two differ.
    """

    printing: Printing
    pack_id: str
    similarity: float
    comparison: Comparison
    twin_of_best: bool = False
    told_apart: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a candidate needs. `margin` is the lead in `score` over the next other artwork."""

    accept_score: float = 0.8
    accept_matched: float = 0.52
    accept_margin: float = 0.1
    review_score: float = 0.66
    review_matched: float = 0.3


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, why, and the candidates that the clerk is shown, best first; `is_back` when
    the card lies on its face."""

    decision: Decision
    reasons: tuple[str, ...]
    printing: Printing | None
    candidates: tuple[Candidate, ...]
    is_back: bool = False


_VIEW_REASONS = {
    View.NOTHING: "no card in view",
    View.SEVERAL: "several cards in view: lay one card at a time",
    View.BACK: "this is the back of a card: turn it over",
}
SHOWN_CANDIDATES = 5


def decide_without_card(view: View) -> Verdict:
    """The answer when there is no single card front to look at."""
    return Verdict(Decision.UNKNOWN, (_VIEW_REASONS[view],), None, ())


class Decider:
    """Decides with one shop's limits. A benchmark may put its own in its place and look on."""

    def decide(self, evidence: Sequence[Evidence], quality: Quality, located: Located) -> Verdict:
        """The verdict on the compared candidates, best first; `located` says what was seen."""
        return decide(evidence, quality, located.view)


def decide(
    evidence: Sequence[Evidence],
    quality: Quality,
    view: View = View.CARD,
    thresholds: Thresholds | None = None,
) -> Verdict:
    """Decide over the candidates, best first by `comparison.score`.

    A back is named as such: when the catalog's picture of it fits best, or when the locator saw
    one (`view`) and no front is recognised beyond doubt.
    """
    limits = thresholds or Thresholds()
    candidates = tuple(
        Candidate(item.printing, round(item.comparison.score, 4), item.pack_id)
        for item in evidence[:SHOWN_CANDIDATES]
    )
    if not evidence:
        return Verdict(Decision.UNKNOWN, ("the catalog is empty",), None, ())
    best = evidence[0]
    found = best.comparison
    rivals = [
        item for item in evidence[1:] if item.printing != best.printing and not item.told_apart
    ]
    twins = [item for item in rivals if item.twin_of_best]
    others = [item for item in rivals if not item.twin_of_best]
    margin = found.score - others[0].comparison.score if others else found.score
    sure = (
        found.score >= limits.accept_score
        and found.matched >= limits.accept_matched
        and margin >= limits.accept_margin
    )
    if found.score >= limits.review_score and best.printing.variant == BACK_VARIANT:
        return Verdict(Decision.UNKNOWN, (_VIEW_REASONS[View.BACK],), None, candidates, True)
    if sure and not twins:
        return Verdict(
            Decision.ACCEPTED, ("the picture matches this printing alone",),
            best.printing, candidates,
        )  # fmt: skip
    if sure:
        numbers = ", ".join(_label(item.printing) for item in (best, *twins))
        return Verdict(
            Decision.REVIEW, (f"these printings look the same: {numbers}",),
            best.printing, candidates,
        )  # fmt: skip
    if view is View.BACK:
        return Verdict(Decision.UNKNOWN, (_VIEW_REASONS[View.BACK],), None, candidates, True)
    if found.score < limits.review_score or found.matched < limits.review_matched:
        reasons = ("no card of the catalog matches the picture", *quality.complaints)
        return Verdict(Decision.UNKNOWN, reasons, None, candidates)
    if margin < limits.accept_margin:
        why = f"it may also be {_label(others[0].printing)}"
    else:
        why = "only part of the picture matches"
    return Verdict(Decision.REVIEW, (why, *quality.complaints), best.printing, candidates)


def _label(printing: Printing) -> str:
    place = " ".join(part for part in (printing.set, printing.number, printing.variant) if part)
    return f"{printing.name or printing.card_id} ({place})" if place else printing.card_id
