"""The cloud's database and its devices: commands to them, their answers, what they hold."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from scanner.tables import utc_now
from sync.cloud.store import CloudStore
from sync.cloud.tables import DEVICE, upsert
from sync.cloud.tables_api import CREDENTIAL
from sync.cloud.tables_fleet import DEVICE_COMMAND, DEVICE_HOLDINGS, DEVICE_LOG
from sync.protocol_fleet import CommandAnswers, DeviceCommand, Holdings, LogLines

Told = Holdings | CommandAnswers | LogLines


@dataclass(frozen=True, slots=True)
class Asked:
    """A command to a device; `outcome` is empty until it is answered."""

    device: str
    command: DeviceCommand
    outcome: str
    detail: str
    answered_at: datetime | None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentLog:
    """Log lines of a device, as the command with the id `command` asked for them."""

    command: str
    sent_at: datetime
    lines: Sequence[str]


def keep_told(connection: Connection, device: str, told: Told) -> None:
    """Put what a device told on disk; what is there already changes nothing."""
    if isinstance(told, Holdings):
        row = {"device": device, "told": told.model_dump(mode="json"), "seen_at": utc_now()}
        upsert(connection, DEVICE_HOLDINGS, [row])
    elif isinstance(told, CommandAnswers):
        for answer in told.answers:
            connection.execute(
                update(DEVICE_COMMAND)
                .where(
                    DEVICE_COMMAND.c.key == answer.id,
                    DEVICE_COMMAND.c.device == device,
                    DEVICE_COMMAND.c.outcome == "",
                )
                .values(outcome=answer.outcome, detail=answer.detail, answered_at=answer.at)
            )
    else:
        known = select(DEVICE_LOG.c.id).where(
            DEVICE_LOG.c.device == device, DEVICE_LOG.c.command == told.command
        )
        if connection.execute(known).first() is None:
            row = {
                "device": device, "command": told.command, "lines": told.lines,
                "sent_at": told.at, "created_at": utc_now(),
            }  # fmt: skip
            connection.execute(insert(DEVICE_LOG), [row])


def ask(
    store: CloudStore, device: str, kind: str, argument: Mapping[str, str | int],
    issued_by: str, lives: timedelta,
) -> DeviceCommand:  # fmt: skip
    """Put a command to a device on disk; a running `cloud serve` sends it.

    Raises ValueError where it is no command.
    """
    now = utc_now()
    command = DeviceCommand(
        id=secrets.token_hex(12), kind=kind, argument=dict(argument),
        issued_by=issued_by, issued_at=now, expires_at=now + lives,
    )  # fmt: skip
    row = {
        "key": command.id, "device": device, "kind": kind, "argument": dict(argument),
        "issued_by": issued_by, "issued_at": now, "expires_at": command.expires_at,
        "outcome": "", "detail": "",
    }  # fmt: skip
    with store.log.write() as session:
        session.connection().execute(insert(DEVICE_COMMAND), [row])
    return command


def unsent(store: CloudStore) -> list[Asked]:
    """What was asked and not sent, and has not expired, oldest first."""
    query = (
        select(DEVICE_COMMAND)
        .where(
            DEVICE_COMMAND.c.published_at.is_(None),
            DEVICE_COMMAND.c.outcome == "",
            DEVICE_COMMAND.c.expires_at > utc_now(),
        )
        .order_by(DEVICE_COMMAND.c.id)
    )
    return _read(store, query)


def asked_lately(store: CloudStore, device: str, limit: int = 50) -> list[Asked]:
    """The newest commands to a device, newest first."""
    query = select(DEVICE_COMMAND).where(DEVICE_COMMAND.c.device == device)
    return _read(store, query.order_by(DEVICE_COMMAND.c.id.desc()).limit(limit))


def count_unanswered(store: CloudStore, device: str) -> int:
    """How many commands to a device are neither answered nor past their end."""
    query = select(func.count()).where(
        DEVICE_COMMAND.c.device == device,
        DEVICE_COMMAND.c.outcome == "",
        DEVICE_COMMAND.c.expires_at > utc_now(),
    )
    with store.log.read() as session:
        return int(session.connection().execute(query).scalar_one())


def find_asked(store: CloudStore, key: str) -> Asked | None:
    """One command by its id."""
    found = _read(store, select(DEVICE_COMMAND).where(DEVICE_COMMAND.c.key == key))
    return found[0] if found else None


def note_sent(store: CloudStore, key: str) -> None:
    """The broker has the command."""
    with store.log.write() as session:
        session.connection().execute(
            update(DEVICE_COMMAND).where(DEVICE_COMMAND.c.key == key).values(published_at=utc_now())
        )


def note_unheard(store: CloudStore, key: str, why: str) -> None:
    """Nobody takes the command."""
    with store.log.write() as session:
        session.connection().execute(
            update(DEVICE_COMMAND)
            .where(DEVICE_COMMAND.c.key == key, DEVICE_COMMAND.c.outcome == "")
            .values(outcome="failed", detail=why, answered_at=utc_now())
        )


def online_though_revoked(store: CloudStore) -> set[str]:
    """Devices that were shut out and whose last word was that they are there."""
    query = (
        select(DEVICE.c.device)
        .join(CREDENTIAL, CREDENTIAL.c.device == DEVICE.c.device)
        .where(DEVICE.c.is_online, CREDENTIAL.c.revoked_at.is_not(None))
    )
    with store.log.read() as session:
        return set(session.connection().execute(query).scalars())


def holdings(store: CloudStore) -> dict[str, Holdings]:
    """What each device holds, by its name."""
    with store.log.read() as session:
        found = session.connection().execute(
            select(DEVICE_HOLDINGS.c.device, DEVICE_HOLDINGS.c.told)
        )
        return {device: Holdings.model_validate(told) for device, told in found}


def holdings_of(store: CloudStore, device: str) -> Holdings | None:
    """What one device holds; None where it never said."""
    query = select(DEVICE_HOLDINGS.c.told).where(DEVICE_HOLDINGS.c.device == device)
    with store.log.read() as session:
        told = session.connection().execute(query).scalar()
    return None if told is None else Holdings.model_validate(told)


def newest_log(store: CloudStore, device: str) -> SentLog | None:
    """What a device sent last of its log; None where it never did."""
    query = (
        select(DEVICE_LOG.c.command, DEVICE_LOG.c.sent_at, DEVICE_LOG.c.lines)
        .where(DEVICE_LOG.c.device == device)
        .order_by(DEVICE_LOG.c.id.desc())
        .limit(1)
    )
    with store.log.read() as session:
        found = session.connection().execute(query).first()
    return None if found is None else SentLog(found.command, found.sent_at, list(found.lines))


def last_log(store: CloudStore, device: str) -> list[str]:
    """The lines that a device sent last."""
    found = newest_log(store, device)
    return [] if found is None else list(found.lines)


def _read(store: CloudStore, query: Any) -> list[Asked]:
    with store.log.read() as session:
        rows: Sequence[Any] = session.connection().execute(query).mappings().all()
    return [
        Asked(
            row["device"],
            DeviceCommand(
                id=row["key"], kind=row["kind"], argument=row["argument"],
                issued_by=row["issued_by"], issued_at=row["issued_at"],
                expires_at=row["expires_at"],
            ),
            row["outcome"], row["detail"], row["answered_at"], row["published_at"],
        )
        for row in rows
    ]  # fmt: skip
