"""The description that stands next to each route of the API: who may ask, what it takes and gives.

@devices.post("/api/v1/devices/codes")
@describe("Make a code that lets a device in", body=NewCode, answer=Code, role="manager")
def make_code() -> Response:
    asked = read_body(NewCode)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Unpack

from scanner.http.describe import Description, Handler, Words, described
from sync.cloud.api.accounts import Role

Allowed = Role | Literal["anyone"]


def describe(
    summary: str, *, role: Allowed = "reader", is_kept: bool = False, **words: Unpack[Words]
) -> Callable[[Handler], Handler]:
    """Describe a route. Place it between the route's line and the function.

    Args:
        summary: what it does, as a short sentence without a full stop.
        role: who may ask: `reader` (everyone let in), `manager`, `owner`, or `anyone`.
        is_kept: whether the answer is made of cards and prices alone, so that it holds until one
            of these changes (`sync/cloud/api/kept_answers.py`).
        words: see `scanner.http.describe.Words`.
    """
    return described(Description(summary, role=role, follows_log=is_kept, **words))
