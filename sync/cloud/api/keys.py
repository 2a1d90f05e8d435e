"""Keys of programs: random, shown once, kept as SHA-256, revocable, each with its own limits."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from scanner.errors import UsageError
from scanner.tables import utc_now
from sync.cloud.api.accounts import Role
from sync.cloud.store import CloudStore
from sync.cloud.tables_api import API_KEY

PREFIX = "csk_"
LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, without its secret."""

    id: int
    label: str
    role: Role
    made_by: str
    per_minute: int
    per_day: int
    created_at: datetime
    revoked_at: datetime | None


class ApiKeys:
    """The keys in the database. Usable from several threads and processes."""

    def __init__(self, store: CloudStore) -> None:
        self._store = store

    def make(
        self, label: str, role: Role, made_by: str, per_minute: int, per_day: int
    ) -> tuple[ApiKey, str]:
        """Return a new key and its secret, which nobody knows afterwards. Raises UsageError."""
        label = " ".join(label.split())
        if not label or len(label) > LONGEST_LABEL or not label.isprintable():
            raise UsageError(f"Give the key a name of 1 to {LONGEST_LABEL} letters.")
        secret = PREFIX + secrets.token_urlsafe(32)
        row = {
            "label": label, "role": role, "secret_hash": _hash(secret), "made_by": made_by,
            "per_minute": per_minute, "per_day": per_day, "created_at": utc_now(),
        }  # fmt: skip
        with self._store.log.write() as session:
            made = session.connection().execute(insert(API_KEY).values(row).returning(API_KEY))
            return _key(made.one()), secret

    def all(self) -> list[ApiKey]:
        """Return every key there ever was, newest first."""
        with self._store.log.read() as session:
            rows = session.connection().execute(select(API_KEY).order_by(API_KEY.c.id.desc()))
            return [_key(row) for row in rows]

    def of_secret(self, secret: str) -> ApiKey | None:
        """Return the key that a secret belongs to; None where it is wrong or revoked."""
        if not secret.startswith(PREFIX):
            return None
        query = select(API_KEY).where(
            API_KEY.c.secret_hash == _hash(secret), API_KEY.c.revoked_at.is_(None)
        )
        with self._store.log.read() as session:
            row = session.connection().execute(query).first()
        return None if row is None else _key(row)

    def revoke(self, key_id: int) -> None:
        """Let a key in no more. Raises UsageError where there is none to revoke."""
        query = update(API_KEY).where(API_KEY.c.id == key_id, API_KEY.c.revoked_at.is_(None))
        with self._store.log.write() as session:
            if not session.connection().execute(query.values(revoked_at=utc_now())).rowcount:
                raise UsageError("There is no such key, or it was revoked already.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _key(row: Any) -> ApiKey:
    return ApiKey(
        row.id, row.label, row.role, row.made_by, row.per_minute, row.per_day, row.created_at,
        row.revoked_at,
    )  # fmt: skip
