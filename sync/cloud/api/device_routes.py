"""Devices: let in by a code, listed, revoked."""

from __future__ import annotations

import time
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from scanner.http.answers import Refused
from scanner.http.describe import read_body
from scanner.http.limits import Failures
from sync.cloud.api.asked import Asked
from sync.cloud.api.audit import noting
from sync.cloud.api.broker_files import BrokerFilesError
from sync.cloud.api.describe import describe
from sync.cloud.api.devices import Devices
from sync.cloud.api.gate import asker, too_many, visitor
from sync.cloud.config import CloudConfig

WRONG_CODES, WITHIN_S = 10, 600.0


class NewCode(Asked):
    """Which device is to come."""

    device: str = Field(max_length=63)


class Code(TypedDict):
    """What to type on the device: `counterscan sync enrol URL CODE`."""

    device: str
    code: str
    expires_at: datetime


class Enrolling(Asked):
    """The code that a manager made."""

    code: str = Field(max_length=40)


class Enrolled(TypedDict):
    """What a device writes into its sync.toml. The password is told this once."""

    broker: str
    user: str
    password: str
    ca: str
    trusted_keys: list[str]


class Device(TypedDict):
    """One device. `waiting` rows were not sent yet when it last said so."""

    device: str
    is_online: bool
    release: str
    seen_at: datetime | None
    enrolled_at: datetime | None
    revoked_at: datetime | None
    up_to_scan: int
    waiting: int | None


class DeviceList(TypedDict):
    """Every device that was let in or has come, by name."""

    devices: list[Device]


def make(devices: Devices, config: CloudConfig) -> Blueprint:
    """Return the routes."""
    door = Blueprint("devices", __name__)
    wrong = Failures(WRONG_CODES, WITHIN_S)
    door.register_error_handler(BrokerFilesError, _not_told)

    @door.get("/api/v1/devices")
    @describe("Every device that was let in or has come", answer=DeviceList)
    def listed() -> Response:
        return jsonify(devices=devices.all())

    @door.post("/api/v1/devices/codes")
    @describe("Make a code that lets a device in once, within 15 minutes", body=NewCode,
              answer=Code, status=201, role="manager", refusals=(502,),
              noted=("device",))  # fmt: skip
    def make_code() -> tuple[Response, int]:
        device = read_body(NewCode).device
        noting(target=device)
        code, ends = devices.make_code(device, visitor().name)
        return jsonify(device=device, code=code, expires_at=ends), HTTPStatus.CREATED

    @door.post("/api/v1/enrol")
    @describe("For a device: give the code, get its credentials at the broker", body=Enrolling,
              answer=Enrolled, role="anyone", refusals=(403, 502))  # fmt: skip
    def enrol() -> Response:
        code, client, now_mono_s = read_body(Enrolling).code, asker(), time.monotonic()
        wait_s = wrong.wait_s(client, now_mono_s)
        if wait_s:
            raise too_many(wait_s, "Too many wrong codes from this address. Wait a few minutes.")
        wrong.count(client, now_mono_s)
        let_in = devices.enrol(code)
        if let_in is None:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "This code lets nobody in: it is mistyped, used already, or older than 15 minutes. "
                "Ask for a new one.",
            )
        wrong.forgive(client)
        noting(who=f"device {let_in.device}", name=let_in.device, target=let_in.device)
        return jsonify(
            broker=config.mosquitto.address or config.broker, user=let_in.device,
            password=let_in.password, ca=_authority(config), trusted_keys=list(config.files.keys),
        )  # fmt: skip

    @door.delete("/api/v1/devices/<device>")
    @describe("Shut a device out, and cut its connection", status=204, role="manager",
              refusals=(400, 502))  # fmt: skip
    def revoke(device: str) -> Response:
        devices.revoke(device)
        return Response(status=HTTPStatus.NO_CONTENT)

    return door


def _authority(config: CloudConfig) -> str:
    """The authority that a device must trust, where its system does not know it."""
    return Path(config.ca_file).read_text(encoding="ascii") if config.ca_file else ""


def _not_told(error: BrokerFilesError) -> tuple[Response, int]:
    return jsonify(error=str(error)), HTTPStatus.BAD_GATEWAY
