from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import ConfigError
from sync.cloud.command import ACTIONS
from tests.house.test_units import SANDBOX, settings_of

FOLDER = Path(__file__).parents[2] / "systemd/cloud"
BROKER = FOLDER / "counterscan-cloud-broker.service"
UNITS = sorted(set(FOLDER.glob("*.service")) - {BROKER})


def test_each_process_of_the_cloud_has_its_unit() -> None:
    assert sorted(unit.stem for unit in UNITS) == [
        "counterscan-cloud",
        "counterscan-cloud-api",
        "counterscan-cloud-beat",
        "counterscan-cloud-ingest@",
        "counterscan-cloud-worker",
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_an_action_that_there_is_in_a_sandbox(unit: Path) -> None:
    settings = settings_of(unit)
    words = settings["ExecStart"].split()
    assert words[0].endswith("/counterscan")
    assert words[1] == "cloud"
    assert words[2] in ACTIONS
    assert settings["Restart"] == "always"
    assert settings["RestartPreventExitStatus"] == str(ConfigError.exit_code)
    assert settings["ConditionPathExists"] == (
        "|/etc/counterscan/cloud.toml |/var/lib/counterscan-cloud/cloud.toml"
    )
    assert settings["User"] == "counterscan"
    assert {key: settings.get(key) for key in SANDBOX} == SANDBOX


def test_the_broker_reads_what_the_cloud_may_write_and_nothing_else_of_it() -> None:
    watched = [
        line.removeprefix("PathChanged=")
        for line in BROKER.with_suffix(".path").read_text().splitlines()
        if line.startswith("PathChanged=")
    ]
    writable = settings_of(FOLDER / "counterscan-cloud.service")["ReadWritePaths"]
    assert watched == [f"{writable.removeprefix('-')}/{name}" for name in ("passwords", "acl")]
    assert settings_of(BROKER)["ExecStart"].endswith("systemctl reload mosquitto.service")
    guide = (FOLDER.parents[1] / "docs/SYNC.md").read_text(encoding="utf-8")
    for file in watched:
        assert file in guide
