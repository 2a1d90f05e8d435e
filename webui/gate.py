"""Lets each request in or sends it to sign in: who asks, in which role, and how often."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from scanner.errors import StoreError
from scanner.http.answers import UNSAFE, Refused
from scanner.http.describe import description_of
from scanner.http.limits import Failures, Rate, client_of
from webui.access import KEY, SESSION, SESSION_LASTS, Access, Visitor
from webui.audit import Trail
from webui.pairing import Pairing
from webui.security import refusal

SESSION_COOKIE = "counterscan_session"
REQUESTS_PER_S, REQUESTS_AT_ONCE = 60, 400
WRONG_SECRETS, WRONG_WINDOW_S = 10, 300.0
MAX_BYTES_NOTED = 400


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides who gets in. `is_open` lets everybody do everything, as on a trusted network."""

    access: Access
    trail: Trail
    pairing: Pairing
    is_open: bool = False
    link_token: str = ""
    wants_code: bool = False
    requests: Rate = field(default_factory=lambda: Rate(REQUESTS_PER_S, REQUESTS_AT_ONCE))
    wrong_secrets: Failures = field(default_factory=lambda: Failures(WRONG_SECRETS, WRONG_WINDOW_S))

    def still_lets_in(self, visitor: Visitor) -> bool:
        """Tell whether a visitor of a moment ago would still get in; asked by long answers."""
        return self.access.is_open(visitor.token_id)

    def is_link(self, token: str) -> bool:
        """Tell whether this is the token of the link that was printed at the start."""
        return bool(self.link_token) and hmac.compare_digest(
            token.encode(), self.link_token.encode()
        )

    def try_secret(self, check: Callable[[], str | None], what: str) -> str | None:
        """Return what `check` finds for a password or code; refuse who has guessed too often."""
        client, now_mono_s = client_of(request.remote_addr or ""), time.monotonic()
        wait_s = self.wrong_secrets.wait_s(client, now_mono_s)
        if wait_s:
            raise _too_many(
                wait_s, "Too many wrong tries from this device. Wait a few minutes, then try again."
            )
        # Counted before it is checked: many at once shall not slip through together.
        self.wrong_secrets.count(client, now_mono_s)
        name = check()
        if name is None:
            self.trail.note("refused", what, name="", address=request.remote_addr or "")
            return None
        self.wrong_secrets.forgive(client)
        return name

    def enter(self, answer: AnyResponse, name: str) -> AnyResponse:
        """Sign this browser in as `name`."""
        token = self.access.sign_in(name, browser_of(request.headers.get("User-Agent", "")))
        answer.set_cookie(
            SESSION_COOKIE,
            token,
            max_age=SESSION_LASTS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
            path="/",
        )
        self.trail.note("login", "Signed in", name=name, address=request.remote_addr or "")
        return answer


def visitor() -> Visitor:
    """Return who asks; only behind the gate."""
    found = g.visitor
    assert isinstance(found, Visitor)
    return found


def guard(app: Flask, gate: Gate) -> None:
    """Put the gate in front of every route of `app`."""

    def before() -> AnyResponse | None:
        g.visitor = found = _identify(gate)
        _hold_back(gate, found)
        description = description_of(request.endpoint)
        if description is not None and description.max_body_bytes:
            request.max_content_length = description.max_body_bytes
        if request.endpoint == "static" or (description and description.role == "anyone"):
            return None
        if found is None:
            return _send_to_sign_in(gate)
        if description and description.role == "manager" and not found.may("manager"):
            raise Refused(HTTPStatus.FORBIDDEN, "Only a manager may do this. Ask one to sign in.")
        return None

    def after(response: Response) -> Response:
        description = description_of(request.endpoint)
        changed = request.method in UNSAFE and response.status_code < 400 and g.get("visitor")
        if changed and (description is None or description.is_noted):
            what = description.summary if description else "Changed"
            gate.trail.note(
                "change",
                f"{what}: {g.get('noted') or _asked()}",
                name=visitor().name,
                address=request.remote_addr or "",
            )
        return response

    app.before_request(before)
    app.after_request(after)
    app.register_error_handler(StoreError, _unreadable)


def note(text: str) -> None:
    """Say in plain words what this request changes, for the audit log."""
    g.noted = text


def browser_of(agent: str) -> str:
    """Return a person's words for a browser, such as `Firefox on Windows`."""
    browsers = (
        ("Edg", "Edge"),
        ("OPR", "Opera"),
        ("Firefox", "Firefox"),
        ("Chrom", "Chrome"),
        ("Safari", "Safari"),
    )
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("CrOS", "Chromebook"),
        ("Linux", "Linux"),
    )
    browser = next((word for sign, word in browsers if sign in agent), "A program")
    system = next((word for sign, word in systems if sign in agent), "")
    return f"{browser} on {system}" if system else browser


def _identify(gate: Gate) -> Visitor | None:
    authorization = request.headers.get("Authorization", "")
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return _bearer(gate, secret.strip())
    if gate.is_open:
        return Visitor("anyone", "manager", "open")
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if gate.is_link(cookie):
        return Visitor("demo", "manager", "link")
    return gate.access.visitor_of(SESSION, cookie) if cookie else None


def _bearer(gate: Gate, key: str) -> Visitor:
    found = gate.access.visitor_of(KEY, key)
    if found is None:
        # Keys can't be guessed, so that wrong ones are told off but not counted.
        raise Refused(
            HTTPStatus.UNAUTHORIZED, "This key lets nobody in: it is wrong, or was revoked."
        )
    return found


def _hold_back(gate: Gate, found: Visitor | None) -> None:
    client = client_of(request.remote_addr or "")
    if found is not None and found.token_id:
        client = f"token {found.token_id}"
    wait_s = gate.requests.wait_s(client, time.monotonic())
    if wait_s:
        raise _too_many(wait_s, "Too many requests from this device. Wait a moment.")


def _too_many(wait_s: float, sentence: str) -> Refused:
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, sentence, math.ceil(wait_s))


def _send_to_sign_in(gate: Gate) -> AnyResponse:
    door = "/login" if gate.access.is_paired() else "/pair"
    if request.path.startswith("/api/") or request.method != "GET":
        sentence = (
            "Sign in first, or send an API key."
            if gate.access.is_paired()
            else "Pair this page first: open it in a browser and type the code the device shows."
        )
        raise Refused(HTTPStatus.UNAUTHORIZED, sentence)
    wanted = request.full_path.rstrip("?")
    return redirect(door if wanted == "/" else f"{door}?next={quote(wanted)}", HTTPStatus.SEE_OTHER)


def _asked() -> str:
    """What was asked, as far as it is text and no secret."""
    if not request.is_json or (request.content_length or 0) > MAX_BYTES_NOTED:
        return request.path
    return f"{request.path} {request.get_data(as_text=True)}"


def _unreadable(error: StoreError) -> Response:
    return refusal(Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error)))
