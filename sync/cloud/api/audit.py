"""The audit log: every change over the API, and every try, is one row. Rows are never removed
before their time (`sync/cloud/clean_up.py`).

The gate writes them, so that no route can forget to. A change by somebody who is let in is put down
before it is made: where that can't be, it is not made. What it came to is added with the answer.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, g, request
from sqlalchemy import insert, or_, select, update
from werkzeug.exceptions import HTTPException

from scanner.http.answers import UNSAFE
from scanner.http.describe import Description
from scanner.http.openapi import ANYONE
from scanner.tables import utc_now
from sync.cloud.copying import clean
from sync.cloud.store import CloudStore
from sync.cloud.tables_audit import API_AUDIT

LONGEST = 200
UNTOLD = "…"
"""Stands for what was sent and is not put down: it may be secret, or long."""

_PASSED_OVER = frozenset({400, 404, 405, 408, 413, 415, 429})
"""What strangers are answered whose try was none: nobody's change, and no guess."""

_TOO_MANY = 429
Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows are wanted; "" and None leave open. Newest first."""

    who: str = ""
    what: str = ""
    since: datetime | None = None
    before: int | None = None
    limit: int = 100


class Trail:
    """The rows in the database. Usable from several threads and processes."""

    def __init__(self, store: CloudStore) -> None:
        self._store = store

    def begin(self, who: str, name: str, what: str, target: str, address: str) -> int:
        """Put down a change that is about to be made; the row's number. Raises StoreError."""
        return self.note(who, name, what, target, address, "begun", 0, {})

    def note(
        self, who: str, name: str, what: str, target: str, address: str, outcome: str,
        status: int, detail: Mapping[str, Plain],
    ) -> int:  # fmt: skip
        """Put down a whole row. Raises StoreError."""
        texts = {"who": who, "name": name, "what": what, "target": target, "address": address}
        row = {key: _short(text) for key, text in texts.items()}
        values = {
            **row, "at": utc_now(), "outcome": outcome, "status": status, "detail": dict(detail)
        }  # fmt: skip
        with self._store.log.write() as session:
            made = session.connection().execute(insert(API_AUDIT).values(values))
            assert made.inserted_primary_key is not None
            return int(made.inserted_primary_key[0])

    def end(
        self, row_id: int, target: str, outcome: str, status: int, detail: Mapping[str, Plain]
    ) -> None:
        """Add what came of a change. Raises StoreError."""
        query = update(API_AUDIT).where(API_AUDIT.c.id == row_id)
        values = {
            "target": _short(target), "outcome": outcome, "status": status, "detail": dict(detail)
        }  # fmt: skip
        with self._store.log.write() as session:
            session.connection().execute(query.values(values))

    def rows(self, asked: Asked) -> list[dict[str, Any]]:
        """Return rows, newest first; `what` may be a group of routes, such as `keys`."""
        query = select(API_AUDIT).order_by(API_AUDIT.c.id.desc()).limit(asked.limit)
        if asked.who:
            query = query.where(or_(API_AUDIT.c.who == asked.who, API_AUDIT.c.name == asked.who))
        if asked.what:
            group = API_AUDIT.c.what.startswith(f"{asked.what}.", autoescape=True)
            query = query.where(or_(API_AUDIT.c.what == asked.what, group))
        if asked.since is not None:
            query = query.where(API_AUDIT.c.at >= asked.since)
        if asked.before is not None:
            query = query.where(API_AUDIT.c.id < asked.before)
        with self._store.log.read() as session:
            return [dict(row) for row in session.connection().execute(query).mappings()]


def noting(*, who: str = "", name: str = "", target: str = "", **detail: Plain) -> None:
    """Say more of this request for its row; `who` and `name` where nobody was let in before."""
    said: dict[str, str] = g.setdefault("audit_said", {})
    said |= {key: text for key, text in (("who", who), ("name", name), ("target", target)) if text}
    g.setdefault("audit_detail", {}).update(detail)


@contextmanager
def from_the_shell(trail: Trail, what: str, target: str, **detail: Plain) -> Iterator[None]:
    """Put down a change that is made on the cloud's own machine, by whom the system knows."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # nobody gave this number a name
        name = str(os.getuid())
    if person := os.environ.get("SUDO_USER"):  # who became the service's user for this
        detail["sudo"] = person
    row_id = trail.begin("shell", name, what, target, "")
    outcome = "refused"
    try:
        yield
        outcome = "done"
    finally:
        trail.end(row_id, target, outcome, 0, detail)


def is_change(description: Description | None) -> bool:
    """Whether this request is one that is put down."""
    is_known = request.endpoint is not None and request.method in UNSAFE
    return is_known and (description is None or description.is_noted)


def begin(trail: Trail, who: str, name: str) -> None:
    """Put the request of somebody who is let in down, before it changes anything."""
    address = request.remote_addr or ""
    g.audit_id = trail.begin(who, name, request.endpoint or "", _target(None), address)


def end(
    trail: Trail, description: Description | None, who: str, name: str, response: Response
) -> None:
    """Put down what became of the request. Raises StoreError."""
    status = response.status_code
    begun = g.pop("audit_id", None)
    is_open = description is not None and description.role == ANYONE
    if not who and (not is_open or status in _PASSED_OVER):
        return
    if begun is None and status == _TOO_MANY:
        return
    outcome = "done" if status < 400 else "refused" if status < 500 else "failed"
    detail = {**_sent(description), **g.get("audit_detail", {})}
    if begun is not None:
        trail.end(begun, _target(response), outcome, status, detail)
        return
    said = g.get("audit_said", {})
    trail.note(
        who or said.get("who", ""), name or said.get("name", ""), request.endpoint or "",
        _target(response), request.remote_addr or "", outcome, status, detail,
    )  # fmt: skip


def _target(response: Response | None) -> str:
    """On what: as the route says, else what is in the address, else what was made."""
    said = g.get("audit_said", {}).get("target")
    if said:
        return str(said)
    if request.view_args:
        return " ".join(map(str, request.view_args.values()))
    made = response.get_json(silent=True) if response is not None and response.is_json else None
    return str(made.get("id", "")) if isinstance(made, dict) else ""


def _sent(description: Description | None) -> dict[str, Plain]:
    """The body's fields: the value of those that may be told, of the others that they were sent."""
    known = getattr(description.body, "model_fields", {}) if description else {}
    try:
        body = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    except (HTTPException, RecursionError):  # too large, or a thousand brackets
        return {}
    if description is None or not isinstance(body, dict):
        return {}
    return {
        field: _plain(body[field]) if field in description.noted else UNTOLD
        for field in known
        if field in body
    }


def _plain(value: object) -> Plain:
    if isinstance(value, str):
        return _short(value)
    if value is None or isinstance(value, bool):
        return value
    return value if isinstance(value, int) and abs(value) < 2**53 else UNTOLD


def _short(text: str) -> str:
    return clean(text.encode("utf-8", "replace").decode())[:LONGEST]
