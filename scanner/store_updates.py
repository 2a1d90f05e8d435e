"""The log's calls for what comes from the cloud beside prices: updates and remote commands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sqlalchemy import func
from sqlmodel import col, select

from scanner.store_machine import MachineWrites
from scanner.tables import Command, CommandDone, utc_now
from scanner.tables_sync import SyncEvent
from scanner.tables_updates import RemoteAnswer, RemoteCommand, UpdateEvent

PACKS = "pack/"
"""Begins the target of a game's packs: `pack/demo`."""

MODELS = "models"


_FROM_CLOUD = re.compile(r"(Paused|Started) from the cloud( by .+)?\.")


def from_cloud(what: Literal["Paused", "Started"], by: str) -> str:
    """Who paused or started the machine from afar, as the log's events have it."""
    name = " ".join(by.split())
    return f"{what} from the cloud by {name}." if name else f"{what} from the cloud."


def is_from_cloud(detail: str) -> bool:
    """Whether an event's detail is such a sentence."""
    return _FROM_CLOUD.fullmatch(detail) is not None


class UpdateKind(StrEnum):
    """How an update stands."""

    WAITING = "waiting"  # for room on the disk, for another file, or for a person's word
    FETCHING = "fetching"
    TRYING = "trying"
    IN_USE = "in_use"
    REFUSED = "refused"  # nothing but another announcement helps
    FAILED = "failed"  # it is tried again
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"


PROBLEMS = frozenset({UpdateKind.REFUSED, UpdateKind.FAILED, UpdateKind.ROLLED_BACK})
"""What a person should know of."""


class Outcome(StrEnum):
    """What became of a remote command."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answered:
    """A remote command and what became of it; `outcome` is None while it is under way."""

    command: RemoteCommand
    outcome: Outcome | None
    detail: str
    answered_at: datetime | None


class UpdateStore(MachineWrites):
    """A part of `scanner.store.Store`."""

    def add_update_event(self, target: str, version: str, kind: UpdateKind, detail: str) -> bool:
        """Note a step of an update, unless it is what was noted last; True where it is new."""
        self._only("sync")
        with self._log.write() as session:
            newest = (
                select(UpdateEvent)
                .where(UpdateEvent.target == target)
                .order_by(col(UpdateEvent.id).desc())
                .limit(1)
            )
            last = session.exec(newest).first()
            if last and (last.version, last.kind, last.detail) == (version, kind.value, detail):
                return False
            session.add(UpdateEvent(target=target, version=version, kind=kind.value, detail=detail))
        return True

    def update_events(self) -> list[UpdateEvent]:
        """The last step of each target, by its name."""
        newest = select(func.max(UpdateEvent.id)).group_by(col(UpdateEvent.target))
        query = select(UpdateEvent).where(col(UpdateEvent.id).in_(newest))
        with self._log.read() as session:
            return list(session.exec(query.order_by(col(UpdateEvent.target))))

    def newest_update_events(self, limit: int) -> list[UpdateEvent]:
        """The last steps of all targets, newest first."""
        query = select(UpdateEvent).order_by(col(UpdateEvent.id).desc()).limit(limit)
        with self._log.read() as session:
            return list(session.exec(query))

    def newest_sync_events(self, limit: int) -> list[SyncEvent]:
        """How the connection fared lately, newest first."""
        query = select(SyncEvent).order_by(col(SyncEvent.id).desc()).limit(limit)
        with self._log.read() as session:
            return list(session.exec(query))

    def add_remote_command(self, command: RemoteCommand, refusal: str = "") -> RemoteCommand | None:
        """Keep a command before it is done; None where it is known already.

        With a `refusal` it is answered at once, and never done.
        """
        self._only("sync")
        with self._log.write() as session:
            known = select(RemoteCommand.id).where(RemoteCommand.name == command.name)
            if session.exec(known).first() is not None:
                return None
            session.add(command)
            session.flush()
            if refusal:
                session.add(_answer(command.id or 0, Outcome.REFUSED, refusal))
        return command

    def answer_remote(self, remote_id: int, outcome: Outcome, detail: str = "") -> None:
        """Say what became of a command; a second answer changes nothing."""
        self._only("sync")
        with self._log.write() as session:
            if session.get(RemoteAnswer, remote_id) is None:
                session.add(_answer(remote_id, outcome, detail))

    def remote_commands(self, limit: int) -> list[Answered]:
        """The newest remote commands and their answers, newest first."""
        query = (
            select(RemoteCommand, RemoteAnswer)
            .outerjoin(RemoteAnswer, col(RemoteAnswer.remote_id) == col(RemoteCommand.id))
            .order_by(col(RemoteCommand.id).desc())
            .limit(limit)
        )
        with self._log.read() as session:
            return [_answered(command, answer) for command, answer in session.exec(query)]

    def remote_mark(self) -> tuple[int, int]:
        """Changes whenever a remote command comes or is answered."""
        query = select(
            select(func.max(RemoteCommand.id)).scalar_subquery(),
            select(func.count()).select_from(RemoteAnswer).scalar_subquery(),
        )
        with self._log.read() as session:
            newest, answered = session.exec(query).one()
        return newest or 0, answered or 0

    def unanswered_remote(self) -> list[RemoteCommand]:
        """What was kept and has no answer yet, oldest first."""
        answered = select(RemoteAnswer.remote_id)
        query = (
            select(RemoteCommand)
            .where(col(RemoteCommand.id).not_in(answered))
            .order_by(col(RemoteCommand.id))
        )
        with self._log.read() as session:
            return list(session.exec(query))

    def machines_outcomes(self, remote_ids: Sequence[int]) -> Mapping[int, str]:
        """What the feed process answered to commands meant for the machine, by their ids."""
        query = select(CommandDone).where(
            col(CommandDone.command_id).in_([-number for number in remote_ids])
        )
        with self._log.read() as session:
            return {-done.command_id: done.outcome for done in session.exec(query)}

    def pending_remote(self, kinds: Sequence[str]) -> list[Command]:
        """What the cloud asks of the machine and nobody has answered, oldest first.

        As the page's commands, but that their ids are below zero.
        """
        done = select(CommandDone.command_id)
        answered = select(RemoteAnswer.remote_id)
        query = (
            select(RemoteCommand)
            .where(
                col(RemoteCommand.is_allowed).is_(True),
                col(RemoteCommand.kind).in_(kinds),
                col(RemoteCommand.expires_at) > utc_now(),
                (-col(RemoteCommand.id)).not_in(done),
                col(RemoteCommand.id).not_in(answered),
            )
            .order_by(col(RemoteCommand.id))
        )
        with self._log.read() as session:
            return [
                Command(
                    id=-(row.id or 0), kind=row.kind, argument=row.argument,
                    created_at=row.created_at,
                )
                for row in session.exec(query)
            ]  # fmt: skip

    def remote_issuer(self, command_id: int) -> str:
        """Who asked for a command of the cloud, by its number below zero; "" where nobody says."""
        with self._log.read() as session:
            command = session.get(RemoteCommand, -command_id)
        return "" if command is None else command.issued_by


def _answer(remote_id: int, outcome: Outcome, detail: str) -> RemoteAnswer:
    return RemoteAnswer(remote_id=remote_id, outcome=outcome.value, detail=detail)


def _answered(command: RemoteCommand, answer: RemoteAnswer | None) -> Answered:
    if answer is None:
        return Answered(command, None, "", None)
    return Answered(command, Outcome(answer.outcome), answer.detail, answer.created_at)
