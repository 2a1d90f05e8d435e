"""The one condition language: and, or, not over everything known about a card.

Sort rules, offers, alerts and saved filters all ask in it. Its JSON is
`{"field": "price", "op": "at_least", "value": "2.50 EUR"}`, joined by `{"all": […]}`,
`{"any": […]}` and `{"not": …}`; `{"all": []}` is every card.

An answer is yes, no or open (None): a price below 1 EUR is not true of a card whose price nobody
knows, nor is its opposite. Only `known` and `unknown` look at that itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from scanner.card_facts import folded
from scanner.conditions_fields import FIELDS, MORE, Kind, Op, field_of
from scanner.conditions_fields import Field as CardField
from scanner.errors import ConditionError
from scanner.prices import Money, read_money

MAX_DEPTH = 8
MAX_PARTS = 200
MAX_VALUES = 2000
MAX_LETTERS = 120
MOST_NUMBER = 1e15
"""Larger than all that is counted, and every whole number up to it is a float too."""

_LISTS = frozenset({Op.ONE_OF, Op.NONE_OF})
TAKES_NO_VALUE = frozenset({Op.KNOWN, Op.UNKNOWN})
_EMPTY_TOO = frozenset({Op.IS, Op.IS_NOT})


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)


class Test(_Node):
    """One field compared with one value; a list of values for `one_of`, `none_of`, `between`.

    Money is written with its currency, `2.50 EUR`; confidence in percent; `letters` as `A-F`.
    """

    __test__ = False  # pytest would take it for one of its own

    field: str
    op: Op
    value: str | int | float | tuple[str | int | float, ...] | None = None

    @model_validator(mode="after")
    def _must_make_sense(self) -> Test:
        spec = field_of(self.field)
        if spec is None:
            raise ValueError(
                f"there is no field {self.field[:40]!r}; ask about one of {', '.join(FIELDS)}, "
                f"or about {MORE}COLUMN of the catalog's table"
            )
        if self.op not in spec.ops:
            raise ValueError(
                f"{spec.label} can't be compared with {self.op.value!r}; "
                f"use one of {', '.join(spec.ops)}"
            )
        _check_value(self, spec)
        return self


class All(_Node):
    """True where every part is."""

    parts: tuple[Condition, ...] = Field(alias="all")


class AnyOf(_Node):
    """True where at least one part is."""

    parts: tuple[Condition, ...] = Field(alias="any", min_length=1)


class Not(_Node):
    """True where its part is not; open where that is."""

    part: Condition = Field(alias="not")


def _which(value: object) -> str | None:
    if isinstance(value, _Node):
        return type(value).__name__
    if not isinstance(value, dict):
        return None
    for key, name in (("all", "All"), ("any", "AnyOf"), ("not", "Not")):
        if key in value:
            return name
    return "Test"


Condition = Annotated[
    Annotated[Test, Tag("Test")]
    | Annotated[All, Tag("All")]
    | Annotated[AnyOf, Tag("AnyOf")]
    | Annotated[Not, Tag("Not")],
    Discriminator(
        _which,
        custom_error_type="condition",
        custom_error_message='write {"field": …, "op": …, "value": …}, or {"all": […]}, '
        '{"any": […]} or {"not": …}',
    ),
]
All.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()

AnyCondition = Test | All | AnyOf | Not

EVERY_CARD = All(parts=())
_ADAPTER: TypeAdapter[Any] = TypeAdapter(Condition)


def read_condition(value: object) -> AnyCondition:
    """The condition that a JSON value stands for. Raises ConditionError, which names the place."""
    check_size(value)
    try:
        found: AnyCondition = _ADAPTER.validate_python(value)
    except ValidationError as error:
        raise ConditionError("; ".join(problems_of(error))) from None
    return found


def write_condition(condition: AnyCondition) -> dict[str, Any]:
    """The JSON of a condition; `read_condition` takes it back."""
    return condition.model_dump(mode="json", by_alias=True, exclude_none=True)


def check_size(value: object) -> None:
    """Refuse what is nested too deeply or has too many parts, before anything walks through it.

    Raises ConditionError.
    """
    level: list[object] = [value]
    parts = 0
    # A rule set has a few levels of its own around its conditions.
    for _ in range(2 * MAX_DEPTH + 6):
        deeper: list[object] = []
        for item in level:
            if isinstance(item, dict):
                deeper += item.values()
                parts += 1
            elif isinstance(item, list | tuple):
                deeper += item
        if parts > MAX_PARTS * 20:
            raise ConditionError("this is too long: split it into several rules")
        level = [item for item in deeper if isinstance(item, dict | list | tuple)]
        if not level:
            return
    raise ConditionError(f"this is nested more than {MAX_DEPTH} deep: split it into several rules")


def problems_of(error: ValidationError) -> list[str]:
    """Each problem as a sentence that begins with its place: `rules, 2nd, when, value: …`."""
    return [f"{_place(e['loc'])}{_words(e)}" for e in error.errors(include_url=False)[:5]]


def lists_asked(condition: AnyCondition) -> list[str]:
    """The names of the shop's lists that the condition asks about."""
    if isinstance(condition, Test):
        return [str(name) for name in values_of(condition)] if condition.field == "list" else []
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return [name for part in parts for name in lists_asked(part)]


def money_of(value: object) -> Money:
    """The money in a test on a price, which was checked when the test was read."""
    return read_money(str(value))


def values_of(test: Test) -> tuple[str | int | float, ...]:
    """The test's values, be they one or several."""
    if isinstance(test.value, tuple):
        return test.value
    return () if test.value is None else (test.value,)


def split_letters(letters: str) -> tuple[str, str]:
    """The first and the last beginning of `A-F`; one letter alone is both. Raises ValueError."""
    low, dash, high = letters.replace("–", "-").partition("-")
    ends = folded(low), folded(high if dash else low)
    if not all(ends) or not "".join(ends).isalnum() or ends[0] > ends[1]:
        raise ValueError(f"{letters[:20]!r} is no range of letters; write it like A-F")
    return ends


def _check_value(test: Test, spec: CardField) -> None:
    """Raise ValueError where the value does not fit the field and the comparison."""
    values = values_of(test)
    if test.op in TAKES_NO_VALUE:
        if values:
            raise ValueError(f"{test.op.value!r} takes no value; leave it out")
        return
    several = test.op in _LISTS or test.op is Op.BETWEEN
    if several != isinstance(test.value, tuple) or not values:
        what = "a list of values" if several else "one value"
        raise ValueError(f"{spec.label} with {test.op.value!r} needs {what}")
    if test.op is Op.BETWEEN and len(values) != 2:
        raise ValueError("'between' needs two values, the least and the most")
    if len(values) > MAX_VALUES:
        raise ValueError(f"a list may have {MAX_VALUES} values; make it one of the shop's lists")
    match spec.kind:
        case Kind.TEXT:
            _check_texts(test, spec, values)
        case Kind.NUMBER:
            if not all(isinstance(v, int | float) and abs(v) <= MOST_NUMBER for v in values):
                raise ValueError(f"{spec.label} is compared with a number, such as 4")
        case Kind.MONEY:
            amounts = [money_of(value) for value in values]
            if len({money.currency for money in amounts}) > 1:
                raise ValueError("both amounts must have the same currency")
    if test.op is Op.BETWEEN and _upside_down(spec, values):
        raise ValueError("'between' needs the smaller value first")


def _upside_down(spec: CardField, values: Sequence[str | int | float]) -> bool:
    low, high = (
        (money_of(v).amount_minor if spec.kind is Kind.MONEY else float(v)) for v in values
    )
    return low > high


def _check_texts(test: Test, spec: CardField, values: Sequence[object]) -> None:
    for value in values:
        if not isinstance(value, str) or (not value.strip() and test.op not in _EMPTY_TOO):
            raise ValueError(f"{spec.label} is compared with a text in quotes")
        if len(value) > MAX_LETTERS or not value.isprintable():
            raise ValueError(f"{spec.label}: a text may have {MAX_LETTERS} letters in one line")
        if spec.choices and folded(value) not in {folded(choice) for choice in spec.choices}:
            advice = (
                "; to ask for one that nobody could tell, use the comparison 'unknown'"
                if folded(value) == "unknown"
                else ""
            )
            raise ValueError(
                f"{value!r} is no {spec.label}: it is one of {', '.join(spec.choices)}{advice}"
            )
        if test.op is Op.LETTERS:
            split_letters(value)


def _place(loc: Sequence[str | int]) -> str:
    """Where in the JSON, in words; the names of our own classes are left out."""
    tags = {"Test", "All", "AnyOf", "Not", "str", "int", "float"}
    parts = [
        f"no. {part + 1}" if isinstance(part, int) else part
        for part in loc
        if isinstance(part, int) or not (part in tags or part.startswith(("tuple[", "function-")))
    ]
    return f"{', '.join(parts)}: " if parts else ""


def _words(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "value_error":
            return str(context.get("error", error["msg"]))
        case "missing":
            return "this is missing; add it"
        case "extra_forbidden":
            return "nobody knows this key; remove it or correct its spelling"
        case "enum":
            return f"there is no such comparison; use one of {', '.join(Op)}"
    text = str(error["msg"])
    return text[:1].lower() + text[1:]
