"""Accepted, review or unknown: a pure decision over what the stages before it found.

Wrong is far worse than unknown. What was found becomes a probability (`scanner/calibration.py`),
and the shop's error rate says from which probability on an answer passes without a person.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scanner.calibration import Calibration, Signs, shipped_calibration
from scanner.prices import Money, PriceBook, widest_gap
from scanner.quality import AskQuality
from scanner.records import BACK_VARIANT, Candidate, Decision, Located, Printing, View
from scanner.verify import Comparison


@dataclass(frozen=True, slots=True)
class Evidence:
    """One candidate and all that speaks for it.

    `similarity` is the cosine of the embeddings, or the likeness of the hashes, 0…1.
    `twin_of_best` says that its reference picture can't be told from the best candidate's,
    `told_apart` that the crop sides with the best candidate wherever the two differ, `number_read`
    that the card seems to show this one's number.
    """

    printing: Printing
    pack_id: str
    similarity: float
    comparison: Comparison
    twin_of_best: bool = False
    told_apart: bool = False
    number_read: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a reference picture is there beyond doubt (`accept_…`), may be there
    (`review_…`), and the least that is accepted, however probable it seems (`least_…`).

    `margin` is the lead in `score` over the next other artwork.
    """

    accept_score: float = 0.8
    accept_matched: float = 0.52
    review_score: float = 0.66
    review_matched: float = 0.3
    least_score: float = 0.68
    least_matched: float = 0.38
    least_margin: float = 0.1


USUAL_GAP = Money(500, "EUR")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the shop allows: wrong answers among the accepted, and how far the prices of what the
    card may be can lie apart before a person looks (`amount_minor` 0: no matter)."""

    error_rate: float = 0.001
    price_gap: Money = USUAL_GAP


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, why, and the candidates that the clerk is shown, best first; `is_back` when
    the card lies on its face. The last three are as in `scanner.records.Identification`."""

    decision: Decision
    reasons: tuple[str, ...]
    printing: Printing | None
    candidates: tuple[Candidate, ...]
    is_back: bool = False
    probability: float = 0.0
    printing_certain: bool = False
    accept_from: float = math.inf


_VIEW_REASONS = {
    View.NOTHING: "no card in view",
    View.SEVERAL: "several cards in view: lay one card at a time",
    View.BACK: "this is the back of a card: turn it over",
}
SHOWN_CANDIDATES = 5
_THRESHOLDS = Thresholds()
# Other artworks this far behind in score are in question no more, whatever they cost.
_FAR_BEHIND = 0.2
# So many times surer than the shop asks, a price gap does not matter.
_OVERWHELMING = 10.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How the best candidate stands against the rest.

    `twins` are other printings that look the same, `apart` those that the picture sided against;
    both have its artwork. `others` is the rest, best first.
    """

    best: Evidence
    twins: tuple[Evidence, ...]
    apart: tuple[Evidence, ...]
    others: tuple[Evidence, ...]

    @property
    def signs(self) -> Signs:
        """What the calibration weighs."""
        found = self.best.comparison
        nearest = max((item.similarity for item in self.others), default=0.0)
        return Signs(found.score, found.matched, self.lead, self.best.similarity - nearest)

    @property
    def lead(self) -> float:
        """The lead in score over the next other artwork."""
        behind = max((item.comparison.score for item in self.others), default=0.0)
        return self.best.comparison.score - behind


def stand(evidence: Sequence[Evidence]) -> Standing | None:
    """How the best of the candidates, best first, stands; None when nothing can be compared.

    Numbers that are none (a net that went astray) speak for nobody: such candidates are left out.
    """
    sound = [item for item in evidence if _is_sound(item)]
    if not sound:
        return None
    best = sound[0]
    rivals = [item for item in sound[1:] if item.printing != best.printing]
    return Standing(
        best,
        twins=tuple(item for item in rivals if item.twin_of_best and not item.told_apart),
        apart=tuple(item for item in rivals if item.told_apart),
        others=tuple(item for item in rivals if not item.twin_of_best and not item.told_apart),
    )


class Decider:
    """Decides with one shop's limits. A benchmark may put its own in its place and look on."""

    def __init__(
        self,
        limits: Limits | None = None,
        prices: PriceBook | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        """With the usual limits, no prices and the calibration that came with the program.

        Raises ModelError when that is missing or damaged.
        """
        self._limits = limits or Limits()
        self._prices = prices
        self._calibration = calibration or shipped_calibration()

    def decide(
        self, evidence: Sequence[Evidence], quality: AskQuality, located: Located
    ) -> Verdict:
        """The verdict on the compared candidates, best first; `located` says what was seen."""
        return decide(
            evidence, quality, located.view, self._limits, self._prices, self._calibration
        )


def decide_without_card(view: View) -> Verdict:
    """The answer when there is no single card front to look at."""
    return Verdict(Decision.UNKNOWN, (_VIEW_REASONS[view],), None, ())


def decide(
    evidence: Sequence[Evidence],
    quality: AskQuality,
    view: View = View.CARD,
    limits: Limits | None = None,
    prices: PriceBook | None = None,
    calibration: Calibration | None = None,
) -> Verdict:
    """Decide over the candidates, best first by `comparison.score`.

    A back is named as such: when the catalog's picture of it fits best, or when the locator saw
    one (`view`) and no front is recognised beyond doubt.
    """
    limits, calibration = limits or Limits(), calibration or shipped_calibration()
    found = stand(evidence)
    if found is None:
        why = (
            "the picture can't be compared with the catalog" if evidence else "the catalog is empty"
        )
        return Verdict(Decision.UNKNOWN, (why,), None, ())
    comparison, printing = found.best.comparison, found.best.printing
    candidates = _shown(evidence)
    if comparison.score >= _THRESHOLDS.review_score and printing.variant == BACK_VARIANT:
        return Verdict(Decision.UNKNOWN, (_VIEW_REASONS[View.BACK],), None, candidates, True)
    artwork = calibration.artwork(found.signs)
    printed = calibration.printing(len(found.twins), len(found.apart))
    chance, needed = artwork * printed, calibration.accept_from(limits.error_rate)
    sure = artwork >= needed and is_enough(found)
    seen = None if sure else quality()
    # Of a card that is not whole in view, too little is seen to call it a back.
    if seen is not None and view is View.BACK and not seen.cut:
        return Verdict(Decision.UNKNOWN, (_VIEW_REASONS[View.BACK],), None, candidates, True)
    if seen is not None and (
        comparison.score < _THRESHOLDS.review_score
        or comparison.matched < _THRESHOLDS.review_matched
    ):
        reasons = ("no card of the catalog matches the picture", *seen.complaints)
        return Verdict(Decision.UNKNOWN, reasons, None, candidates, False, chance)
    held = [
        *_unsettled(found, limits, calibration),
        *_too_dear(found, artwork, chance, limits, prices),
    ]
    certain = not found.twins and found.lead >= _THRESHOLDS.least_margin
    if sure and not held:
        return Verdict(
            Decision.ACCEPTED, ("the picture matches this printing alone",), printing, candidates,
            False, chance, certain, needed * printed,
        )  # fmt: skip
    doubts = () if seen is None else (_doubt(found), *seen.complaints)
    return Verdict(
        Decision.REVIEW, (*doubts, *held), printing, candidates, False, chance, certain,
        math.inf if held or not is_enough(found) else needed * printed,
    )  # fmt: skip


def _is_sound(item: Evidence) -> bool:
    numbers = (item.similarity, item.comparison.score, item.comparison.matched)
    return all(math.isfinite(number) for number in numbers)


def is_enough(found: Standing) -> bool:
    """The least evidence, which no probability replaces: a game may look unlike all measured."""
    comparison = found.best.comparison
    return (
        comparison.score >= _THRESHOLDS.least_score
        and comparison.matched >= _THRESHOLDS.least_matched
        and found.lead >= _THRESHOLDS.least_margin
    )


def _unsettled(found: Standing, limits: Limits, calibration: Calibration) -> list[str]:
    """The printings among which a person must choose, however sure the artwork is."""
    if found.twins:
        numbers = ", ".join(_label(item.printing) for item in (found.best, *found.twins))
        looks = found.best.printing.number if found.best.number_read else ""
        read = f"; the number looks like {looks}" if looks else ""
        return [f"printing uncertain: these printings look the same: {numbers}{read}"]
    if found.apart and not calibration.settles_printings(limits.error_rate):
        numbers = ", ".join(_label(item.printing) for item in found.apart)
        return [f"printing uncertain: it may also be {numbers}"]
    return []


def _too_dear(
    found: Standing, artwork: float, chance: float, limits: Limits, prices: PriceBook | None
) -> list[str]:
    """What an error would cost, where that is above the shop's limit.

    Asked of are the other printings of the artwork, and other artworks that are not far behind;
    neither where the answer is ten times surer than the shop's error rate asks.
    """
    if prices is None or not limits.price_gap.amount_minor:
        return []
    overwhelming = 1 - limits.error_rate / _OVERWHELMING
    asked = [*found.twins, *found.apart] if chance < overwhelming else []
    if artwork < overwhelming:
        least = found.best.comparison.score - _FAR_BEHIND
        asked += [item for item in found.others if item.comparison.score > least]
    gap = widest_gap(
        prices, found.best.printing, [item.printing for item in asked], limits.price_gap.currency
    )
    if gap is None or gap.amount_minor <= limits.price_gap.amount_minor:
        return []
    return [f"the prices differ by {gap}: check the printing"]


def _doubt(found: Standing) -> str:
    """Why the artwork itself is in doubt."""
    if found.others and found.lead < _THRESHOLDS.least_margin:
        return f"it may also be {_label(found.others[0].printing)}"
    return "only part of the picture matches"


def _shown(evidence: Sequence[Evidence]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(item.printing, round(item.comparison.score, 4), item.pack_id)
        for item in evidence
        if _is_sound(item)
    )[:SHOWN_CANDIDATES]


def _label(printing: Printing) -> str:
    place = " ".join(part for part in (printing.set, printing.number, printing.variant) if part)
    return f"{printing.name or printing.card_id} ({place})" if place else printing.card_id
