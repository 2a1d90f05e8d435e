"""What people said of the copies in stock, put together: the last word that stands counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from scanner.card_words import CONDITIONS, FINISHES, LANGUAGES
from scanner.errors import InventoryError
from scanner.inventory import REMOVED
from scanner.records import Finish
from scanner.tables_stock import StockChange

MAX_LOCATION = 80


@dataclass(frozen=True, slots=True)
class Edit:
    """What a bulk edit says; None where it says nothing. `removed` "" brings a copy back."""

    condition: str | None = None
    language: str | None = None
    finish: str | None = None
    location: str | None = None
    removed: str | None = None

    def said(self) -> dict[str, str]:
        """Only what it says."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    def summary(self) -> str:
        """The edit as a clerk reads it: `Condition: Lightly played · Location: Box 3`."""
        words = []
        if self.removed is not None:
            words.append(f"Removed: {REMOVED[self.removed]}" if self.removed else "Put back")
        if self.condition is not None:
            words.append(f"Condition: {CONDITIONS.get(self.condition, 'not set')}")
        if self.finish is not None:
            words.append(f"Finish: {FINISHES[self.finish]}")
        if self.language is not None:
            words.append(f"Language: {LANGUAGES.get(self.language, 'not set')}")
        if self.location is not None:
            words.append(f"Location: {self.location or 'as in the batch'}")
        return " · ".join(words)


@dataclass(frozen=True, slots=True)
class Said:
    """One `stock_edit` row with what orders it: its change, and the last correction before it."""

    change_id: int
    after_correction: int
    edit: Edit


@dataclass(frozen=True, slots=True)
class Answer:
    """What the log says of a copy before anybody edited the stock.

    `correction` is the id of the person's word that stands (0: none), and `word` what that word
    itself says, where it says anything.
    """

    condition: str
    language: str
    finish: str
    location: str
    correction: int = 0
    word: Edit = Edit()


def check_edit(values: dict[str, object]) -> Edit:
    """A bulk edit from a form or from JSON. Raises InventoryError, which names what is wrong."""
    known = {field.name for field in fields(Edit)}
    if not values or set(values) - known:
        raise InventoryError(f"Say what to change: one of {', '.join(sorted(known))}.")
    choices = {
        "condition": {*CONDITIONS, ""},
        "language": {*LANGUAGES, ""},
        "finish": set(FINISHES),
        "removed": {*REMOVED, ""},
    }
    said: dict[str, str] = {}
    for name, value in values.items():
        if value is None:
            continue
        if not isinstance(value, str):
            raise InventoryError(f"The new {name} is a word.")
        if name == "location":
            value = " ".join(value.split())
            if len(value) > MAX_LOCATION or not (value == "" or value.isprintable()):
                raise InventoryError(f"A location is a text of at most {MAX_LOCATION} letters.")
        elif value not in choices[name]:
            raise InventoryError(
                f"There is no {name} {value[:20]!r}: choose one of "
                f"{', '.join(sorted(choices[name] - {''}))}."
            )
        said[name] = value
    return Edit(**said)


def void_changes(changes: Sequence[StockChange]) -> frozenset[int]:
    """The ids of the changes that no longer count: those that another one undoes."""
    return frozenset(change.undoes for change in changes if change.undoes)


def present(answer: Answer, said: Iterable[Said]) -> Edit:
    """What holds of a copy now, every field set.

    A bulk edit counts from its field's last word on, until a later correction of the card says
    otherwise; one that says nothing of the field leaves the edit standing.
    """
    now = {
        "condition": answer.condition,
        "language": answer.language,
        "finish": answer.finish,
        "location": answer.location,
        "removed": "",
    }
    word = answer.word.said()
    for entry in said:
        for name, value in entry.edit.said().items():
            if entry.after_correction < answer.correction and _speaks(word.get(name)):
                continue
            now[name] = value or (answer.location if name == "location" else value)
    return Edit(**now)


def _speaks(value: str | None) -> bool:
    return value not in (None, "", Finish.UNKNOWN.value)
