"""Tokens of people who have signed in: JWT (RFC 7519) with HS256, and the keys that sign them.

The keys are in a file, one a line, `ID SECRET`; the first one signs, all are believed. To rotate
them a new line goes on top (`counterscan cloud rotate-keys`), and the old ones go once no token of
theirs can still be valid. A running process notices a changed file.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt

from scanner.errors import ConfigError
from scanner.tables import utc_now

ALGORITHM = "HS256"
ISSUER = "counterscan"
TOKEN_LASTS = timedelta(hours=12)
KEYS_KEPT = 3
_LINE = re.compile(r"([A-Za-z0-9_-]{4,32}) ([A-Za-z0-9_-]{43,128})")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; `generation` is the account's when it was made."""

    token_id: str
    account_id: int
    generation: int
    expires_at: datetime


class TokenKeys:
    """The keys in a file. Usable from several threads."""

    def __init__(self, file: Path) -> None:
        """Read the file, making it where there is none. Raises ConfigError."""
        self._file = file
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, bytes] = {}
        if not file.exists():
            _write(file, [_new_line()])
        self._current()

    def sign(self, account_id: int, generation: int) -> tuple[str, datetime]:
        """Return a new token, and when it ends."""
        key_id, secret = next(iter(self._current().items()))
        now = utc_now().replace(microsecond=0)
        ends = now + TOKEN_LASTS
        claims = {
            "iss": ISSUER, "sub": str(account_id), "gen": generation, "iat": now, "exp": ends,
            "jti": secrets.token_urlsafe(12),
        }  # fmt: skip
        return jwt.encode(claims, secret, ALGORITHM, headers={"kid": key_id}), ends

    def read(self, token: str) -> Claims | None:
        """Return what a token says; None where it is forged, damaged or past its time."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            secret = self._current().get(str(key_id))
            if secret is None:
                return None
            said = jwt.decode(
                token, secret, algorithms=[ALGORITHM], issuer=ISSUER,
                options={"require": ["exp", "iat", "sub", "jti", "iss"]},
            )  # fmt: skip
            ends = datetime.fromtimestamp(int(said["exp"]), UTC)
            return Claims(str(said["jti"]), int(said["sub"]), int(said["gen"]), ends)
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, OverflowError):
            return None

    def _current(self) -> dict[str, bytes]:
        with self._lock:
            try:
                status = self._file.stat()
                stamp = (status.st_mtime_ns, status.st_ino)
                if stamp != self._stamp:
                    self._keys = _read(self._file, status.st_mode)
                    self._stamp = stamp
            except OSError as error:
                raise ConfigError(f"{self._file}: it can't be read: {error}.") from None
            return self._keys


def rotate(file: Path) -> int:
    """Put a new key on top; how many older ones are still believed. Raises ConfigError."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if _LINE.fullmatch(line)][: KEYS_KEPT - 1]
    _write(file, [_new_line(), *kept])
    return len(kept)


def _read(file: Path, mode: int) -> dict[str, bytes]:
    if stat.S_IMODE(mode) & 0o007:
        raise ConfigError(f"{file}: everybody can read the secrets in it: chmod 640 {file}.")
    found = [_LINE.fullmatch(line) for line in file.read_text(encoding="utf-8").splitlines()]
    keys = {each[1]: each[2].encode() for each in found if each is not None}
    if not keys or len(keys) != len(found):
        raise ConfigError(
            f"{file}: this is no file of keys: remove it, and a new one is made; everybody then "
            "signs in again."
        )
    return keys


def _new_line() -> str:
    return f"{secrets.token_hex(4)} {secrets.token_urlsafe(48)}"


def _write(file: Path, lines: list[str]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write("".join(f"{line}\n" for line in lines))
        new.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: the keys can't be written: {error}.") from None
