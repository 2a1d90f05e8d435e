"""Commands of the cloud: only what the shop allows, at most once, answered; and the log lines."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.config import load_settings
from scanner.store import Store
from scanner.store_updates import Answered
from scanner.tables_updates import RemoteCommand
from sync.agent import Agent
from sync.bench_broker import CLOUD, Broker
from sync.bench_log import FilledLog
from sync.cloud.fleet_store import ask, find_asked, last_log
from sync.cloud.store import CloudStore
from sync.fleet import Fleet
from sync.link import Verdict
from sync.log_lines import blotted, fitting
from sync.protocol import device_topic
from sync.protocol_fleet import DeviceCommand, LogLines
from sync.remote_plan import refusal
from sync.wire import pack, pack_json, unpack
from tests.sync.conftest import DEVICE, OTHER, Running, pairing, service, until
from tests.sync.test_exchange import Peer
from tests.sync.update_kit import IMPATIENT

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LIVES = timedelta(minutes=10)


def command(kind: str = "pause", **changed: object) -> DeviceCommand:
    fields: dict[str, object] = {
        "id": "abcdefgh", "kind": kind, "issued_at": NOW, "expires_at": NOW + LIVES, **changed
    }  # fmt: skip
    return DeviceCommand.model_validate(fields)


@pytest.mark.parametrize(
    ("asked", "allowed", "now", "words"),
    [
        (command(), ["pause"], NOW, ""),
        (command(), [], NOW, "does not allow 'pause'"),
        (command(), ["start", "update"], NOW, "does not allow 'pause'"),
        (command(), ["pause"], NOW + LIVES, "too late"),
        (command(expires_at=NOW + timedelta(days=2)), ["pause"], NOW, "longer than a day"),
        (command("start", argument={"name": "Box"}), ["start"], NOW, ""),
        (command("start", argument={"bins": 3}), ["start"], NOW, "takes no 'bins'"),
        (command("update", argument={"name": "x"}), ["update"], NOW, "takes no 'name'"),
    ],
)
def test_what_may_be_done(
    asked: DeviceCommand, allowed: list[str], now: datetime, words: str
) -> None:
    said = refusal(asked, allowed, now)
    assert (words in said) if words else said == ""


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("connecting to mqtts://counter-1:hunter2@cloud.example", "hunter2"),
        ('password = "swordfish"', "swordfish"),
        ("api_key: abc", "abc"),
        ("Authorization: Bearer eyJhbGciOi.eyJzdWIi.sig", "eyJ"),
        ("got the secret not-so-long here", "not-so-long"),
        ("token 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "9f86d081884c7d659a2feaa0"),
    ],
)
def test_secrets_are_blotted_out(line: str, gone: str) -> None:
    said = blotted(line, ["not-so-long"])
    assert gone not in said
    assert "[…]" in said


def test_plain_words_stay() -> None:
    line = "2026-05-01T12:00:00Z machine jam: The exit beam stays broken; bin 3 of 12, 1.5 s."
    assert blotted(line, [""]) == line


class Ends:
    """Both ends, the device allowing what a test says."""

    def __init__(
        self, broker: Broker, filled: FilledLog, store: Store, cloud: CloudStore, running: Running
    ) -> None:
        self._broker, self._filled, self._running = broker, filled, running
        self.store, self.cloud = store, cloud

    def start(self, *allowed: str) -> None:
        settings = load_settings(data_dir=self._filled.data_dir, sync__allow_remote=allowed)
        paired = pairing(self._broker.port)
        fleet = Fleet(settings, self.store, paired, limits=IMPATIENT)
        self._running.start(service(self.cloud, self._broker.port))
        self._running.start(Agent(self.store, paired, fleet=fleet, longest_back_off_s=0.2))
        until(lambda: self.store.sync_event() is not None)

    def outcome(self, kind: str, **argument: str | int) -> tuple[str, str]:
        """Ask through the cloud and wait for the answer there."""
        asked = ask(self.cloud, DEVICE, kind, argument, "Ada", LIVES)
        until(lambda: self._asked(asked.id)[0] != "", 60)
        return self._asked(asked.id)

    def _asked(self, key: str) -> tuple[str, str]:
        found = find_asked(self.cloud, key)
        assert found is not None
        return found.outcome, found.detail

    def kept(self) -> list[Answered]:
        return self.store.remote_commands(50)


@pytest.fixture
def machine(filled: FilledLog) -> Iterator[Store]:
    """The log as the feed process has it."""
    with Store.open(filled.data_dir, role="feed") as store:
        yield store


@pytest.fixture
def ends(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> Iterator[Ends]:  # fmt: skip
    yield Ends(broker, filled, device_store, cloud_store, running)
    running.stop()


def test_nothing_is_allowed_unless_the_shop_says_so(ends: Ends) -> None:
    ends.start()
    for kind in ("start", "pause", "update", "send_logs"):
        outcome, why = ends.outcome(kind)
        assert (outcome, "sync.allow_remote" in why) == ("refused", True)
    assert [each.command.is_allowed for each in ends.kept()] == [False] * 4
    assert ends.store.pending_remote(["start", "pause"]) == []


def test_the_machine_obeys_a_command_that_is_allowed_and_the_cloud_hears_of_it(
    ends: Ends, machine: Store
) -> None:
    ends.start("start", "pause")
    asked = ask(ends.cloud, DEVICE, "start", {"name": "Box"}, "Ada", LIVES)
    until(lambda: bool(machine.pending_remote(["start", "pause"])), 60)
    [row] = machine.pending_remote(["start", "pause"])
    assert (row.kind, row.argument) == ("start", {"name": "Box"})
    machine.finish_command(row.id or 0, "done")
    until(lambda: (found := find_asked(ends.cloud, asked.id)) is not None and found.outcome != "")
    assert (found := find_asked(ends.cloud, asked.id)) is not None
    assert found.outcome == "done"
    assert machine.pending_remote(["start", "pause"]) == []
    [kept] = ends.kept()
    assert (kept.command.issued_by, kept.outcome) == ("Ada", "done")


def test_the_machines_own_refusal_reaches_the_cloud(ends: Ends, machine: Store) -> None:
    ends.start("pause")
    asked = ask(ends.cloud, DEVICE, "pause", {}, "Ada", LIVES)
    until(lambda: bool(machine.pending_remote(["pause"])), 60)
    [row] = machine.pending_remote(["pause"])
    machine.finish_command(row.id or 0, "The machine can't pause while it is idle.")
    until(lambda: (found := find_asked(ends.cloud, asked.id)) is not None and found.outcome != "")
    found = find_asked(ends.cloud, asked.id)
    assert found is not None
    assert (found.outcome, found.detail) == ("refused", "The machine can't pause while it is idle.")


def test_log_lines_come_without_secrets(ends: Ends) -> None:
    ends.start("send_logs", "update")
    assert ends.outcome("update")[0] == "done"
    assert ends.outcome("send_logs") == ("done", "The lines were sent.")
    until(lambda: bool(last_log(ends.cloud, DEVICE)), 60)
    lines = last_log(ends.cloud, DEVICE)
    assert any("exchange connected" in line for line in lines)
    assert not any(pairing(1).password in line for line in lines)


def many_lines(count: int) -> list[str]:
    """Lines that compress badly."""
    letters = "abcdefghijklmnopqrstuvwxyzäöü "
    return [f"{n} " + "".join(random.Random(n).choices(letters, k=1900)) for n in range(count)]


def test_of_more_lines_than_a_message_holds_the_newest_come(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker drops a message that is larger than the cloud takes, and says nothing."""
    lines = many_lines(1500)
    monkeypatch.setattr("sync.log_lines._journal", lambda: lines)
    monkeypatch.setattr("sync.log_lines._events", lambda _store: ["the newest"])
    ends.start("send_logs")
    outcome, detail = ends.outcome("send_logs")
    until(lambda: bool(last_log(ends.cloud, DEVICE)), 60)
    first, *came = last_log(ends.cloud, DEVICE)
    left_out = len(lines) + 1 - len(came)
    assert (outcome, detail) == (
        "done", f"The lines were sent. {left_out} older ones did not fit into one message.",
    )  # fmt: skip
    assert first == f"[{left_out} older lines are left out: they do not fit.]"
    assert came == [*lines, "the newest"][left_out:]
    assert len(came) > 500


def test_lines_that_fit_come_all() -> None:
    lines = many_lines(300)
    assert fitting("c", NOW, lines) == (LogLines(command="c", at=NOW, lines=lines), 0)
    huge = ["🂡" * 2000] * 5000  # short once compressed, and too long to be opened
    message, left_out = fitting("c", NOW, huge)
    assert 0 < left_out < 5000
    assert unpack(pack(message), LogLines) == message


def test_a_replayed_command_is_done_once_and_an_expired_one_never(
    ends: Ends, broker: Broker, machine: Store
) -> None:
    ends.start("pause")
    cloud = Peer(broker.port, CLOUD)
    topic = device_topic(DEVICE, "down", "command")
    now = datetime.now(UTC)
    good = command(id="replayed-1", issued_at=now, expires_at=now + LIVES)
    late = command(id="expired-11", issued_at=now - LIVES, expires_at=now - timedelta(seconds=1))
    useless = [b"x", b"{}", b'{"id": "' + b"y" * 900_000 + b'"}', b"\xff" * 100]
    for payload in (pack_json(good), *useless, pack_json(late), pack_json(good), pack_json(good)):
        cloud.publish(topic, payload)
    until(lambda: len(ends.kept()) == 2, 60)
    names = {each.command.name: each for each in ends.kept()}
    assert names["expired-11"].outcome == "refused"
    assert "too late" in names["expired-11"].detail
    [row] = machine.pending_remote(["pause"])
    machine.finish_command(row.id or 0)
    until(lambda: {e.command.name: e.outcome for e in ends.kept()}["replayed-1"] == "done", 60)
    cloud.publish(topic, pack_json(good))
    again = command(id="fresh-one-1", issued_at=now, expires_at=now + LIVES)
    cloud.publish(topic, pack_json(again))
    until(lambda: len(ends.kept()) == 3, 60)
    assert [one.id for one in machine.pending_remote(["pause"])] == [
        -(ends.kept()[0].command.id or 0)
    ]


def test_what_a_restart_interrupted_is_not_done_again(ends: Ends, device_store: Store) -> None:
    now = datetime.now(UTC)
    device_store.add_remote_command(
        RemoteCommand(
            name="interrupted", kind="send_logs", is_allowed=True, issued_at=now,
            expires_at=now + LIVES,
        )
    )  # fmt: skip
    ends.start("send_logs")
    until(lambda: ends.kept()[0].outcome is not None, 60)
    assert (ends.kept()[0].outcome, ends.kept()[0].detail) == (
        "failed", "The device was restarted meanwhile.",
    )  # fmt: skip


def test_a_device_that_never_came_gets_no_command(
    broker: Broker, cloud_store: CloudStore, running: Running
) -> None:
    running.start(service(cloud_store, broker.port))
    asked = ask(cloud_store, OTHER, "pause", {}, "", LIVES)
    until(lambda: (found := find_asked(cloud_store, asked.id)) is not None and found.outcome != "")
    found = find_asked(cloud_store, asked.id)
    assert found is not None
    assert found.outcome == "failed"
    assert "never connected" in found.detail
    running.stop()


def test_only_the_cloud_may_announce_and_command(broker: Broker) -> None:
    spy = Peer(broker.port, DEVICE, device_topic(OTHER, "down", "command"))
    for topic in (
        device_topic(DEVICE, "down", "command"), device_topic(OTHER, "down", "command"),
        device_topic(OTHER, "up", "answers"), device_topic(OTHER, "up", "log"),
        device_topic(OTHER, "up", "holdings"), "counterscan/1/pack/drawn/stable",
        "counterscan/1/models/stable",
    ):  # fmt: skip
        assert spy.publish(topic) is Verdict.REFUSED, topic
    cloud = Peer(broker.port, CLOUD)
    victim = Peer(broker.port, OTHER, device_topic(OTHER, "down", "+"))
    assert cloud.publish(device_topic(OTHER, "down", "command"), b"theirs") is Verdict.KEPT
    until(lambda: victim.turn() and bool(victim.heard))
    spy.publish(device_topic(DEVICE, "up", "scan"), b"last")
    assert (spy.heard, victim.heard) == ([], [b"theirs"])


def test_the_environment_may_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSCAN_SYNC_ALLOW_REMOTE", "pause, update")
    assert load_settings(data_dir=tmp_path).sync.allow_remote == ("pause", "update")
