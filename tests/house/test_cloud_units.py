from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import ConfigError
from sync.cloud.command import ACTIONS
from tests.house.test_units import SANDBOX, settings_of

UNITS = sorted((Path(__file__).parents[2] / "systemd/cloud").glob("*.service"))


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
    assert settings["ConditionPathExists"] == "/etc/counterscan/cloud.toml"
    assert settings["User"] == "counterscan"
    assert {key: settings.get(key) for key in SANDBOX} == SANDBOX
