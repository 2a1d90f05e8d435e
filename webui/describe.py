"""The one description that stands next to each route: who may ask, what it takes and answers.

    @review.post("/api/review/<int:scan_id>")
    @describe("Name the card of a scan", body=Naming, answer=Named)
    def name(scan_id: int) -> Response:
        asked = read_body(Naming)

The gate (`webui/gate.py`) lets only the named role in, the audit log words a change by it, and
`/api/openapi.json` is made of it. `answer`, `body` and `query` are types that Pydantic understands:
a model, a TypedDict of typing_extensions, a dataclass, `list[...]`. A route without a description
is for everyone who has signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, TypeVar

from flask import current_app, request
from pydantic import BaseModel, ValidationError

from webui.access import Role
from webui.security import Refused

Handler = TypeVar("Handler", bound=Callable[..., Any])
Model = TypeVar("Model", bound=BaseModel)
Allowed = Role | Literal["anyone"]


@dataclass(frozen=True, slots=True)
class Description:
    """What one route is for. `media_type` is the answer's, where it is not JSON."""

    summary: str
    answer: Any = None
    body: Any = None
    query: type[BaseModel] | None = None
    status: int = 200
    role: Allowed = "counter"
    media_type: str = "application/json"
    refusals: tuple[int, ...] = ()
    is_noted: bool = True
    max_body_bytes: int = 0
    body_type: str = "application/json"
    follows_log: bool = False


def describe(
    summary: str,
    *,
    answer: Any = None,
    body: Any = None,
    query: type[BaseModel] | None = None,
    status: int = 200,
    role: Allowed = "counter",
    media_type: str = "application/json",
    refusals: tuple[int, ...] = (),
    is_noted: bool = True,
    max_body_bytes: int = 0,
    body_type: str = "application/json",
    follows_log: bool = False,
) -> Callable[[Handler], Handler]:
    """Describe a route. Place it between the route's line and the function.

    Args:
        summary: what it does, as a short sentence without a full stop.
        answer: type of the JSON answer; None where there is none.
        body: type of the JSON that it takes, or None.
        query: model of its query parameters, or None.
        status: status of the answer when all is well.
        role: who may ask: `counter` (everyone signed in), `manager`, or `anyone`.
        media_type: the answer's, where it is not JSON.
        refusals: statuses beside 400, 401, 403 and 429 that it may refuse with.
        is_noted: whether a change made here goes to the audit log.
        body_type: the body's media type, where it is not JSON.
        follows_log: whether the answer is the same for everybody and made of the log and the
            preview alone, so that clients may share it (`webui/shared_answers.py`).
        max_body_bytes: the largest request body, where it is not `MAX_BODY_BYTES`.
    """
    description = Description(
        summary,
        answer,
        body,
        query,
        status,
        role,
        media_type,
        refusals,
        is_noted,
        max_body_bytes,
        body_type,
        follows_log,
    )

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
        return model.model_validate(fields)
    except ValidationError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, _sentence(error)) from None


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
