from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scanner.commands import COMMANDS
from scanner.errors import ConfigError
from scanner.supervisor import AGAIN

FOLDER = Path(__file__).parents[2] / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
SANDBOX = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "ProtectKernelModules": "yes",
    "RestrictNamespaces": "yes",
    "LockPersonality": "yes",
}


def settings_of(unit: Path) -> dict[str, str]:
    """Every `Key=value` of a unit; keys stand once only, apart from the places of a condition."""
    found: dict[str, str] = {}
    for line in unit.read_text().splitlines():
        if "=" in line and line[0] not in "#[":
            key, value = line.split("=", 1)
            assert key not in found or key == "ConditionPathExists", f"{key} twice in {unit.name}"
            found[key] = f"{found[key]} {value}" if key in found else value
    return found


def test_each_process_has_its_unit() -> None:
    assert [unit.stem for unit in UNITS] == [
        "counterscan-feed",
        "counterscan-sync",
        "counterscan-web",
    ]


def test_the_exchange_starts_wherever_the_pairing_may_lie() -> None:
    settings = settings_of(FOLDER / "counterscan-sync.service")
    data = settings["Environment"].split()[0].removeprefix("COUNTERSCAN_DATA_DIR=")
    assert settings["ConditionPathExists"] == f"|/etc/counterscan/sync.toml |{data}/sync.toml"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
class TestUnit:
    def test_it_starts_the_sub_command_of_its_name(self, unit: Path) -> None:
        name = unit.stem.removeprefix("counterscan-")
        assert settings_of(unit)["ExecStart"].endswith(f"/counterscan {name}")

    def test_it_is_skipped_rather_than_failed_while_its_command_is_not_there(
        self, unit: Path
    ) -> None:
        settings = settings_of(unit)
        command = settings["ExecStart"].split()[-1]
        assert command in COMMANDS or "ConditionPathExists" in settings

    def test_it_is_restarted_unless_a_person_must_mend_the_settings(self, unit: Path) -> None:
        settings = settings_of(unit)
        assert settings["Restart"] == "always"
        assert settings["StartLimitIntervalSec"] == "0"
        assert settings["RestartPreventExitStatus"] == str(ConfigError.exit_code)
        assert str(AGAIN) in settings["SuccessExitStatus"].split()

    def test_it_runs_as_its_own_user_in_a_sandbox(self, unit: Path) -> None:
        settings = settings_of(unit)
        assert settings["User"] == "counterscan"
        assert {key: settings.get(key) for key in SANDBOX} == SANDBOX

    def test_it_promises_no_watchdog_that_the_process_does_not_feed(self, unit: Path) -> None:
        assert "WatchdogSec" not in settings_of(unit)

    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
    def test_systemd_understands_every_line(self, unit: Path, tmp_path: Path) -> None:
        settings = settings_of(unit)
        text = unit.read_text().replace(settings["ExecStart"], "/bin/true")
        (tmp_path / unit.name).write_text(text)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--recursive-errors=no", str(tmp_path / unit.name)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stderr == ""
        assert done.returncode == 0


def test_the_feed_loop_waits_for_neither_of_the_other_two() -> None:
    settings = settings_of(FOLDER / "counterscan-feed.service")
    for key in ("After", "Requires", "Wants", "BindsTo"):
        assert "web" not in settings.get(key, "")
        assert "sync" not in settings.get(key, "")
        assert "network" not in settings.get(key, "")
