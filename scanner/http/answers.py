"""What every answer over HTTP has in common: its security headers, and how something is refused."""

from __future__ import annotations

from http import HTTPStatus

from werkzeug.exceptions import HTTPException

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": that would make browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Refused(HTTPException):
    """A request that is not served; `description` says why and what to do."""

    def __init__(self, status: HTTPStatus, description: str, retry_after_s: int = 0) -> None:
        self.code = int(status)
        self.retry_after_s = retry_after_s
        super().__init__(description)
