"""The calibration measures the machine as it stands and says what to change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware.calibrate import calibrate, text_of
from firmware.calibrate_measures import advice, jam_timeout_s, measure_placement, settle_s
from firmware.camera import checked_frame
from firmware.doctor import feed_runs
from firmware.drivers import Drivers
from firmware.phases import Limits
from firmware.simulated.virtual_time import VirtualClock
from scanner.config import load_settings
from scanner.errors import FeederError
from scanner.store import Store


def corners(left: float, top: float, wide: float, high: float) -> Any:
    return np.float32(
        [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]
    )


def frame() -> Any:
    rng = np.random.default_rng(1)
    return rng.integers(60, 200, (864, 1536, 3)).astype(np.uint8)


def test_a_card_that_lies_well_needs_no_advice() -> None:
    placed = measure_placement(frame(), corners(554, 130, 428, 600))
    assert placed.height_share == pytest.approx(0.69, abs=0.01)
    assert abs(placed.off_x) < 0.01
    assert advice(placed) == []


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (corners(700, 350, 150, 210), "bring the camera nearer"),
        (corners(450, 10, 600, 840), "take the camera further away"),
        (corners(30, 130, 428, 600), "move the camera left"),
        (np.float32([(554, 130), (982, 130), (1010, 730), (526, 730)]), "hold the camera level"),
        (np.float32([(700, 100), (1090, 280), (840, 820), (450, 640)]), "turned by"),
    ],
)
def test_a_card_that_lies_badly_is_told_what_to_move(where: Any, says: str) -> None:
    assert any(says in sentence for sentence in advice(measure_placement(frame(), where)))


def test_the_rest_is_what_a_card_needs_until_nothing_changes() -> None:
    rng = np.random.default_rng(1)
    still = rng.integers(0, 255, (90, 160, 3)).astype(np.uint8)
    moving = [np.roll(still, shift, axis=1) for shift in (9, 6, 2)]
    frames = [(10.0 + 0.05 * n, picture) for n, picture in enumerate([*moving, still, still])]
    assert settle_s(frames) == pytest.approx(0.15)
    assert settle_s([(1.0, still), (1.1, still)]) == 0


def test_a_jam_is_called_four_times_after_the_slowest_way() -> None:
    assert jam_timeout_s([0.4, 0.6]) == 2.4
    assert jam_timeout_s([0.1]) == 1.0


def test_the_simulated_machine_is_measured_part_by_part(
    counterscan: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSCAN_SORTER_DRIVER", "servo")
    done = counterscan("--data", tmp_path / "none", "calibrate", "--json", "--cards", "2")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["figures"]) == {"feeder", "camera", "sorter"}
    assert found["advice"] == []
    assert 1.0 <= found["settings"]["feeder"]["jam_timeout_s"] < 10
    assert not (tmp_path / "none").exists()


def test_a_part_that_is_not_there_and_a_running_feed_are_refused(
    counterscan: Callable[..., Any], tmp_path: Path
) -> None:
    done = counterscan("--data", tmp_path, "calibrate", "wheels")
    assert done.returncode == 2
    assert "choose from camera, feeder, sorter" in done.stderr
    with Store.open(tmp_path, role="feed"):
        assert feed_runs(load_settings(data_dir=tmp_path))
        done = counterscan("--data", tmp_path, "calibrate")
    assert done.returncode == 1
    assert "stop it first" in done.stderr
    assert not feed_runs(load_settings(data_dir=tmp_path))


class Answers:
    """A person who turns the chute of bin 2 twice."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return "+" if "bin 2" in question and len(self.asked) < 4 else ""


def test_a_person_corrects_an_angle_until_it_fits(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(bins=3)
    sorter = bench.machine.gate.sorter
    sorter._now_s = iter(np.arange(0, 1000, 0.5)).__next__
    settings = load_settings(sorter__driver="servo", sorter__bins=3)
    drivers = Drivers(bench.camera, bench.feeder, Limits(), lambda: None, sorter=sorter)
    answers = Answers()
    found = calibrate(settings, drivers, ["sorter"], 1, answers)
    assert found.settings["sorter"]["bin_angles_deg"] == [-67.5, 4.0, 67.5]
    assert "bin_angles_deg = [-67.5, 4.0, 67.5]" in text_of(found)
    assert not bench.mechanism.motors_on


def test_a_machine_that_moves_no_card_says_what_to_look_at(
    make_bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.calibrate_parts.TRAVEL_TIMEOUT_S", 0.3)
    bench = make_bench(sensors=True)
    drivers = Drivers(bench.camera, bench.feeder, Limits(), lambda: None)
    with pytest.raises(FeederError, match="lay cards in the hopper"):
        calibrate(load_settings(), drivers, ["feeder"], 1, None)
    assert not bench.mechanism.motors_on


def test_a_camera_that_sees_no_card_is_told_so(make_bench: Callable[..., Any]) -> None:
    bench = make_bench()
    bench.camera.capture = lambda: checked_frame(np.full((480, 640, 3), 90, np.uint8))
    drivers = Drivers(bench.camera, bench.feeder, Limits(), lambda: None)
    found = calibrate(load_settings(), drivers, ["camera"], 1, None)
    assert "lay exactly one card under it" in found.advice[0]
    assert isinstance(bench.clock, VirtualClock)
