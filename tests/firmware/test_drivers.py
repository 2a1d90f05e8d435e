"""The settings choose the drivers, and refuse what does not go together."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.camera_replay import ReplayCamera
from firmware.drivers import make_drivers
from firmware.handsfree import HandsFree
from scanner.config import load_settings
from scanner.errors import ConfigError


@pytest.mark.parametrize(
    ("camera", "feeder", "what"),
    [
        ("usb", "simulated", "simulated"),
        ("simulated", "gpio", "simulated"),
        ("replay", "gpio", "handsfree"),
    ],
)
def test_drivers_that_do_not_go_together_are_refused(
    camera: str, feeder: str, what: str, tmp_path: Path
) -> None:
    settings = load_settings(
        camera__driver=camera, feeder__driver=feeder, camera__path=str(tmp_path)
    )
    with pytest.raises(ConfigError, match=what):
        make_drivers(settings)


def test_the_settings_choose_the_drivers(tmp_path: Path) -> None:
    settings = load_settings(
        camera__driver="replay", feeder__driver="handsfree", camera__path=str(tmp_path)
    )
    drivers = make_drivers(settings)
    assert isinstance(drivers.camera, ReplayCamera)
    assert isinstance(drivers.feeder, HandsFree)
    assert drivers.limits.feed_timeout_s is None
