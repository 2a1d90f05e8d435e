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
from typing import Literal, Unpack

from scanner.http.describe import Description, Handler, Words, described
from webui.access import Role

Allowed = Role | Literal["anyone"]


def describe(
    summary: str, *, role: Allowed = "counter", follows_log: bool = False, **words: Unpack[Words]
) -> Callable[[Handler], Handler]:
    """Describe a route. Place it between the route's line and the function.

    Args:
        summary: what it does, as a short sentence without a full stop.
        role: who may ask: `counter` (everyone signed in), `manager`, or `anyone`.
        follows_log: whether the answer is the same for everybody and made of the log and the
            preview alone, so that clients may share it (`webui/shared_answers.py`).
        words: see `scanner.http.describe.Words`.
    """
    return described(Description(summary, role=role, follows_log=follows_log, **words))
