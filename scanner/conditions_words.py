"""A condition in plain English, for the page, the command line and every "why"."""

from __future__ import annotations

from scanner.conditions import (
    All,
    AnyCondition,
    AnyOf,
    Not,
    Test,
    money_of,
    split_letters,
    values_of,
)
from scanner.conditions_fields import Field, Kind, Op, field_of

_OPPOSITE = {
    Op.IS: Op.IS_NOT,
    Op.IS_NOT: Op.IS,
    Op.ONE_OF: Op.NONE_OF,
    Op.NONE_OF: Op.ONE_OF,
    Op.AT_LEAST: Op.BELOW,
    Op.BELOW: Op.AT_LEAST,
    Op.AT_MOST: Op.ABOVE,
    Op.ABOVE: Op.AT_MOST,
    Op.KNOWN: Op.UNKNOWN,
    Op.UNKNOWN: Op.KNOWN,
}
_MANY = 6


def describe(condition: AnyCondition) -> str:
    """The condition as a clerk would say it: `price is 2.50 EUR or more and finish is foil`."""
    match condition:
        case Test():
            return _test(condition)
        case All():
            return _joined(condition, " and ") or "every card"
        case AnyOf():
            return _joined(condition, " or ")
        case Not(part=Test() as test) if test.op in _OPPOSITE:
            return _test(test.model_copy(update={"op": _OPPOSITE[test.op]}))
        case Not():
            return f"not ({describe(condition.part)})"


def _joined(condition: All | AnyOf, word: str) -> str:
    several = len(condition.parts) > 1
    return word.join(
        f"({describe(part)})"
        if several and isinstance(part, All | AnyOf) and len(part.parts) > 1
        else describe(part)
        for part in condition.parts
    )


def _test(test: Test) -> str:
    spec = field_of(test.field)
    assert spec is not None  # a test is checked when it is made
    values = [_value(spec, value) for value in values_of(test)]
    if spec.name in ("list", "alert") and test.op not in (Op.KNOWN, Op.UNKNOWN):
        return _membership(spec, test.op, values)
    subject, first = spec.label, values[0] if values else ""
    match test.op:
        case Op.IS:
            return f"{subject} is {first or 'empty'}"
        case Op.IS_NOT:
            return f"{subject} is not {first or 'empty'}"
        case Op.ONE_OF:
            return f"{subject} is {_either(values)}"
        case Op.NONE_OF:
            return f"{subject} is none of {_listed(values)}"
        case Op.CONTAINS:
            return f"{subject} contains “{first}”"
        case Op.BEGINS_WITH:
            return f"{subject} begins with “{first}”"
        case Op.LETTERS:
            low, high = (end.upper() for end in split_letters(first))
            return f"{subject} begins with {low if low == high else f'{low} to {high}'}"
        case Op.AT_LEAST:
            return f"{subject} is {first} or more"
        case Op.AT_MOST:
            return f"{subject} is {first} or less"
        case Op.ABOVE:
            return f"{subject} is more than {first}"
        case Op.BELOW:
            return f"{subject} is less than {first}"
        case Op.BETWEEN:
            return f"{subject} is from {first} to {values[1]}"
        case Op.KNOWN:
            return f"{subject} is known"
        case Op.UNKNOWN:
            return f"{subject} is not known"


def _membership(spec: Field, op: Op, values: list[str]) -> str:
    on, off = (
        ("it is on the list", "it is not on the list")
        if spec.name == "list"
        else ("it sets off the alert", "it does not set off the alert")
    )
    negative = op in (Op.IS_NOT, Op.NONE_OF)
    return f"{off if negative else on} {_either([f'“{value}”' for value in values])}"


def _value(spec: Field, value: str | int | float) -> str:
    if spec.kind is Kind.MONEY:
        return str(money_of(value))
    return f"{value:g}{spec.unit}" if isinstance(value, int | float) else value


def _either(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"one of {_listed(values)}"


def _listed(values: list[str]) -> str:
    shown = ", ".join(values[:_MANY])
    return shown if len(values) <= _MANY else f"{shown} and {len(values) - _MANY} more"
