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
from typing import Any, Literal

from pydantic import BaseModel

from scanner.http.describe import Description, Handler, described
from webui.access import Role

Allowed = Role | Literal["anyone"]


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

    return described(description)
