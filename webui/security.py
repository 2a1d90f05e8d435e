"""What every request and answer goes through: host and origin checks, CSRF, headers, refusals."""

from __future__ import annotations

import hmac
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, g, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from scanner.http.answers import HEADERS, UNSAFE, Refused
from webui.addresses import is_own_name

CSRF_COOKIE = "counterscan_csrf"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
MAX_BODY_BYTES = 16 * 1024


def csrf_token() -> str:
    """Return this browser's token: the one it sent, or a fresh one that the answer will set.

    Double submit: the page repeats the cookie's value in each command. Another site can make
    the browser send the cookie but can't read it. Nothing is kept here, so that an open page
    outlives a restart of the server.
    """
    if "csrf" not in g:
        sent = request.cookies.get(CSRF_COOKIE, "")
        g.csrf = sent if len(sent) == 43 else secrets.token_urlsafe(32)
        g.csrf_is_new = g.csrf != sent
    token: str = g.csrf
    return token


def _host_without_port(host: str) -> str:
    return host.rsplit(":", 1)[0] if ":" in host and not host.endswith("]") else host


def _check_host() -> None:
    host = request.environ.get("HTTP_HOST", "")
    if not is_own_name(_host_without_port(host)):
        raise Refused(
            HTTPStatus.MISDIRECTED_REQUEST,
            "This address is not one of the scanner's. Open the page by the scanner's own name "
            "or by its IP address.",
        )


def _check_same_origin() -> None:
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in ("same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != request.environ.get("HTTP_HOST")
    ):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "This command came from another page. Press the button on the scanner's own page.",
        )


def _check_token() -> None:
    if request.headers.get("Authorization", "").lower().startswith("bearer "):
        return  # no browser sends a key by itself; whether it is right the gate says
    cookie = request.cookies.get(CSRF_COOKIE, "")
    sent = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not cookie or not hmac.compare_digest(cookie.encode(), sent.encode()):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "This page is too old to send commands. Reload it and press the button again.",
        )


def _before() -> None:
    _check_host()
    if request.method in UNSAFE:
        _check_same_origin()
        _check_token()


def _after(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    if g.get("csrf_is_new"):
        response.set_cookie(CSRF_COOKIE, g.csrf, samesite="Strict", httponly=True, path="/")
    return response


def refusal(error: HTTPException) -> Response:
    """Return an error as one sentence: JSON for programs, a page for people."""
    code = error.code or 500
    sentence = _SENTENCES.get(code) or error.description or "The page could not answer this."
    wants_page = request.accept_mimetypes.best_match(["application/json", "text/html"])
    if request.path.startswith("/api/") or wants_page != "text/html":
        answer = jsonify(error=sentence)
    else:
        answer = Response(render_template("error.html", code=code, sentence=sentence))
    answer.status_code = code
    if isinstance(error, Refused) and error.retry_after_s:
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


_SENTENCES = {
    404: "There is no such page here. Go back to the Live page.",
    405: "This address does not take that kind of request.",
    413: "That is too large for this page; nothing was taken.",
    500: "The page met an error of its own and has logged it. Reload; scanning goes on meanwhile.",
}


def protect(app: Flask) -> None:
    """Put every check and header of this file on `app`."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.config["MAX_FORM_PARTS"] = 20
    app.before_request(_before)
    app.after_request(_after)
    app.register_error_handler(HTTPException, refusal)
    app.jinja_env.globals["csrf_token"] = csrf_token
