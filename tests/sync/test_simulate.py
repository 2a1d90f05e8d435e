from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from scanner.cli import main
from sync.bench_broker import CLOUD, PASSWORD, Broker
from sync.bench_progress import Progress, hushed
from sync.cloud.simulate_command import _Waiting
from sync.cloud.store import CloudStore
from tests.sync.conftest import Running, pairing, service, until

FLEET = ("--devices", "6", "--rate", "4", "--seconds", "3", "--json")


def simulated(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, float]:
    assert main(["--log-level", "error", "cloud", "simulate", *FLEET, *words]) == 0
    found: dict[str, float] = json.loads(capsys.readouterr().out)
    return found


def test_a_fleets_scans_are_all_stored_and_no_device_says_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cloud", "simulate", *FLEET]) == 0
    said = capsys.readouterr()
    assert "connected to" not in said.err
    assert "sent" not in said.err
    report = json.loads(said.out)
    assert report["devices"] == 6
    assert report["lost"] == 0
    assert report["stored"] == report["acknowledged"] == report["scans"] > 6
    assert report["publish_to_stored_ms_p95"] >= report["publish_to_stored_ms_p50"] > 0
    assert report["cloud_mb_last_quarter"] > 10


def test_a_fleet_against_a_cloud_that_runs_knows_what_devices_are_told(
    tmp_path: Path, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    users = tuple(f"simulated-{number}" for number in range(1, 7))
    with Broker(tmp_path / "broker", users) as broker, CloudStore(tmp_path / "cloud") as store:
        running.start(service(store, broker.port))
        until(lambda: f"u'{CLOUD}'" in (broker.folder / "mosquitto.log").read_text(), 60)
        address = pairing(broker.port).broker
        report = simulated(capsys, "--broker", address, "--password-file", str(secret))
        running.stop()
        assert report["lost"] == 0
        assert report["told_stored"] == report["scans"] > 6
        assert "stored" not in report


def test_how_long_scans_waited() -> None:
    waiting = _Waiting()
    for number in range(1, 101):
        waiting.made("a", number, 0.0)
    assert waiting.quantile_ms(0.5) is None
    waiting.seen("a", 50, 1.0)
    waiting.seen("b", 50, 1.0)
    waiting.seen("a", 99, 3.0)
    assert (waiting.left(), waiting.quantile_ms(0.25), waiting.quantile_ms(0.95)) == (1, 1000, 3000)


def test_what_does_not_fit_together_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cloud", "simulate", "--devices", "0"]) == 2
    assert main(["cloud", "simulate", "--broker", "mqtt://127.0.0.1"]) == 2
    assert "--password-file belong together" in capsys.readouterr().err


def test_a_line_comes_now_and_then() -> None:
    said, now = io.StringIO(), [100.0]
    progress = Progress(lambda: "7 online", 10, said, lambda: now[0])
    for at in (100.0, 109.9, 110.0, 111.0, 165.0, 166.0):
        now[0] = at
        progress.turn()
    assert said.getvalue() == "00:10  7 online\n01:05  7 online\n"


def test_hushed_loggers_speak_again_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with hushed("sync.link"):
        logging.getLogger("sync.link").warning("one of five hundred")
        logging.getLogger("sync.agent").warning("another")
    logging.getLogger("sync.link").warning("alone")
    assert [record.message for record in caplog.records] == ["another", "alone"]
