"""The keys of programs, and who used how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from flask import Blueprint, Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from scanner.http.describe import read_body, read_query
from sync.cloud.api.accounts import Role
from sync.cloud.api.asked import Asked
from sync.cloud.api.describe import describe
from sync.cloud.api.gate import Gate, visitor
from sync.cloud.api.keys import LONGEST_LABEL, ApiKey

PER_MINUTE, PER_DAY = 600, 50_000
MOST_PER_MINUTE, MOST_PER_DAY = 60_000, 50_000_000


class NewKey(Asked):
    """A key for one program. `per_day` 0 is without a quota."""

    label: str = Field(max_length=LONGEST_LABEL)
    role: Role = "reader"
    per_minute: int = Field(PER_MINUTE, ge=1, le=MOST_PER_MINUTE)
    per_day: int = Field(PER_DAY, ge=0, le=MOST_PER_DAY)


class Key(TypedDict):
    """A key, without its secret."""

    id: int
    label: str
    role: Role
    made_by: str
    per_minute: int
    per_day: int
    asked_today: int
    created_at: datetime
    revoked_at: datetime | None


class MadeKey(Key):
    """A new key. Its secret is shown this once."""

    secret: str


class Keys(TypedDict):
    """Every key there ever was, newest first."""

    keys: list[Key]


class DaysAsked(Asked):
    """How many days back."""

    days: Annotated[int, Field(ge=1, le=400, description="Days back, today included.")] = 30


class DayUsage(TypedDict):
    """What one key or person asked on one day (UTC); `took_ms` is how long the answers took.

    `cost_micro` is what it cost by the prices that were set then, in millionths.
    """

    who: str
    label: str
    day: str
    requests: int
    not_modified: int
    refused: int
    failed: int
    sent_bytes: int
    took_ms: float
    cost_micro: int


class WhoseUsage(TypedDict):
    """What one key or person asked in all these days, and what it cost in millionths."""

    who: str
    label: str
    requests: int
    sent_bytes: int
    cost_micro: int


class UsageAnswer(TypedDict):
    """Usage by day, newest first, and for each key and person, the costliest first."""

    currency: str
    usage: list[DayUsage]
    totals: list[WhoseUsage]


def make(gate: Gate, currency: str) -> Blueprint:
    """Return the routes; costs are in `currency`."""
    door = Blueprint("keys", __name__)

    @door.get("/api/v1/keys")
    @describe("Every key, those that were revoked too", answer=Keys, role="owner")
    def keys() -> Response:
        return jsonify(keys=[_key(gate, each) for each in gate.keys.all()])

    @door.post("/api/v1/keys")
    @describe("Make a key; its secret is shown this once", body=NewKey, answer=MadeKey, status=201,
              role="owner", noted=("label", "role", "per_minute", "per_day"))  # fmt: skip
    def make_key() -> tuple[Response, int]:
        asked = read_body(NewKey)
        made, secret = gate.keys.make(
            asked.label, asked.role, visitor().name, asked.per_minute, asked.per_day
        )
        return jsonify({**_key(gate, made), "secret": secret}), HTTPStatus.CREATED

    @door.delete("/api/v1/keys/<int:key_id>")
    @describe("Revoke a key, from now on", status=204, role="owner", refusals=(400,))
    def revoke(key_id: int) -> Response:
        gate.keys.revoke(key_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    @door.get("/api/v1/usage")
    @describe("What each key and person asked, day by day; who is no owner sees the own",
              query=DaysAsked, answer=UsageAnswer)  # fmt: skip
    def usage() -> Response:
        who = visitor()
        only = None if who.may("owner") else who.who
        labels = {f"key {each.id}": each.label for each in gate.keys.all()}
        labels |= {f"account {each.id}": each.name for each in gate.accounts.all()}
        days = gate.usage.of_days(read_query(DaysAsked).days, only)
        shown = [{**day, "label": labels.get(day["who"], "")} for day in days]
        totals = totals_of(shown, ("who", "label"), ("requests", "sent_bytes", "cost_micro"))
        return jsonify(currency=currency, usage=shown, totals=totals)

    return door


def totals_of(
    days: Iterable[Mapping[str, Any]], names: Sequence[str], counts: Sequence[str]
) -> list[dict[str, Any]]:
    """Days added up by who is named in them, the costliest first."""
    found: dict[tuple[Any, ...], Counter[str]] = {}
    for day in days:
        total = found.setdefault(tuple(day[name] for name in names), Counter())
        total.update({name: day[name] for name in counts})
    rows = [
        {**dict(zip(names, key, strict=True)), **{name: total[name] for name in counts}}
        for key, total in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["cost_micro"], -row["requests"]))


def _key(gate: Gate, key: ApiKey) -> Key:
    return {
        "id": key.id, "label": key.label, "role": key.role, "made_by": key.made_by,
        "per_minute": key.per_minute, "per_day": key.per_day,
        "asked_today": gate.usage.today(f"key {key.id}"), "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }  # fmt: skip
