"""Whether a condition holds for a card: yes, no, or open where something is not known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.card_facts import CardFacts, PriceRange, first_letters, folded
from scanner.conditions import (
    TAKES_NO_VALUE,
    All,
    AnyCondition,
    AnyOf,
    Not,
    Test,
    money_of,
    split_letters,
    values_of,
)
from scanner.conditions_fields import Op, Value, field_of
from scanner.prices import Money

_OPPOSITE = {Op.IS_NOT: Op.IS, Op.NONE_OF: Op.ONE_OF}


def judge(condition: AnyCondition, card: CardFacts) -> bool | None:
    """Whether the condition holds for the card; None where something is not known."""
    match condition:
        case Test():
            return _compare(condition, card)
        case All():
            return _every(judge(part, card) for part in condition.parts)
        case AnyOf():
            return _opposite(_every(_opposite(judge(part, card)) for part in condition.parts))
        case Not():
            return _opposite(judge(condition.part, card))


def open_questions(condition: AnyCondition, card: CardFacts) -> tuple[str, ...]:
    """The labels of the fields that nobody knows of this card and that left the answer open."""
    if judge(condition, card) is not None:
        return ()
    if isinstance(condition, Test):
        spec = field_of(condition.field)
        return () if spec is None else (spec.label,)
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    labels = [label for part in parts for label in open_questions(part, card)]
    return tuple(dict.fromkeys(labels))


def fields_asked(condition: AnyCondition) -> frozenset[str]:
    """The names of all fields that the condition asks about."""
    if isinstance(condition, Test):
        return frozenset({condition.field})
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return frozenset(name for part in parts for name in fields_asked(part))


def _opposite(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _every(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    if False in found:
        return False
    return None if None in found else True


def _compare(test: Test, card: CardFacts) -> bool | None:
    spec = field_of(test.field)
    held = None if spec is None else spec.read(card)
    if test.op in TAKES_NO_VALUE:
        return (held is not None) == (test.op is Op.KNOWN)
    if held is None:
        return None
    if test.op in _OPPOSITE:
        return _opposite(_meets(_OPPOSITE[test.op], held, values_of(test)))
    return _meets(test.op, held, values_of(test))


def _meets(op: Op, held: Value, wanted: Sequence[str | int | float]) -> bool | None:
    match held:
        case PriceRange():
            return _price_meets(op, held, [money_of(value) for value in wanted])
        case tuple():
            return any(_text_meets(op, text, [str(value) for value in wanted]) for text in held)
        case float():
            return _in_order(op, held, held, [float(value) for value in wanted])
        case None:
            return None


def _text_meets(op: Op, text: str, wanted: Sequence[str]) -> bool:
    if op is Op.LETTERS:
        return is_between_letters(text, wanted[0])
    mine = folded(text)
    others = [folded(value) for value in wanted]
    if op is Op.CONTAINS:
        return others[0] in mine
    if op is Op.BEGINS_WITH:
        return mine.startswith(others[0])
    return mine in others


def is_between_letters(name: str, letters: str) -> bool:
    """Whether a name is filed between two beginnings: `A-F` takes all of A to F, `Sa-Sm` part."""
    low, high = split_letters(letters)
    filed = first_letters(name)
    return filed[: len(low)] >= low and filed[: len(high)] <= high


def _price_meets(op: Op, held: PriceRange, wanted: Sequence[Money]) -> bool | None:
    if any(money.currency != held.currency for money in wanted):
        return None  # nobody can say without an exchange rate
    limits = [float(money.amount_minor) for money in wanted]
    return _in_order(op, held.low_minor, held.high_minor, limits)


def _in_order(op: Op, low: float, high: float, limits: Sequence[float]) -> bool | None:
    """Compare what lies between `low` and `high` with limits; open where they part it."""
    match op:
        case Op.AT_LEAST:
            return _agreed(low >= limits[0], high >= limits[0])
        case Op.BELOW:
            return _agreed(low < limits[0], high < limits[0])
        case Op.AT_MOST:
            return _agreed(low <= limits[0], high <= limits[0])
        case Op.ABOVE:
            return _agreed(low > limits[0], high > limits[0])
        case Op.BETWEEN:
            enough = _agreed(low >= limits[0], high >= limits[0])
            return _every([enough, _agreed(low <= limits[1], high <= limits[1])])
    return low == limits[0]


def _agreed(one: bool, other: bool) -> bool | None:
    return one if one == other else None
