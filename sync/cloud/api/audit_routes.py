"""The audit log, for owners."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from scanner.http.describe import read_query
from sync.cloud.api import audit
from sync.cloud.api.asked import Asked
from sync.cloud.api.describe import describe


class AuditAsked(Asked):
    """Which rows."""

    who: str = Field("", max_length=200, description="A name, or such as `key 3`.")
    what: str = Field("", max_length=80, description="Such as keys.revoke, or keys for all.")
    since: datetime | None = Field(None, description="Only rows from this time on.")
    before: int = Field(2**62, ge=1, le=2**62, description="Only rows with a smaller id.")
    limit: int = Field(100, ge=1, le=500, description="Rows at most, newest first.")


class AuditRow(TypedDict):
    """One change, or a try of one.

    `who` is `account 1`, `key 3`, `device counter-1`, `shell` (`cloud account`, `publish` and
    `ask`, by the user `name` of the cloud's own machine), or empty for a stranger. `begun` is one
    of which nobody knows what came of it: the process ended meanwhile. `detail` are fields that
    were sent; … stands for what is not put down.
    """

    id: int
    at: datetime
    who: str
    name: str
    address: str
    what: str
    target: str
    outcome: Literal["begun", "done", "refused", "failed"]
    status: int
    detail: dict[str, str | int | float | bool | None]


class AuditRows(TypedDict):
    """Rows, newest first; ask again with `before` for the next ones. It is null at the end."""

    rows: list[AuditRow]
    before: int | None


def make(trail: audit.Trail) -> Blueprint:
    """Return the routes."""
    door = Blueprint("audit", __name__)

    @door.get("/api/v1/audit")
    @describe("Who changed what, when and from where; kept for two years", query=AuditAsked,
              answer=AuditRows, role="owner")  # fmt: skip
    def rows() -> Response:
        asked = read_query(AuditAsked)
        since = asked.since
        if since is not None and since.tzinfo is None:
            since = since.replace(tzinfo=UTC)
        found = trail.rows(audit.Asked(asked.who, asked.what, since, asked.before, asked.limit))
        older = found[-1]["id"] if len(found) == asked.limit else None
        return jsonify(rows=found, before=older)

    return door
