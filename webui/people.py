"""People, the browsers they are signed in with, keys for programs, and who did what.

They belong to the Settings page, and like it they are for managers; a person's own password is
theirs to change.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template, request
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from scanner.errors import UsageError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from webui.access import KEY, MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, ROLES, SESSION, Role, Way
from webui.book_tables import Audit
from webui.describe import describe
from webui.gate import visitor
from webui.page import Services

AUDIT_PAGE = 100
_ID = "int(max=9223372036854775807)"


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonAsked(_Asked):
    """A new person, or a change of one; without a password the present one stays."""

    name: str = Field(max_length=200)
    role: Role
    password: str | None = Field(None, max_length=MAX_PASSWORD)


class PasswordAsked(_Asked):
    """One's own new password."""

    old: str = Field(max_length=MAX_PASSWORD)
    new: str = Field(max_length=MAX_PASSWORD)


class KeyAsked(_Asked):
    """A key for a program, with a name to know it by."""

    label: str = Field(max_length=200)
    role: Role = "counter"


class AuditAsked(BaseModel):
    """Which rows of the audit log."""

    before: int | None = Field(
        None, ge=1, le=2**63 - 1, description="Rows older than the one of this id."
    )
    kind: str = Field("", description="login, refused, people or change; empty: all.")


class PersonAnswer(TypedDict):
    """A person who may sign in."""

    name: str
    role: str


class WayAnswer(TypedDict):
    """A browser that is signed in, or a key."""

    id: int
    name: str
    role: str
    label: str
    since: str


class PeopleAnswer(TypedDict):
    """Who is let in, and how."""

    people: list[PersonAnswer]
    sessions: list[WayAnswer]
    keys: list[WayAnswer]


class KeyAnswer(TypedDict):
    """The new key; it is shown this once."""

    key: str


class AuditRow(TypedDict):
    """Who did what."""

    id: int
    at: str
    name: str
    address: str
    kind: str
    text: str


class AuditAnswer(TypedDict):
    """Rows of the audit log, newest first; `before` asks for the next ones, null at the end."""

    rows: list[AuditRow]
    before: int | None


def make(services: Services) -> Blueprint:
    """Return the routes."""
    gate = services.gate
    people = Blueprint("people", __name__)

    def changed(what: str) -> Response:
        who = visitor()
        gate.trail.note("people", what, name=who.name, address=request.remote_addr or "")
        return jsonify(_people_answer())

    def _people_answer() -> PeopleAnswer:
        return {
            "people": [{"name": name, "role": role} for name, role in gate.access.people()],
            "sessions": [_way(way) for way in gate.access.ways(SESSION)],
            "keys": [_way(way) for way in gate.access.ways(KEY)],
        }

    @people.get("/settings/people")
    @describe("The page of people and keys", role="manager")
    def page() -> str:
        return render_template(
            "people.html",
            **_people_answer(),
            roles=ROLES,
            min_password=MIN_PASSWORD,
            max_password=MAX_PASSWORD,
            max_name=MAX_NAME,
        )

    @people.get("/api/settings/people")
    @describe("People, browsers and keys that are let in", answer=PeopleAnswer, role="manager")
    def twin() -> Response:
        return jsonify(_people_answer())

    @people.put("/api/settings/people")
    @describe(
        "Add or change a person",
        body=PersonAsked,
        answer=PeopleAnswer,
        role="manager",
        is_noted=False,
    )
    def put() -> Response:
        asked = read_body(PersonAsked)
        gate.access.set_person(asked.name, asked.role, asked.password or None)
        what = " with a new password" if asked.password else ""
        return changed(f"{asked.name} is a {asked.role} now{what}")

    @people.delete("/api/settings/people/<path:name>")
    @describe("Let a person in no more", answer=PeopleAnswer, role="manager", is_noted=False)
    def remove(name: str) -> Response:
        gate.access.remove_person(name)
        return changed(f"{name} is let in no more")

    @people.delete(f"/api/settings/ways/<{_ID}:token_id>")
    @describe(
        "End a browser's session or revoke a key",
        answer=PeopleAnswer,
        role="manager",
        is_noted=False,
    )
    def end(token_id: int) -> Response:
        ways = [*gate.access.ways(SESSION), *gate.access.ways(KEY)]
        known = next((way for way in ways if way.id == token_id), None)
        gate.access.end(token_id)
        return changed(f"Ended: {known.label} of {known.name}" if known else "Ended")

    @people.post("/api/settings/keys")
    @describe(
        "Make a key for a program; the answer alone shows it",
        body=KeyAsked,
        answer=KeyAnswer,
        status=201,
        role="manager",
        is_noted=False,
    )
    def new_key() -> tuple[Response, int]:
        asked = read_body(KeyAsked)
        key = gate.access.new_key(visitor().name, asked.label, asked.role)
        changed(f"New key for {asked.label} ({asked.role})")
        return jsonify(key=key), HTTPStatus.CREATED

    @people.get("/account")
    @describe("The page of one's own password")
    def account() -> str:
        return render_template("account.html", min_password=MIN_PASSWORD, max_password=MAX_PASSWORD)

    @people.put("/api/session/password")
    @describe(
        "Change one's own password and sign out", body=PasswordAsked, status=204, is_noted=False
    )
    def password() -> Response:
        asked, who = read_body(PasswordAsked), visitor()
        if who.how != "session":
            raise Refused(HTTPStatus.CONFLICT, "Only who signed in with a password has one.")
        check = gate.try_secret(
            lambda: gate.access.knows(who.name, asked.old), "Changing the password failed"
        )
        if check is None:
            raise Refused(HTTPStatus.FORBIDDEN, "The present password is wrong.")
        gate.access.set_person(who.name, who.role, asked.new)
        changed("Changed their own password")
        return Response(status=HTTPStatus.NO_CONTENT)

    @people.get("/settings/audit")
    @describe("The page of who did what", role="manager")
    def audit_page() -> str:
        kind = request.args.get("kind", "")
        before = request.args.get("before", "")
        rows = services.book.audit(
            AUDIT_PAGE, int(before) if re.fullmatch(r"\d{1,15}", before) else None, kind
        )
        return render_template(
            "audit.html",
            rows=rows,
            kind=kind,
            older=rows[-1].id if len(rows) == AUDIT_PAGE else None,
        )

    @people.get("/api/settings/audit")
    @describe("Who did what, newest first", query=AuditAsked, answer=AuditAnswer, role="manager")
    def audit() -> Response:
        asked = read_query(AuditAsked)
        rows = services.book.audit(AUDIT_PAGE, asked.before, asked.kind)
        older = rows[-1].id if len(rows) == AUDIT_PAGE else None
        return jsonify(rows=[_audit_row(row) for row in rows], before=older)

    @people.errorhandler(UsageError)
    def refused(error: UsageError) -> tuple[Response, int]:
        return jsonify(error=str(error)), HTTPStatus.BAD_REQUEST

    return people


def _way(way: Way) -> WayAnswer:
    return {
        "id": way.id,
        "name": way.name,
        "role": way.role,
        "label": way.label,
        "since": way.since.isoformat(timespec="seconds"),
    }


def _audit_row(row: Audit) -> AuditRow:
    return {
        "id": row.id or 0,
        "at": row.created_at.isoformat(timespec="seconds"),
        "name": row.name,
        "address": row.address,
        "kind": row.kind,
        "text": row.text,
    }
