"""Passwords of people: argon2id, slow and hungry on purpose, and never many at once."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from scanner.errors import UsageError

SHORTEST, LONGEST = 10, 200
_AT_ONCE = threading.BoundedSemaphore(2)
# OWASP's least for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane. A cloud
# for one shop runs on a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))


def checked_password(password: str) -> str:
    """Return the password; raise UsageError where it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"Choose a password of {SHORTEST} to {LONGEST} letters or digits.")
    return password


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Tell whether the password fits; takes as long where there is nobody (None)."""
    with _AT_ONCE:
        try:
            fits = _HASHER.verify(password_hash or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return fits and password_hash is not None
