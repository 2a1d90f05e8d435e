"""One device in full: what it holds, the commands to it and their answers, the log that it sent.

A command is put into the database; `cloud serve` sends it, whichever process took it in here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field, ValidationError, field_validator
from typing_extensions import TypedDict

from scanner.http.answers import Refused
from scanner.http.describe import read_body
from scanner.tables import utc_now
from sync.cloud import fleet_store
from sync.cloud.api.asked import Asked, is_text
from sync.cloud.api.audit import noting
from sync.cloud.api.describe import describe
from sync.cloud.api.device_routes import Device
from sync.cloud.api.devices import Devices
from sync.cloud.api.gate import visitor
from sync.cloud.store import CloudStore
from sync.protocol_fleet import Argument, CommandKind

MOST_UNANSWERED = 20
OWNERS_COMMANDS = frozenset({"update"})
"""What may change the programs' data on a device; the other commands are a manager's."""

State = Literal["waiting", "sent", "expired", "done", "refused", "failed"]


class NewCommand(Asked):
    """What a device is to do. `argument` is for `start`: name, expected_cards, mode."""

    command: CommandKind
    argument: Argument = Field(default={}, max_length=8)
    minutes: int = Field(10, ge=1, le=1440, description="It is done within this time, or never.")

    @field_validator("argument")
    @classmethod
    def _can_be_kept(cls, value: Argument) -> Argument:
        if not all(is_text(text) for pair in value.items() for text in map(str, pair)):
            raise ValueError("“argument” holds a character that is none.")
        return value


class CommandShown(TypedDict):
    """A command and what became of it.

    `waiting` for the cloud to send it, `sent`, `expired` without an answer, or what the device
    answered: `done`, `refused` (the shop does not allow it, or it does not fit just now) or
    `failed`; `detail` says why.
    """

    id: str
    device: str
    command: str
    argument: dict[str, str | int]
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: State
    detail: str
    sent_at: datetime | None
    answered_at: datetime | None


class CommandList(TypedDict):
    """The last fifty commands to a device, newest first."""

    commands: list[CommandShown]


class UpdateStep(TypedDict):
    """The last step of the update of `target`: `pack/GAME`, or `models`."""

    target: str
    version: str
    kind: str
    detail: str
    at: datetime


class DeviceInFull(Device):
    """One device. `packs` are the versions in use by game; `models` is empty for the program's own.

    `received` counts the rows on the cloud's disk by kind; `told_at` is when the device last said
    what it holds.
    """

    packs: dict[str, str]
    models: str
    model_id: str
    updates: list[UpdateStep]
    told_at: datetime | None
    received: dict[str, int]
    waiting_commands: list[CommandShown]


class LogSent(TypedDict):
    """The lines of its log that a device sent last, secrets blotted out by the device."""

    device: str
    command: str
    sent_at: datetime
    lines: list[str]


def make(store: CloudStore, devices: Devices) -> Blueprint:
    """Return the routes."""
    door = Blueprint("fleet", __name__)

    def known(device: str) -> dict[str, Any]:
        found = devices.one(device)
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such device.")
        return found

    @door.get("/api/v1/devices/<device>")
    @describe("One device: what it holds, what was received of it, which commands wait",
              answer=DeviceInFull, refusals=(404,))  # fmt: skip
    def one(device: str) -> Response:
        found = known(device)
        lately = map(_command, fleet_store.asked_lately(store, device))
        waiting = [each for each in lately if each["state"] in ("waiting", "sent")]
        return jsonify(
            {
                **found,
                **_holdings(store, device),
                "received": devices.received(device),
                "waiting_commands": waiting,
            }
        )

    @door.get("/api/v1/devices/<device>/log")
    @describe("The lines of its log that a device sent last; the command send_logs asks for them",
              answer=LogSent, role="manager", refusals=(404,))  # fmt: skip
    def log(device: str) -> Response:
        known(device)
        found = fleet_store.newest_log(store, device)
        if found is None:
            raise Refused(
                HTTPStatus.NOT_FOUND,
                f"{device} has sent no lines of its log yet; the command send_logs asks for them.",
            )
        return jsonify(
            device=device, command=found.command, sent_at=found.sent_at, lines=found.lines
        )

    _commands(door, store, known)
    return door


def _commands(door: Blueprint, store: CloudStore, known: Any) -> None:
    @door.post("/api/v1/devices/<device>/commands")
    @describe("Ask a device to start, pause, update (for owners) or send_logs", body=NewCommand,
              answer=CommandShown, status=202, role="manager", refusals=(404, 409),
              noted=("command", "minutes"))  # fmt: skip
    def ask(device: str) -> tuple[Response, int]:
        asked, who, found = read_body(NewCommand), visitor(), known(device)
        if asked.command in OWNERS_COMMANDS and not who.may("owner"):
            raise Refused(
                HTTPStatus.FORBIDDEN,
                f"The command {asked.command} needs the role owner; yours is {who.role}.",
            )
        if found["revoked_at"] is not None:
            raise Refused(HTTPStatus.CONFLICT, f"{device} is shut out: it hears no commands.")
        if fleet_store.count_unanswered(store, device) >= MOST_UNANSWERED:
            raise Refused(
                HTTPStatus.CONFLICT,
                f"{MOST_UNANSWERED} commands wait for {device} already: wait for its answers.",
            )
        lives = timedelta(minutes=asked.minutes)
        try:
            command = fleet_store.ask(store, device, asked.command, asked.argument, who.name, lives)
        except ValidationError as error:
            why = f"That is no command: {error.errors()[0]['msg']}."
            raise Refused(HTTPStatus.BAD_REQUEST, why) from None
        noting(id=command.id)
        made = fleet_store.Asked(device, command, "", "", None)
        return jsonify(_command(made)), HTTPStatus.ACCEPTED

    @door.get("/api/v1/devices/<device>/commands")
    @describe("The last commands to a device, and what became of them", answer=CommandList,
              refusals=(404,))  # fmt: skip
    def commands(device: str) -> Response:
        known(device)
        return jsonify(commands=list(map(_command, fleet_store.asked_lately(store, device))))

    @door.get("/api/v1/devices/<device>/commands/<command_id>")
    @describe("One command, and what the device answered", answer=CommandShown, refusals=(404,))
    def command(device: str, command_id: str) -> Response:
        found = fleet_store.find_asked(store, command_id) if is_text(command_id) else None
        if found is None or found.device != device:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such command to this device.")
        return jsonify(_command(found))


def _holdings(store: CloudStore, device: str) -> dict[str, Any]:
    told = fleet_store.holdings_of(store, device)
    if told is None:
        return {"packs": {}, "models": "", "model_id": "", "updates": [], "told_at": None}
    updates = [step.model_dump() for step in told.updates]
    return {
        "packs": told.packs, "models": told.models, "model_id": told.model_id, "updates": updates,
        "told_at": told.at,
    }  # fmt: skip


def _command(asked: fleet_store.Asked) -> CommandShown:
    command = asked.command
    return {
        "id": command.id, "device": asked.device, "command": command.kind,
        "argument": command.argument, "asked_by": command.issued_by,
        "asked_at": command.issued_at, "expires_at": command.expires_at,
        "state": state_of(asked, utc_now()), "detail": asked.detail, "sent_at": asked.sent_at,
        "answered_at": asked.answered_at,
    }  # fmt: skip


def state_of(asked: fleet_store.Asked, now: datetime) -> State:
    """Where a command stands; an answer counts however late it comes."""
    answers: tuple[State, ...] = ("done", "refused", "failed")
    for state in answers:
        if asked.outcome == state:
            return state
    if now >= asked.command.expires_at:
        return "expired"
    return "waiting" if asked.sent_at is None else "sent"
