"""Lets each request in or refuses it: who asks, in which role, how often, how much a day."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from scanner.errors import StoreError, UsageError
from scanner.http.answers import HEADERS, Refused
from scanner.http.describe import description_of
from scanner.http.limits import client_of
from scanner.tables import utc_now
from sync.cloud.api import audit
from sync.cloud.api.accounts import ROLES, Account, Accounts, Role
from sync.cloud.api.keys import PREFIX, ApiKeys
from sync.cloud.api.rates import Rates
from sync.cloud.api.tokens import Claims
from sync.cloud.api.usage import Usage, until_tomorrow_s

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 16 * 1024
PERSONS_PER_MINUTE, STRANGERS_PER_MINUTE = 1200, 120


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. A person has an account and the token's claims, a program a key."""

    name: str
    role: Role
    who: str
    per_minute: int
    per_day: int
    account: Account | None = None
    claims: Claims | None = None

    def may(self, role: Role) -> bool:
        """Tell whether this visitor has at least that role."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides who gets in."""

    accounts: Accounts
    keys: ApiKeys
    rates: Rates
    usage: Usage
    trail: audit.Trail


def visitor() -> Visitor:
    """Return who asks; only behind the gate."""
    found = g.visitor
    assert isinstance(found, Visitor)
    return found


def asker() -> str:
    """Return what counts as one asker's address."""
    return client_of(request.remote_addr or "")


def guard(app: Flask, gate: Gate) -> None:
    """Put the gate in front of every route of `app`."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.config["MAX_FORM_PARTS"] = 20

    def before() -> None:
        g.began_mono_s = time.monotonic()
        g.visitor = found = _identify(gate)
        _hold_back(gate, found)
        description = description_of(request.endpoint)
        if description is not None and description.max_body_bytes:
            request.max_content_length = description.max_body_bytes
        if request.endpoint is None or request.endpoint == "static":
            return
        role = description.role if description else "owner"
        if role == "anyone":
            return
        if found is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, _USELESS if _secret() else _MISSING)
        if not found.may(_role(role)):
            raise Refused(
                HTTPStatus.FORBIDDEN, f"This needs the role {role}; yours is {found.role}."
            )
        if audit.is_change(description):
            audit.begin(gate.trail, found.who, found.name)

    def after(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"
        found = g.get("visitor")
        if isinstance(found, Visitor):
            took_ms = 1000 * (time.monotonic() - g.began_mono_s)
            sent_bytes = response.calculate_content_length() or 0
            gate.usage.note(found.who, response.status_code, sent_bytes, took_ms)
        return _noted(gate, found if isinstance(found, Visitor) else None, response)

    app.before_request(before)
    app.after_request(after)
    app.register_error_handler(HTTPException, _refusal)
    app.register_error_handler(UsageError, _useless)
    app.register_error_handler(StoreError, _unreadable)


def _noted(gate: Gate, found: Visitor | None, response: Response) -> Response:
    """The answer, once the audit log has it; nobody gets in where it can't be put down."""
    description = description_of(request.endpoint)
    if not audit.is_change(description):
        return response
    who, name = ("", "") if found is None else (found.who, found.name)
    try:
        audit.end(gate.trail, description, who, name, response)
    except StoreError as error:
        log.error("the audit log can't be written (%s): %s by %r", error, request.endpoint, name)
        if found is None and response.status_code < HTTPStatus.BAD_REQUEST:
            return _unreadable(error)
    return response


def too_many(wait_s: float, sentence: str) -> Refused:
    """Return a refusal of what came too often; it says when to come again."""
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, sentence, max(1, math.ceil(wait_s)))


def _secret() -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _identify(gate: Gate) -> Visitor | None:
    secret = _secret()
    if not secret:
        return None
    return _of_key(gate, secret) if secret.startswith(PREFIX) else _of_token(gate, secret)


def _of_key(gate: Gate, secret: str) -> Visitor | None:
    key = gate.keys.of_secret(secret)
    if key is None:
        return None
    return Visitor(key.label, key.role, f"key {key.id}", key.per_minute, key.per_day)


def _of_token(gate: Gate, token: str) -> Visitor | None:
    found = gate.accounts.of_token(token)
    if found is None:
        return None
    account, claims = found
    who = f"account {account.id}"
    return Visitor(account.name, account.role, who, PERSONS_PER_MINUTE, 0, account, claims)


def _hold_back(gate: Gate, found: Visitor | None) -> None:
    if found is None:
        wait_s = gate.rates.wait_s(f"stranger {asker()}", STRANGERS_PER_MINUTE)
        if wait_s:
            raise too_many(wait_s, "Too many requests from this address. Wait a moment.")
        return
    wait_s = gate.rates.wait_s(found.who, found.per_minute)
    if wait_s:
        raise too_many(
            wait_s, f"Too many requests: {found.per_minute} a minute are allowed. Wait a moment."
        )
    if found.per_day and gate.usage.today(found.who) >= found.per_day:
        raise too_many(
            until_tomorrow_s(utc_now()),
            f"The day's quota of {found.per_day} requests is used up; it begins anew at midnight "
            "UTC.",
        )


def _role(role: str) -> Role:
    return next(each for each in ROLES if each == role)


def _refusal(error: HTTPException) -> Response:
    code = error.code or 500
    ours = "" if isinstance(error, Refused) else _SENTENCES.get(code, "")
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        most_bytes = request.max_content_length or MAX_BODY_BYTES
        ours = f"That is too large: {most_bytes // 1024} KiB are taken at most."
    answer = jsonify(error=ours or error.description or "This can't be answered.")
    answer.status_code = code
    if isinstance(error, Refused) and error.retry_after_s:
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _useless(error: UsageError) -> Response:
    return _refusal(Refused(HTTPStatus.BAD_REQUEST, str(error)))


def _unreadable(error: StoreError) -> Response:
    log.error("%s", error)
    return _refusal(
        Refused(HTTPStatus.SERVICE_UNAVAILABLE, "The database can't be reached just now.", 5)
    )


_MISSING = "Sign in first (POST /api/v1/login), or send an API key: Authorization: Bearer …."
_USELESS = (
    "This key or token lets nobody in: it is wrong, has expired, or was revoked. Sign in again "
    "(POST /api/v1/login)."
)
_SENTENCES = {
    404: "There is nothing at this address; GET /api/openapi.json lists what there is.",
    405: "This address does not take that kind of request.",
    500: "The cloud met an error of its own and has logged it.",
}
