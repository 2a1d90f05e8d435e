"""What a stack is said to be before it is scanned: `BatchPlan`, as a command carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.card_words import CONDITIONS, LANGUAGES
from scanner.routing import Mode
from scanner.tables import Batch

MACHINE, UPLOAD = "machine", "upload"
MAX_WORD_LENGTH = 80
MAX_SETS = 200
_LINE = "\n"


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Whose stack it is and where it lies (`store`, `location`), what recognition is limited to
    (`game`, `sets`; empty: no limit), and what holds for each card of which nobody says otherwise
    (`condition`, `language`; empty: unknown). `upload_id` names the upload that it comes from."""

    store: str = ""
    location: str = ""
    game: str = ""
    sets: tuple[str, ...] = ()
    condition: str = ""
    language: str = ""
    upload_id: int = 0

    def argument(self) -> dict[str, str | int]:
        """The plan as a command carries it: words only, the sets one a line; nothing for empty."""
        words: dict[str, str | int] = {
            "store": self.store,
            "location": self.location,
            "game": self.game,
            "sets": _LINE.join(self.sets),
            "condition": self.condition,
            "language": self.language,
        }
        return {key: word for key, word in words.items() if word}


NO_PLAN = BatchPlan()


def plan_of(argument: Mapping[str, object]) -> BatchPlan:
    """The plan in a command's argument or a form. What can't be meant is left out, never guessed:
    a command that was once taken must still start the machine."""

    def word(key: str) -> str:
        text = " ".join(str(argument.get(key) or "").split())
        return text[:MAX_WORD_LENGTH] if text.isprintable() else ""

    lines = str(argument.get("sets") or "").split(_LINE)
    sets = dict.fromkeys(" ".join(line.split()) for line in lines)
    condition, language = word("condition"), word("language")
    return BatchPlan(
        store=word("store"),
        location=word("location"),
        game=word("game"),
        sets=tuple(name for name in sets if name)[:MAX_SETS],
        condition=condition if condition in CONDITIONS else "",
        language=language if language in LANGUAGES else "",
    )


def plan_of_batch(batch: Batch) -> BatchPlan:
    """The plan that a batch was begun with."""
    return BatchPlan(
        batch.store,
        batch.location,
        batch.game,
        tuple(batch.sets),
        batch.condition,
        batch.language,
        batch.upload_id,
    )


def batch_row(name: str, expected_cards: int, driver: str, mode: Mode, plan: BatchPlan) -> Batch:
    """A new row of the table `batch`."""
    return Batch(
        name=name,
        expected_cards=expected_cards,
        driver=driver,
        mode=mode.value,
        kind=UPLOAD if plan.upload_id else MACHINE,
        store=plan.store,
        location=plan.location,
        game=plan.game,
        sets=list(plan.sets),
        condition=plan.condition,
        language=plan.language,
        upload_id=plan.upload_id,
    )
