"""One device over REST: what it holds, commands to it and their answers, its log; a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from scanner.config import load_settings
from scanner.store import Store
from sync.agent import Agent
from sync.bench_broker import Broker
from sync.bench_log import FilledLog
from sync.cloud.api.app import create_app
from sync.cloud.api.fleet_routes import (
    MOST_UNANSWERED,
    CommandList,
    CommandShown,
    DeviceInFull,
    LogSent,
)
from sync.cloud.config import CloudConfig
from sync.cloud.fleet_store import keep_told
from sync.cloud.postgres import Postgres
from sync.cloud.store import CloudStore
from sync.cloud.tables_fleet import DEVICE_COMMAND
from sync.fleet import Fleet
from sync.protocol import DeviceState
from sync.protocol_fleet import CommandAnswer, CommandAnswers, Holdings, LogLines, UpdateTold
from tests.sync.api.conftest import Asker, Cloud, fits
from tests.sync.conftest import DEVICE, OTHER, Running, pairing, service, until
from tests.sync.update_kit import IMPATIENT

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
COMMANDS = f"/api/v1/devices/{DEVICE}/commands"


@pytest.fixture
def either_fleet(either_api: Cloud) -> Cloud:
    """A cloud that has seen one device."""
    either_api.store.take_states({DEVICE: DeviceState(online=True, release="1")})
    return either_api


def tell(cloud: Cloud, told: Any) -> None:
    with cloud.store.log.write() as session:
        keep_told(session.connection(), DEVICE, told)


class Shop:
    """A device on a real broker, its cloud, and the API in a process's worth of its own."""

    def __init__(
        self, broker: Broker, filled: FilledLog, store: Store, cloud: CloudStore, running: Running
    ) -> None:
        self._broker, self._filled, self._store = broker, filled, store
        self._cloud, self._running = cloud, running

    def start(self, *allowed: str) -> None:
        settings = load_settings(data_dir=self._filled.data_dir, sync__allow_remote=allowed)
        paired = pairing(self._broker.port)
        fleet = Fleet(settings, self._store, paired, limits=IMPATIENT)
        self._running.start(service(self._cloud, self._broker.port))
        self._running.start(Agent(self._store, paired, fleet=fleet, longest_back_off_s=0.2))


@pytest.fixture
def shop(
    broker: Broker, filled: FilledLog, device_store: Store, either_cloud: CloudStore,
    running: Running,
) -> Iterator[Shop]:  # fmt: skip
    yield Shop(broker, filled, device_store, either_cloud, running)
    running.stop()


@pytest.fixture
def manager(either_cloud: CloudStore, tmp_path: Path) -> Iterator[Asker]:
    """Asks an API that has nothing in common with the service but the database."""
    url = ""
    if isinstance(either_cloud.log, Postgres):
        url = either_cloud.log.engine.url.render_as_string(hide_password=False)
    with CloudStore(tmp_path / "cloud", url) as own:
        yield Cloud(create_app(own, CloudConfig()), own).key("manager")[0]


def answered(asker: Asker, command: dict[str, Any]) -> dict[str, Any]:
    """Ask a device, and wait for what it answers."""
    asked = asker.told(COMMANDS, command, status=202)
    assert asked["state"] == "waiting"
    found: dict[str, Any] = {}

    def settled() -> bool:
        found.update(asker.told(f"{COMMANDS}/{asked['id']}"))
        return found["state"] not in ("waiting", "sent")

    until(settled)
    return found


def test_a_command_reaches_the_device_and_its_answer_comes_back(
    shop: Shop, manager: Asker, filled: FilledLog
) -> None:
    filled.add_scans(7)
    shop.start("pause", "send_logs")
    until(lambda: manager.ask(f"/api/v1/devices/{DEVICE}").status_code == 200)
    assert manager.ask(f"/api/v1/devices/{DEVICE}/log").status_code == 404
    said = answered(manager, {"command": "send_logs"})
    assert (said["state"], said["detail"], said["asked_by"]) == (
        "done",
        "The lines were sent.",
        "till",
    )
    until(lambda: manager.ask(f"/api/v1/devices/{DEVICE}/log").status_code == 200)
    log = manager.told(f"/api/v1/devices/{DEVICE}/log")
    assert log["command"] == said["id"]
    assert any("exchange connected" in line for line in log["lines"])
    assert not any(pairing(1).password in line for line in log["lines"])
    until(lambda: manager.told(f"/api/v1/devices/{DEVICE}")["received"].get("scan") == 7)
    assert [each["id"] for each in manager.told(COMMANDS)["commands"]] == [said["id"]]


def test_what_the_shop_does_not_allow_is_told_as_the_device_said_it(
    shop: Shop, manager: Asker
) -> None:
    shop.start("pause")
    until(lambda: manager.ask(f"/api/v1/devices/{DEVICE}").status_code == 200)
    said = answered(manager, {"command": "start", "argument": {"name": "Box"}})
    assert said["state"] == "refused"
    assert "does not allow 'start'" in said["detail"]
    assert said["answered_at"]


def test_a_device_is_told_in_full(either_fleet: Cloud) -> None:
    reader, _ = either_fleet.key()
    told = reader.told(f"/api/v1/devices/{DEVICE}")
    assert (told["packs"], told["told_at"], told["waiting_commands"]) == ({}, None, [])
    step = UpdateTold(target="pack/demo", version="2", kind="refused", detail="altered", at=NOW)
    tell(
        either_fleet,
        Holdings(at=NOW, packs={"demo": "1"}, models="", model_id="net-1", updates=[step]),
    )
    manager, _ = either_fleet.key("manager")
    asked = manager.told(COMMANDS, {"command": "pause"}, status=202)
    told = reader.told(f"/api/v1/devices/{DEVICE}")
    assert (told["is_online"], told["packs"], told["model_id"]) == (True, {"demo": "1"}, "net-1")
    assert told["told_at"] == "2026-05-01T12:00:00Z"
    [shown] = told["updates"]
    assert (shown["version"], shown["kind"], shown["detail"]) == ("2", "refused", "altered")
    assert [each["id"] for each in told["waiting_commands"]] == [asked["id"]]
    fits(DeviceInFull, told, "device")
    fits(CommandShown, asked, "asked")
    fits(CommandList, reader.told(COMMANDS), "commands")
    tell(
        either_fleet,
        CommandAnswers(answers=[CommandAnswer(id=asked["id"], outcome="done", at=NOW)]),
    )
    assert reader.told(f"{COMMANDS}/{asked['id']}")["state"] == "done"
    assert reader.told(f"/api/v1/devices/{DEVICE}")["waiting_commands"] == []
    tell(either_fleet, LogLines(command=asked["id"], at=NOW, lines=["é", "two"]))
    log = manager.told(f"/api/v1/devices/{DEVICE}/log")
    fits(LogSent, log, "log")
    assert log["lines"] == ["é", "two"]
    assert reader.ask(f"/api/v1/devices/{DEVICE}/log").status_code == 403


def test_a_command_that_nobody_answered_has_expired(either_fleet: Cloud) -> None:
    manager, _ = either_fleet.key("manager")
    asked = manager.told(COMMANDS, {"command": "pause", "minutes": 1}, status=202)
    passed = update(DEVICE_COMMAND).values(expires_at=NOW - timedelta(minutes=1))
    with either_fleet.store.log.write() as session:
        session.connection().execute(passed)
    assert manager.told(f"{COMMANDS}/{asked['id']}")["state"] == "expired"
    assert manager.told(f"/api/v1/devices/{DEVICE}")["waiting_commands"] == []


def test_only_an_owner_has_devices_updated_and_a_reader_commands_nothing(
    either_fleet: Cloud,
) -> None:
    owner, manager, reader = (either_fleet.key(role)[0] for role in ("owner", "manager", "reader"))
    refused = manager.told(COMMANDS, {"command": "update"}, status=403)
    assert "needs the role owner" in refused["error"]
    reader.told(COMMANDS, {"command": "pause"}, status=403)
    either_fleet.stranger.told(COMMANDS, {"command": "pause"}, status=401)
    assert owner.told(COMMANDS, {"command": "update"}, status=202)["command"] == "update"
    assert len(reader.told(COMMANDS)["commands"]) == 1


def test_what_is_no_command_is_refused_in_words(either_fleet: Cloud) -> None:
    owner, _ = either_fleet.key("owner")
    for body in (
        {}, {"command": "reboot"}, {"command": "pause", "minutes": 0},
        {"command": "pause", "minutes": 1441}, {"command": "pause", "by": "me"},
        {"command": "start", "argument": {"name": "a\0b"}},
        {"command": "start", "argument": {"name": ["a"]}},
        {"command": "start", "argument": {"name": "x" * 500}},
        {"command": "start", "argument": {str(n): 1 for n in range(9)}},
        {"command": "start", "argument": {"expected_cards": -1}},
    ):  # fmt: skip
        assert len(owner.told(COMMANDS, body, status=400)["error"]) > 5
    half = b'{"command": "start", "argument": {"name": "\\ud800"}}'
    answer = owner.client.post(
        COMMANDS, data=half, content_type="application/json",
        headers={"Authorization": f"Bearer {owner.secret}"},
    )  # fmt: skip
    assert answer.status_code == 400
    assert owner.told(COMMANDS)["commands"] == []


def test_an_unknown_device_and_anothers_command_are_not_there(either_fleet: Cloud) -> None:
    owner, _ = either_fleet.key("owner")
    either_fleet.store.take_states({OTHER: DeviceState(online=True)})
    theirs = owner.told(f"/api/v1/devices/{OTHER}/commands", {"command": "pause"}, status=202)
    for path in (
        "/api/v1/devices/counter-9", "/api/v1/devices/..%2fx", "/api/v1/devices/%00",
        "/api/v1/devices/counter-9/log", "/api/v1/devices/counter-9/commands",
        f"{COMMANDS}/{theirs['id']}", f"{COMMANDS}/%00", f"{COMMANDS}/'%20OR%20'1'='1",
    ):  # fmt: skip
        assert owner.ask(path).status_code == 404, path
    told = owner.told("/api/v1/devices/counter-9/commands", {"command": "pause"}, status=404)
    assert told["error"] == "There is no such device."


def test_commands_do_not_pile_up(either_fleet: Cloud) -> None:
    owner, _ = either_fleet.key("owner")
    for _ in range(MOST_UNANSWERED):
        owner.told(COMMANDS, {"command": "pause"}, status=202)
    told = owner.told(COMMANDS, {"command": "pause"}, status=409)
    assert f"{MOST_UNANSWERED} commands wait for {DEVICE}" in told["error"]
