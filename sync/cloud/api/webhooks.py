"""Webhooks: who is told, the secret that signs, and how one message is sent."""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import func, insert, select, update

from scanner.errors import ConfigError, UsageError
from scanner.tables import utc_now
from sync.cloud.api.addresses import NoAddressError, checked_url, resolved
from sync.cloud.api.outcome import Outcome
from sync.cloud.store import CloudStore
from sync.cloud.tables_api import WEBHOOK

SIGNATURE, DELIVERY = "Counterscan-Signature", "Counterscan-Delivery"
WITHIN_S = 15.0
MOST_WEBHOOKS = 20
_LONGEST_WAIT_S = 3600.0
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver, without its secret."""

    id: int
    url: str
    made_by: str
    created_at: datetime


class Webhooks:
    """The receivers in the database, and the key that their secrets are made of."""

    def __init__(self, store: CloudStore, key_file: Path, may_be_private: bool) -> None:
        """Read the key, making it where there is none. Raises ConfigError."""
        self._store = store
        self._key = _key(key_file)
        self._may_be_private = may_be_private

    def add(self, url: str, made_by: str) -> tuple[Webhook, str]:
        """Return a new receiver and its secret. Raises AddressError, UsageError."""
        checked_url(url, self._may_be_private)
        row = {
            "url": url, "salt": secrets.token_hex(8), "made_by": made_by, "created_at": utc_now()
        }  # fmt: skip
        with self._store.log.write() as session:
            connection = session.connection()
            count = select(func.count()).where(WEBHOOK.c.ended_at.is_(None))
            if connection.execute(count).scalar_one() >= MOST_WEBHOOKS:
                raise UsageError(f"There are {MOST_WEBHOOKS} webhooks already; remove one first.")
            made = connection.execute(insert(WEBHOOK).values(row).returning(WEBHOOK)).one()
        return _webhook(made), self._secret(made.id, made.salt)

    def all(self) -> list[Webhook]:
        """Return those that are told, oldest first."""
        query = select(WEBHOOK).where(WEBHOOK.c.ended_at.is_(None)).order_by(WEBHOOK.c.id)
        with self._store.log.read() as session:
            return [_webhook(row) for row in session.connection().execute(query)]

    def end(self, webhook_id: int) -> None:
        """Tell this one no more. Raises UsageError where there is none."""
        query = update(WEBHOOK).where(WEBHOOK.c.id == webhook_id, WEBHOOK.c.ended_at.is_(None))
        with self._store.log.write() as session:
            if not session.connection().execute(query.values(ended_at=utc_now())).rowcount:
                raise UsageError("There is no such webhook any more.")

    async def send(self, webhook_id: int, delivery_id: int, body: bytes) -> Outcome:
        """Send one message; how it went. Raises StoreError."""
        query = select(WEBHOOK).where(WEBHOOK.c.id == webhook_id, WEBHOOK.c.ended_at.is_(None))
        with self._store.log.read() as session:
            row = session.connection().execute(query).first()
        if row is None:
            return Outcome(is_final=True, problem="This webhook was removed.")
        at_s = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Counterscan",
            DELIVERY: str(delivery_id),
            SIGNATURE: signature(self._secret(row.id, row.salt), body, at_s),
        }
        try:
            address = await asyncio.to_thread(resolved, row.url, self._may_be_private)
            async with asyncio.timeout(WITHIN_S):
                answer = await _post(row.url, address, headers, body)
        except NoAddressError as error:
            return Outcome(problem=str(error))
        except ValueError as error:  # AddressError: the name leads to the own network by now
            return Outcome(is_final=True, problem=str(error))
        except TimeoutError:
            return Outcome(problem=f"It did not answer within {WITHIN_S:.0f} seconds.")
        except httpx.HTTPError as error:
            return Outcome(problem=f"{type(error).__name__}: {error}"[:300])
        if answer.status_code == httpx.codes.GONE:
            self.end(webhook_id)
            return Outcome(is_final=True, problem="It answered 410: it wants no more messages.")
        if answer.is_success:
            return Outcome(is_done=True)
        return Outcome(
            problem=f"It answered {answer.status_code}.", wait_s=_asked_to_wait_s(answer)
        )

    def _secret(self, webhook_id: int, salt: str) -> str:
        made = hmac.digest(self._key, f"{webhook_id}:{salt}".encode(), "sha256")
        return _PREFIX + base64.urlsafe_b64encode(made).decode().rstrip("=")


def signature(secret: str, body: bytes, at_s: int) -> str:
    """Return the header that proves who sent a body, and when: `t=…,v1=…`.

    `v1` is HMAC-SHA256, as hexadecimal, of the time, a full stop and the body.
    """
    signed = hmac.new(secret.encode(), f"{at_s}.".encode() + body, sha256).hexdigest()
    return f"t={at_s},v1={signed}"


async def _post(url: str, address: str, headers: dict[str, str], body: bytes) -> httpx.Response:
    """Send to an address that was looked at, in the name of the host; the answer's head alone."""
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    where = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    async with (
        httpx.AsyncClient(timeout=WITHIN_S, trust_env=False, follow_redirects=False) as client,
        client.stream(
            "POST", where + path, content=body, headers={**headers, "Host": parts.netloc},
            extensions={"sni_hostname": parts.hostname},
        ) as answer,
    ):  # fmt: skip
        return answer


def _asked_to_wait_s(answer: httpx.Response) -> float:
    said = answer.headers.get("Retry-After", "")
    return min(float(said), _LONGEST_WAIT_S) if said.isdecimal() and len(said) < 10 else 0.0


def _webhook(row: Any) -> Webhook:
    return Webhook(row.id, row.url, row.made_by, row.created_at)


def _key(file: Path) -> bytes:
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as opened:
                opened.write(f"{secrets.token_hex(32)}\n")
        if file.stat().st_mode & 0o007:
            raise ConfigError(f"{file}: everybody can read the secret in it: chmod 640 {file}.")
        return bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{file}: the key of the webhooks can't be read: {error}.") from None
