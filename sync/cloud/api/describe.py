"""The description that stands next to each route of the API: who may ask, what it takes and gives.

@devices.post("/api/v1/devices/codes")
@describe("Make a code that lets a device in", body=NewCode, answer=Code, role="manager")
def make_code() -> Response:
    asked = read_body(NewCode)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel

from scanner.http.describe import Description, Handler, described
from sync.cloud.api.accounts import Role

Allowed = Role | Literal["anyone"]


def describe(
    summary: str,
    *,
    answer: Any = None,
    body: Any = None,
    query: type[BaseModel] | None = None,
    status: int = 200,
    role: Allowed = "reader",
    media_type: str = "application/json",
    refusals: tuple[int, ...] = (),
    is_kept: bool = False,
    is_noted: bool = True,
    body_type: str = "application/json",
    max_body_bytes: int = 0,
    noted: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Describe a route. Place it between the route's line and the function.

    Args:
        summary: what it does, as a short sentence without a full stop.
        answer: type of the JSON answer; None where there is none.
        body: type of the JSON that it takes, or None.
        query: model of its query parameters, or None.
        status: status of the answer when all is well.
        role: who may ask: `reader` (everyone let in), `manager`, `owner`, or `anyone`.
        media_type: the answer's, where it is not JSON.
        refusals: statuses beside 400, 401, 403 and 429 that it may refuse with.
        is_kept: whether the answer is made of cards and prices alone, so that it holds until one
            of these changes (`sync/cloud/api/kept_answers.py`).
        is_noted: whether a change made here goes to the audit log.
        noted: fields of the body that the audit log may hold: nothing secret, nothing long.
        body_type: the body's media type, where it is not JSON.
        max_body_bytes: the largest body that it takes, where that is not the usual 16 KiB.
    """
    return described(
        Description(
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
            follows_log=is_kept,
            noted=noted,
        )
    )
