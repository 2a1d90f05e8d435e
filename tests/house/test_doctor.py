from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from scanner import doctor_checks, doctor_hardware
from scanner.config import load_settings
from scanner.doctor_checks import Status
from scanner.doctor_hardware import check_camera, check_feeder
from tests.conftest import Counterscan


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty /dev."""
    folder = tmp_path / "dev"
    folder.mkdir()
    monkeypatch.setattr(doctor_hardware, "DEVICES", folder)
    return folder


def test_a_machine_without_a_pack_is_told_what_to_do(
    counterscan: Counterscan, tmp_path: Path
) -> None:
    done = counterscan("--data", tmp_path, "doctor", "--json")
    answer = json.loads(done.stdout)
    checks = {check["name"]: check for check in answer["checks"]}
    assert done.returncode == 1
    assert answer["ok"] is False
    assert checks["packs"]["status"] == "bad"
    assert "catalog build" in checks["packs"]["found"]
    assert checks["libraries"]["status"] == "ok"
    assert "SIMULATED" in checks["camera"]["found"]
    assert "Traceback" not in done.stderr


def test_every_trouble_comes_with_a_remedy(counterscan: Counterscan, tmp_path: Path) -> None:
    checks = json.loads(counterscan("--data", tmp_path, "doctor", "--json").stdout)["checks"]
    for check in checks:
        assert bool(check["remedy"]) == (check["status"] != "ok"), check


def test_looking_changes_nothing(counterscan: Counterscan, tmp_path: Path) -> None:
    counterscan("--data", tmp_path / "none", "doctor")
    assert not (tmp_path / "none").exists()


def test_a_data_folder_below_a_file_can_not_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check = doctor_checks.check_data_folder(load_settings(data_dir=tmp_path / "file" / "data"))
    assert check.status is Status.BAD
    assert "chown" in check.remedy


def test_a_busy_port_is_noted() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = doctor_checks.check_port(load_settings(web__host="127.0.0.1", web__port=port))
    free = doctor_checks.check_port(load_settings(web__host="127.0.0.1", web__port=port))
    assert busy.status is Status.NOTE
    assert "web.port" in busy.remedy
    assert free.status is Status.GOOD


def test_a_full_disk_is_bad_and_a_nearly_full_one_is_noted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def free(megabytes: int) -> Status:
        usage = doctor_checks.shutil.disk_usage(tmp_path)._replace(free=megabytes * 1_000_000)
        with monkeypatch.context() as patch:
            patch.setattr(doctor_checks.shutil, "disk_usage", lambda _path: usage)
            return doctor_checks.check_disk(load_settings(data_dir=tmp_path)).status

    assert free(50) is Status.BAD
    assert free(1_000) is Status.NOTE
    assert free(50_000) is Status.GOOD


def test_a_damaged_log_is_bad(tmp_path: Path) -> None:
    (tmp_path / "counterscan.db").write_bytes(b"not a database, " * 512)
    assert doctor_checks.check_log(load_settings(data_dir=tmp_path)).status is Status.BAD


def test_the_usb_camera_is_looked_for_by_its_number(devices: Path) -> None:
    settings = load_settings(camera={"driver": "usb", "device": 2})
    assert check_camera(settings).status is Status.BAD
    (devices / "video2").touch()
    assert check_camera(settings).status is Status.GOOD


def test_the_pi_camera_needs_its_library(devices: Path) -> None:
    check = check_camera(load_settings(camera__driver="picamera2"))
    assert check.status is Status.BAD
    assert "apt-get install python3-picamera2" in check.remedy


def test_the_replay_needs_its_folder(tmp_path: Path) -> None:
    there = load_settings(camera={"driver": "replay", "path": str(tmp_path)})
    gone = load_settings(camera={"driver": "replay", "path": str(tmp_path / "gone")})
    assert check_camera(there).status is Status.NOTE
    assert check_camera(gone).status is Status.BAD


def test_the_gpio_feeder_needs_a_pi(devices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(feeder__driver="gpio")
    assert check_feeder(settings).status is Status.BAD
    monkeypatch.setattr(doctor_hardware.importlib.util, "find_spec", lambda _name: object())
    assert "Raspberry Pi" in check_feeder(settings).remedy
    (devices / "gpiochip0").touch()
    assert check_feeder(settings).status is Status.GOOD


def test_hands_need_nothing() -> None:
    assert check_feeder(load_settings(feeder__driver="handsfree")).status is Status.GOOD
