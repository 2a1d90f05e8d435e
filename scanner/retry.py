"""Trying scans again from their kept crops: which are due, and what a new answer means. Pure.

A scan that was not accepted is tried once with each set of packs and models that it was not tried
with before. An accepted scan is never touched, and a person's word is never overridden.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from scanner.records import Decision, Identification
from scanner.store_present import FROM_PERSON, PresentAnswer

TWO_PRINTINGS = "Two frames of this card name different printings."
"""Why a scan is in review for good: a crop shows one of the frames, and can't settle it."""

NOT_OF_THE_BATCH = "this card is not of the sets that the batch is limited to"
"""Another one: a pack that knows more doesn't make it a card of the batch."""

_FOR_GOOD = frozenset({TWO_PRINTINGS, NOT_OF_THE_BATCH})

# A crop was once a JPEG file: its score may be this much lower than that of the frame itself.
_COST_OF_KEEPING = 0.02


class Outcome(StrEnum):
    """What came of one retry. `unreadable`: the kept picture is damaged."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    NOTHING = "nothing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class TriedWith:
    """The packs and models that answers come from; `key` stands for their exact content."""

    key: str
    packs: tuple[str, ...]
    model_id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one scan stands: its present `source` and `decision`, its crop ("" for none), the key of
    what it was made with ("" where nobody noted it), and whether a retry with the key in question
    is in the log."""

    scan_id: int
    source: str
    decision: str
    crop_path: str
    made_with: str
    tried: bool


def tried_with(
    packs: Mapping[str, Iterable[str]], model_id: str, models: Mapping[str, str]
) -> TriedWith:
    """Name what answers come from.

    Args:
        packs: the id of each pack in use with the SHA-256 of its files.
        model_id: the embedding model's id.
        models: name and SHA-256 of each model that looks at a crop.
    """
    lines = [f"pack {pack_id} {' '.join(sorted(packs[pack_id]))}" for pack_id in sorted(packs)]
    lines += [f"embeds {model_id}", *(f"model {name} {models[name]}" for name in sorted(models))]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return TriedWith(digest[:16], tuple(sorted(packs)), model_id)


def is_due(standing: Standing, key: str) -> bool:
    """Whether the packs and models named `key` may know more about this scan than it says now."""
    return (
        standing.decision != Decision.ACCEPTED
        and standing.source != FROM_PERSON
        and bool(standing.crop_path)
        and standing.made_with != key
        and not standing.tried
    )


def contested(answer: Identification, first_reasons: Iterable[str]) -> Identification:
    """The new answer as far as it may count: where two frames disagreed, or the card is not of its
    batch's sets, a person must look."""
    held = tuple(reason for reason in first_reasons if reason in _FOR_GOOD)
    if answer.decision is Decision.ACCEPTED and held:
        return replace(answer, decision=Decision.REVIEW, reasons=held)
    return answer


def judge(before: PresentAnswer, answer: Identification) -> Outcome:
    """What a new answer is worth beside the one that stands."""
    if answer.decision is Decision.ACCEPTED:
        return Outcome.ACCEPTED
    if answer.decision is Decision.UNKNOWN or not answer.candidates:
        return Outcome.NOTHING
    if before.decision == Decision.UNKNOWN:
        return Outcome.REVIEW
    known = {str(candidate.get("printing", "")) for candidate in before.candidates}
    news = answer.candidates[0].printing.card_id not in known or any(
        candidate.printing.card_id not in known
        and candidate.score >= before.score - _COST_OF_KEEPING
        for candidate in answer.candidates
    )
    as_good = answer.candidates[0].score >= before.score - _COST_OF_KEEPING
    return Outcome.REVIEW if news and as_good else Outcome.NOTHING
