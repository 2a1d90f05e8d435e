"""What stands next to each route of a program's door: who may ask, what it takes and answers.

Each door has a `describe` of its own, with its roles; it marks the function of a route with a
`Description`, of which the OpenAPI document is made (`scanner/http/openapi.py`). `answer`, `body`
and `query` are types that Pydantic understands: a model, a TypedDict of typing_extensions, a
dataclass, `list[...]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypedDict, TypeVar

from flask import current_app, request
from pydantic import BaseModel, ValidationError

from scanner.http.answers import Refused

_HALF = re.compile("[\ud800-\udfff]")

Handler = TypeVar("Handler", bound=Callable[..., Any])
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Description:
    """What one route is for. `role` is empty for whoever has signed in.

    `media_type` is the answer's, where it is not JSON; `noted` are the fields of the body that an
    audit log may hold.
    """

    summary: str
    answer: Any = None
    body: Any = None
    query: type[BaseModel] | None = None
    status: int = 200
    role: str = ""
    media_type: str = "application/json"
    refusals: tuple[int, ...] = ()
    is_noted: bool = True
    max_body_bytes: int = 0
    body_type: str = "application/json"
    follows_log: bool = False
    noted: tuple[str, ...] = ()


class Words(TypedDict, total=False):
    """What a route may say of itself beside its summary and role; each has its usual value."""

    answer: Any
    """Type of the JSON answer; None where there is none."""
    body: Any
    """Type of the JSON that it takes, or None."""
    query: type[BaseModel] | None
    """Model of its query parameters, or None."""
    status: int
    """Status of the answer when all is well."""
    media_type: str
    """The answer's, where it is not JSON."""
    refusals: tuple[int, ...]
    """Statuses beside 400, 401, 403 and 429 that it may refuse with."""
    is_noted: bool
    """Whether a change made here goes to the audit log."""
    noted: tuple[str, ...]
    """Fields of the body that the audit log may hold: nothing secret, nothing long."""
    body_type: str
    """The body's media type, where it is not JSON."""
    max_body_bytes: int
    """The largest request body, where it is not the usual one."""


def described(description: Description) -> Callable[[Handler], Handler]:
    """Mark the function of a route. Place it between the route's line and the function."""

    def mark(handler: Handler) -> Handler:
        handler.__dict__["description"] = description
        return handler

    return mark


def description_of(endpoint: str | None) -> Description | None:
    """Return the description of a route of the running app; None where it has none."""
    handler = current_app.view_functions.get(endpoint or "")
    found = getattr(handler, "description", None)
    return found if isinstance(found, Description) else None


def read_body(model: type[Model]) -> Model:
    """Return the request's JSON, or the form's fields, as `model`; refuse what does not fit."""
    try:
        fields = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    except RecursionError:  # thousands of brackets, one in another
        fields = None
    if not isinstance(fields, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "This is not readable: send a JSON object.")
    return _read(model, fields)


def read_query(model: type[Model]) -> Model:
    """Return the query's parameters as `model`; refuse what does not fit."""
    return _read(model, request.args.to_dict())


def _read(model: type[Model], fields: dict[str, Any]) -> Model:
    try:
        found = model.model_validate(fields)
    except ValidationError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, _sentence(error)) from None
    except UnicodeError:  # Pydantic meets half a character where it compares words
        raise Refused(HTTPStatus.BAD_REQUEST, "This holds a character that is none.") from None
    for name, value in found.__dict__.items():
        if not _can_be_kept(value):
            raise Refused(
                HTTPStatus.BAD_REQUEST,
                f"“{name[:60]}” holds a number that is too large, or a character that is none.",
            )
    return found


def _can_be_kept(value: object) -> bool:
    """Whether a database can: whole numbers of 64 bits, and no halves of characters."""
    match value:
        case str():
            return not _HALF.search(value)
        case int():
            return -(2**63) <= value < 2**63
        case BaseModel():
            return all(map(_can_be_kept, value.__dict__.values()))
        case dict():
            return all(map(_can_be_kept, (*value, *value.values())))
        case list() | tuple() | set() | frozenset():
            return all(map(_can_be_kept, value))
    return True


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "value_error":
        return first["msg"].removeprefix("Value error, ")
    message = first["msg"].removeprefix("Input ")
    if not name:
        return f"This does not fit: {message}."
    if first["type"] == "missing":
        return f"“{name}” is missing."
    if first["type"] == "extra_forbidden":
        return f"There is no field “{name[:60]}”."
    return f"“{name[:60]}” {message}."
