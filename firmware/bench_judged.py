"""One measured picture: the recognizer's answer and the yardsticks', held against the truth."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firmware.bench_cases import Case, Expects
from firmware.bench_corners import CornerError, corner_error
from firmware.bench_printing_groups import same_to_the_eye
from scanner.baselines import SHORTLIST, rank_by_hash, rank_by_orb
from scanner.bench_truth import Truth
from scanner.catalog.pack import Pack
from scanner.pipeline import Recognizer
from scanner.records import Decision, Finish, Identification, View


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What another method took the same crop for, and the milliseconds that it needed."""

    found: str
    right_artwork: bool
    ms: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A case without its picture, the answer, and whether each part of the answer is right.

    `right_*` are None where there is nothing to be right about: the picture may not be named, the
    truth has no language or finish. A finish or language that the answer leaves open is in
    `finish` or `language` as "" or "unknown", and not right. `has_twin` says that the reference of
    another printing is the same to the eye, so that no picture can tell which of them the card is.
    """

    key: str
    title: str
    source: str
    game: str
    expects: Expects
    card_id: str
    name: str
    conditions: frozenset[str]
    answer: Identification
    found: str
    found_name: str
    score: float
    right_name: bool | None
    right_artwork: bool | None
    right_printing: bool | None
    right_in_3: bool
    true_language: str
    language: str
    true_finish: str
    finish: str
    corners: CornerError | None
    has_true_corners: bool
    has_twin: bool
    yardsticks: Mapping[str, Yardstick]
    elapsed_ms: float

    @property
    def accepted(self) -> bool:
        """Whether the card would pass without a person."""
        return self.answer.decision is Decision.ACCEPTED

    @property
    def wrong_accepted(self) -> bool:
        """Accepted as another printing, or though it may not be named. Never for a photo whose
        table does not say what it shows."""
        return self.accepted and self.expects != "unlabelled" and not self.right_printing

    @property
    def cropped(self) -> bool:
        """Whether a card was found and cut out."""
        return self.answer.corners_px is not None and "rectify" in self.answer.stages_ms

    @property
    def to_look_at(self) -> bool:
        """Whether the report shows it: a card not accepted or not right, anything else accepted,
        a back that was not seen as one."""
        if self.expects == "card":
            return not self.accepted or not self.right_printing
        if self.expects == "back":
            return self.accepted or self.answer.view is not View.BACK
        return self.accepted or self.expects == "unlabelled"


def judge(recognizer: Recognizer, packs: Sequence[Pack], case: Case, truth: Truth) -> Judged:
    """Identify one case, ask the yardsticks about the same crop, compare with the truth."""
    started = time.perf_counter()
    answer = recognizer.identify(case.frame)
    elapsed_ms = (time.perf_counter() - started) * 1000
    best = answer.candidates[0] if answer.candidates else None
    found = best.printing.card_id if best else ""
    named = case.expects == "card"
    same = bool(found) and truth.same_artwork(found, case.card_id)
    known = truth.printing(case.card_id)
    true_name = known.name if known else ""
    found_name = best.printing.name if best else ""
    error = None
    if case.corners_px is not None and answer.corners_px is not None:
        error = corner_error(case.corners_px, answer.corners_px)
    return Judged(
        key=case.key,
        title=case.title,
        source=case.source,
        game=case.game,
        expects=case.expects,
        card_id=case.card_id,
        name=true_name or case.name,
        conditions=case.conditions,
        answer=answer,
        found=found,
        found_name=found_name,
        score=best.score if best else 0.0,
        right_name=(same or bool(true_name and found_name == true_name)) if named else None,
        right_artwork=same if named else None,
        right_printing=found == case.card_id if named else None,
        right_in_3=any(
            truth.same_artwork(candidate.printing.card_id, case.card_id)
            for candidate in answer.candidates[:3]
        ),
        true_language=case.language if named else "",
        language=truth.facts(found).get("language", ""),
        true_finish=case.finish if named else "",
        finish=answer.finish.value if answer.finish is not Finish.UNKNOWN else "",
        corners=error,
        has_true_corners=case.corners_px is not None,
        has_twin=named and _has_twin(case.card_id, truth),
        yardsticks=_yardsticks(answer, packs, case, truth) if named else {},
        elapsed_ms=elapsed_ms,
    )


def _has_twin(card_id: str, truth: Truth) -> bool:
    picture = truth.picture(card_id)
    others = (truth.picture(other) for other in truth.siblings(card_id))
    return picture is not None and any(
        other is not None and same_to_the_eye(picture, other) for other in others
    )


def _yardsticks(
    answer: Identification, packs: Sequence[Pack], case: Case, truth: Truth
) -> dict[str, Yardstick]:
    """The hash, and ORB on the hash's shortlist; ORB's time has the hash's in it."""
    if answer.crop is None:
        return {name: Yardstick("", False, 0.0) for name in ("hash", "orb")}
    by_hash = rank_by_hash(answer.crop, packs, SHORTLIST)
    by_orb = rank_by_orb(answer.crop, packs, by_hash.rows)
    found = {}
    for name, ranking, ms in (
        ("hash", by_hash, by_hash.ms),
        ("orb", by_orb, by_hash.ms + by_orb.ms),
    ):
        printing = ranking.printing(packs)
        card_id = printing.card_id if printing else ""
        found[name] = Yardstick(card_id, truth.same_artwork(card_id, case.card_id), ms)
    return found
