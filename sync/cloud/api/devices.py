"""The devices that may come: let in by a short-lived code, shut out for good when revoked."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Float, Table, cast, delete, func, insert, select, update

from scanner.errors import UsageError
from scanner.tables import utc_now
from sync.cloud.api.broker_files import BrokerFiles, password_hash
from sync.cloud.store import CloudStore
from sync.cloud.tables import DEVICE, RECEIVED, hold, upsert
from sync.cloud.tables_api import CREDENTIAL, ENROL_CODE

CODE_LASTS = timedelta(minutes=15)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# Without letters and digits that people take for one another.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP = 3, 4

# As a float: SQLite ends a query whose whole numbers leave 64 bits.
_UP_TO = cast(RECEIVED.c.up_to, Float)


@dataclass(frozen=True, slots=True)
class Let:
    """A device was let in: its name and the password, known to nobody else."""

    device: str
    password: str


class Devices:
    """Who may come. Usable from several threads and processes."""

    def __init__(self, store: CloudStore, files: BrokerFiles, cloud_user: str) -> None:
        self._store = store
        self._files = files
        self._taken = cloud_user

    def make_code(self, device: str, made_by: str) -> tuple[str, datetime]:
        """Return a code that lets one device in once, and when it ends.

        Raises:
            UsageError: the name does not fit or is another's, or this cloud does not keep the
                broker's passwords.
            BrokerFilesError: the broker's files can't be read.
        """
        if not _NAME.fullmatch(device) or device == self._taken:
            raise UsageError(
                "Name the device with letters, digits, - and _, such as counter-1; "
                f"{self._taken!r} is the cloud itself."
            )
        if not self._files.is_ours:
            raise UsageError(
                "This cloud does not keep the broker's passwords: set [mosquitto] password_file in "
                "cloud.toml (docs/CLOUD-API.md), or add the device with mosquitto_passwd."
            )
        with self._store.log.read() as session:
            self._refuse_a_users_name(session.connection(), device)
        letters = [secrets.choice(_LETTERS) for _ in range(_GROUPS * _GROUP)]
        groups = ("".join(letters[at : at + _GROUP]) for at in range(0, len(letters), _GROUP))
        code, now = "-".join(groups), utc_now()
        row = {
            "code_hash": _hash(code), "device": device, "made_by": made_by, "created_at": now,
            "expires_at": now + CODE_LASTS,
        }  # fmt: skip
        with self._store.log.write() as session:
            connection = session.connection()
            # A newer code for the same device takes the place of the one before.
            connection.execute(
                delete(ENROL_CODE).where(
                    ENROL_CODE.c.used_at.is_(None),
                    (ENROL_CODE.c.device == device) | (ENROL_CODE.c.expires_at < now),
                )
            )
            connection.execute(insert(ENROL_CODE).values(row))
        return code, now + CODE_LASTS

    def enrol(self, code: str) -> Let | None:
        """Let the device of a code in; None where the code is wrong, used or too old.

        Raises:
            UsageError: somebody else at the broker has the name by now; the code still holds.
            BrokerFilesError: the broker could not be told; the code is used up.
        """
        now, password = utc_now(), secrets.token_urlsafe(32)
        with self._store.log.write() as session:
            connection = session.connection()
            device = connection.execute(
                update(ENROL_CODE)
                .where(
                    ENROL_CODE.c.code_hash == _hash(code), ENROL_CODE.c.used_at.is_(None),
                    ENROL_CODE.c.expires_at > now,
                )
                .values(used_at=now)
                .returning(ENROL_CODE.c.device)
            ).scalar()  # fmt: skip
            if device is None:
                return None
            self._refuse_a_users_name(connection, device)
            row = {
                "device": device, "password_hash": password_hash(password), "created_at": now,
                "revoked_at": None,
            }  # fmt: skip
            upsert(connection, CREDENTIAL, [row])
        self.tell_broker()
        return Let(device, password)

    def revoke(self, device: str) -> None:
        """Shut a device out, and cut its connection.

        Raises:
            UsageError: it is not let in by a code.
            BrokerFilesError: the broker could not be told; the next try tells it.
        """
        if not _NAME.fullmatch(device):
            raise UsageError("There is no such device.")
        known = CREDENTIAL.c.device == device
        query = update(CREDENTIAL).where(known, CREDENTIAL.c.revoked_at.is_(None))
        with self._store.log.write() as session:
            connection = session.connection()
            hold(connection, "credential", device)
            if not connection.execute(select(func.count()).where(known)).scalar_one():
                raise UsageError(
                    f"{device} was not let in by a code: remove it with mosquitto_passwd -D."
                )
            connection.execute(query.values(revoked_at=utc_now()))
        self.tell_broker()

    def tell_broker(self) -> bool:
        """Write the broker's files as the database says. Raises BrokerFilesError."""
        if not self._files.is_ours:
            return False
        query = select(CREDENTIAL.c.device, CREDENTIAL.c.password_hash, CREDENTIAL.c.revoked_at)
        with self._store.log.read() as session:
            rows = session.connection().execute(query).all()
        return self._files.write(
            {row.device: None if row.revoked_at else row.password_hash for row in rows}
        )

    def _refuse_a_users_name(self, connection: Connection, device: str) -> None:
        """A user of the broker whom the cloud did not let in keeps name, password and rights."""
        known = select(func.count()).where(CREDENTIAL.c.device == device)
        if not connection.execute(known).scalar_one() and self._files.has_user(device):
            raise UsageError(
                f"The broker has a user {device} that this cloud did not let in: give the device "
                "another name, or remove that user there first (mosquitto_passwd -D)."
            )

    def all(self) -> list[dict[str, Any]]:
        """Return every device that was let in or has come, by name."""
        return self._found(None)

    def one(self, device: str) -> dict[str, Any] | None:
        """Return one device; None where none of this name was let in or has come."""
        found = self._found(device) if _NAME.fullmatch(device) else []
        return found[0] if found else None

    def received(self, device: str) -> dict[str, int]:
        """How many rows of each kind are on disk of a device, of all its logs."""
        query = (
            select(RECEIVED.c.stream, func.sum(_UP_TO))
            .where(RECEIVED.c.device == device)
            .group_by(RECEIVED.c.stream)
            .order_by(RECEIVED.c.stream)
        )
        with self._store.log.read() as session:
            return {stream: int(rows) for stream, rows in session.connection().execute(query)}

    def _found(self, only: str | None) -> list[dict[str, Any]]:
        def of(table: Table) -> Any:
            return select(table) if only is None else select(table).where(table.c.device == only)

        scans = select(RECEIVED.c.device, func.sum(_UP_TO)).where(RECEIVED.c.stream == "scan")
        if only is not None:
            scans = scans.where(RECEIVED.c.device == only)
        with self._store.log.read() as session:
            connection = session.connection()
            seen = {row["device"]: row for row in connection.execute(of(DEVICE)).mappings()}
            let_in = {row["device"]: row for row in connection.execute(of(CREDENTIAL)).mappings()}
            numbers = connection.execute(scans.group_by(RECEIVED.c.device))
            up_to = {device: int(number) for device, number in numbers}
        return [
            _device(name, seen.get(name), let_in.get(name), up_to.get(name, 0))
            for name in sorted({*seen, *let_in})
        ]


def _device(name: str, seen: Any, let_in: Any, scans: int) -> dict[str, Any]:
    counters = json.loads(seen["counters"]) if seen and seen["counters"] else None
    return {
        "device": name,
        "is_online": bool(seen and seen["is_online"]),
        "release": seen["release"] if seen else "",
        "seen_at": seen["seen_at"] if seen else None,
        "enrolled_at": let_in["created_at"] if let_in else None,
        "revoked_at": let_in["revoked_at"] if let_in else None,
        "up_to_scan": scans,
        "waiting": counters["waiting"] if counters else None,
    }


def _hash(code: str) -> str:
    plain = "".join(c for c in code.upper() if c in _LETTERS)
    return hashlib.sha256(plain.encode()).hexdigest()
