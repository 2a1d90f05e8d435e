"""Pairing on the first run, signing in and out, and who is signed in."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from pydantic import BaseModel, Field
from typing_extensions import TypedDict
from werkzeug.wrappers import Response as AnyResponse

from scanner.errors import StoreError, UsageError
from scanner.http.answers import Refused
from scanner.http.describe import read_body
from webui.access import MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, checked_name, checked_password
from webui.describe import describe
from webui.gate import SESSION_COOKIE, Gate, visitor
from webui.page import Services

WRONG = "The name or the password is wrong."


class SigningIn(BaseModel):
    """A name and its password."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=MAX_PASSWORD)
    next: str = Field("/", max_length=2000)


class PairingUp(SigningIn):
    """The first manager, with the code that the device shows."""

    code: str = Field(max_length=20)


class WhoAmI(TypedDict):
    """Who is signed in."""

    name: str
    role: str
    how: str


def make(services: Services) -> Blueprint:
    """Return the routes."""
    gate = services.gate
    door = Blueprint("sign_in", __name__)

    @door.get("/login")
    @describe("The page to sign in", role="anyone")
    def login_page() -> AnyResponse:
        if not gate.access.is_paired() and gate.pairing.is_open():
            return redirect("/pair", HTTPStatus.SEE_OTHER)
        return _page(gate, "login.html")

    @door.post("/login")
    @describe("Sign in with the page's form", role="anyone", is_noted=False)
    def login() -> AnyResponse:
        asked = read_body(SigningIn)
        name = _checked(gate, asked)
        if name is None:
            answer = _page(gate, "login.html", WRONG, name=asked.name)
            answer.status_code = HTTPStatus.FORBIDDEN
            return answer
        return gate.enter(redirect(own_path(asked.next), HTTPStatus.SEE_OTHER), name)

    @door.get("/pair")
    @describe("The page to pair on the first run", role="anyone")
    def pair_page() -> AnyResponse:
        if not gate.pairing.is_open():
            return redirect("/login", HTTPStatus.SEE_OTHER)
        return _page(gate, "pair.html")

    @door.post("/pair")
    @describe("Pair with the page's form", role="anyone", is_noted=False)
    def pair() -> AnyResponse:
        asked = read_body(PairingUp)
        try:
            name = _paired(gate, asked)
        except UsageError as error:
            answer = _page(gate, "pair.html", str(error), name=asked.name, code=asked.code)
            answer.status_code = HTTPStatus.BAD_REQUEST
            return answer
        return gate.enter(redirect(own_path(asked.next), HTTPStatus.SEE_OTHER), name)

    @door.get("/open")
    @describe("Sign in with the link that was printed at the start", role="anyone")
    def open_link() -> AnyResponse:
        answer = redirect("/", HTTPStatus.SEE_OTHER)
        if gate.is_link(request.args.get("link", "")):
            answer.set_cookie(
                SESSION_COOKIE, gate.link_token, httponly=True, samesite="Lax", path="/"
            )
        return answer

    @door.post("/logout")
    @describe("Sign out with the page's button", is_noted=False)
    def logout() -> AnyResponse:
        return _leave(gate, redirect("/login", HTTPStatus.SEE_OTHER))

    @door.get("/api/session")
    @describe("Who is signed in", answer=WhoAmI)
    def who() -> Response:
        return jsonify(_who())

    @door.post("/api/session")
    @describe(
        "Sign in; the answer sets a cookie",
        body=SigningIn,
        answer=WhoAmI,
        role="anyone",
        is_noted=False,
    )
    def api_login() -> AnyResponse:
        asked = read_body(SigningIn)
        name = _checked(gate, asked)
        if name is None:
            raise Refused(HTTPStatus.FORBIDDEN, WRONG)
        role = dict(gate.access.people())[name]
        return gate.enter(jsonify(name=name, role=role, how="session"), name)

    @door.delete("/api/session")
    @describe("Sign out", status=204, is_noted=False)
    def api_logout() -> AnyResponse:
        return _leave(gate, Response(status=HTTPStatus.NO_CONTENT))

    return door


def own_path(wanted: str) -> str:
    """Return where to go after signing in: a path of this page, never another site."""
    fits = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if fits and wanted.isprintable() else "/"


def _page(gate: Gate, template: str, problem: str = "", **typed: str) -> Response:
    wanted = request.values.get("next", "/")
    return Response(
        render_template(
            template,
            problem=problem,
            typed=typed,
            has_link=bool(gate.link_token),
            next=own_path(wanted),
            min_password=MIN_PASSWORD,
            max_password=MAX_PASSWORD,
            max_name=MAX_NAME,
        )
    )


def _checked(gate: Gate, asked: SigningIn) -> str | None:
    what = f"Signing in as “{asked.name[:MAX_NAME]}” failed"
    return gate.try_secret(lambda: gate.access.knows(asked.name, asked.password), what)


def _paired(gate: Gate, asked: PairingUp) -> str:
    name, password = checked_name(asked.name), checked_password(asked.password)
    if (
        gate.try_secret(lambda: name if gate.pairing.take(asked.code) else None, "Wrong code")
        is None
    ):
        raise UsageError("This is not the code that the scanner shows. Look again and retype it.")
    try:
        gate.access.set_person(name, "manager", password)
    except StoreError:
        gate.pairing.begin()  # the used code did nothing
        raise
    gate.trail.note(
        "people", "Paired the page as a manager", name=name, address=request.remote_addr or ""
    )
    return name


def _leave(gate: Gate, answer: AnyResponse) -> AnyResponse:
    who = visitor()
    if who.how == "session":
        gate.access.end(who.token_id)
        gate.trail.note("login", "Signed out", name=who.name, address=request.remote_addr or "")
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


def _who() -> WhoAmI:
    who = visitor()
    return {"name": who.name, "role": who.role, "how": who.how}
