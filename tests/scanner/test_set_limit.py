"""A batch that is limited to some sets: what the limit settles, and what it must not."""

from __future__ import annotations

from functools import partial

from scanner.decide import Evidence
from scanner.quality import Quality
from scanner.records import Decision, Located, Printing, View
from scanner.retry import NOT_OF_THE_BATCH, contested
from scanner.set_limit import NO_LIMIT, LimitedDecider, SetLimit, within
from scanner.verify import Comparison
from tests.store.cards import identified

GOOD = partial(Quality, sharpness=0.5, glare=0.0, brightness=120.0, contrast=50.0)
DAWN = SetLimit("demo", frozenset({"Dawn"}))


def seen(
    card_id: str, in_set: str, score: float = 0.93, *, twin: bool = False, apart: bool = False,
    game: str = "demo",
) -> Evidence:  # fmt: skip
    printing = Printing(card_id, game, f"Name {card_id}", in_set, card_id)
    return Evidence(printing, "demo@1", 0.9, Comparison(score, 0.9), twin, apart)


def decided(limit: SetLimit, *evidence: Evidence) -> tuple[Decision, str]:
    verdict = LimitedDecider(lambda: limit).decide(evidence, GOOD, Located(View.CARD))
    return verdict.decision, verdict.printing.card_id if verdict.printing else ""


def test_the_limit_settles_between_printings_that_look_the_same() -> None:
    dawn, tide, far = seen("A", "Dawn"), seen("B", "Tide", 0.92, twin=True), seen("C", "Tide", 0.5)
    assert decided(NO_LIMIT, dawn, tide, far) == (Decision.REVIEW, "A")
    assert decided(DAWN, dawn, tide, far) == (Decision.ACCEPTED, "A")
    tide_first = seen("B", "Tide"), seen("A", "Dawn", 0.92, twin=True), far
    assert decided(DAWN, *tide_first) == (Decision.ACCEPTED, "A")
    both = seen("B", "Tide"), seen("A", "Dawn", 0.92, twin=True), seen("D", "Dawn", twin=True)
    assert decided(DAWN, *both) == (Decision.REVIEW, "A")


def test_a_stray_is_never_turned_into_a_card_of_the_batch() -> None:
    for stray in (
        (seen("B", "Tide"), seen("C", "Dawn", 0.5)),
        (seen("B", "Tide"), seen("A", "Dawn", 0.92, apart=True)),
        (seen("B", "Dawn", game="other"), seen("C", "Dawn", 0.5)),
    ):
        assert decided(NO_LIMIT, *stray)[0] is Decision.ACCEPTED
        verdict = LimitedDecider(lambda: DAWN).decide(stray, GOOD, Located(View.CARD))
        assert (verdict.decision, verdict.reasons) == (Decision.REVIEW, (NOT_OF_THE_BATCH,))
        assert verdict.printing is not None
        assert verdict.printing.card_id == "B"


def test_a_stray_stays_in_review_whatever_a_newer_pack_says() -> None:
    newer = identified()
    assert contested(newer, ["something else"]) == newer
    held = contested(newer, [NOT_OF_THE_BATCH])
    assert (held.decision, held.reasons) == (Decision.REVIEW, (NOT_OF_THE_BATCH,))


def test_another_artwork_stays_in_question_whatever_its_set() -> None:
    assert decided(DAWN, seen("A", "Dawn", 0.9), seen("B", "Tide", 0.86))[0] is Decision.REVIEW
    assert within([], DAWN) == ([], False)
