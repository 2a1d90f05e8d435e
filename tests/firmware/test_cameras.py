"""One contract for every camera, real drivers and simulated ones alike."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import cv2
import numpy as np
import pytest

from firmware.camera import Camera, checked_frame
from firmware.camera_picamera2 import PiCamera
from firmware.camera_replay import EMPTY_S, SHOWN_S, ReplayCamera
from firmware.camera_usb import UsbCamera
from firmware.simulated.camera import SimulatedCamera
from firmware.simulated.deck import Printed, draw_deck
from scanner.errors import CameraError
from scanner.records import Printing

SIZE = (320, 240)
PICTURE = np.full((240, 320, 3), 77, np.uint8)


class FakeRequest:
    """A borrowed buffer; picamera2 wants it back."""

    def make_array(self, name: str) -> Any: ...

    def release(self) -> None: ...


class FakePicamera2:
    """The part of Picamera2 that the driver uses, with the signatures of version 0.3."""

    def create_video_configuration(
        self, main: dict[str, Any], buffer_count: int = 6, queue: bool = True
    ) -> dict[str, Any]: ...

    def configure(self, camera_config: dict[str, Any]) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...

    def capture_request(
        self, wait: bool | None = None, signal_function: Any = None, flush: Any = None
    ) -> Any: ...

    def wait(self, job: Any, timeout: float | None = None) -> Any: ...


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A picamera2 whose camera and request can be looked at."""
    request = create_autospec(FakeRequest, instance=True)
    request.make_array.side_effect = lambda _name: PICTURE.copy()
    camera = create_autospec(FakePicamera2, instance=True)
    camera.wait.return_value = request
    module = types.ModuleType("picamera2")
    module.Picamera2 = lambda: camera  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    camera.request = request
    return camera


class FakeCapture:
    """cv2.VideoCapture with a camera that can be unplugged."""

    def __init__(self, device: int):
        self.opened, self.answers, self.released = True, True, False

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.opened

    def set(self, what: int, value: float) -> bool:
        return True

    def grab(self) -> bool:
        return self.answers

    def read(self) -> tuple[bool, Any]:
        return self.answers, PICTURE.copy() if self.answers else None

    def release(self) -> None:
        self.released = True


CAMERAS = ("picamera2", "usb", "replay", "simulated")


@pytest.fixture(params=CAMERAS)
def camera(request: pytest.FixtureRequest, tmp_path: Path, pi: Any) -> Iterator[Camera]:
    made: Camera
    match request.param:
        case "picamera2":
            made = PiCamera(*SIZE)
        case "usb":
            made = UsbCamera(0, *SIZE, opener=FakeCapture)  # type: ignore[arg-type]
        case "replay":
            cv2.imwrite(str(tmp_path / "a.png"), PICTURE)
            made = ReplayCamera(tmp_path, *SIZE)
        case _:
            made = SimulatedCamera(lambda: (None, 0.0), SIZE)
    yield made
    made.close()


def test_every_camera_gives_frames_that_belong_to_the_taker(camera: Camera) -> None:
    camera.start()
    first, second = camera.capture(), camera.capture()
    assert first.picture.shape == (240, 320, 3)
    assert first.picture.dtype == np.uint8
    assert second.captured_mono_ns >= first.captured_mono_ns
    assert camera.name
    kept = first.picture.copy()
    second.picture[:] = 0
    camera.capture()
    assert np.array_equal(first.picture, kept)


def test_every_camera_can_be_closed_twice_and_started_again(camera: Camera) -> None:
    camera.close()
    camera.start()
    camera.close()
    camera.close()
    camera.start()
    assert camera.capture().picture.size


def test_the_pi_camera_gives_each_buffer_back_also_when_it_fails(pi: Any) -> None:
    camera = PiCamera(*SIZE)
    camera.start()
    camera.capture()
    pi.request.make_array.side_effect = RuntimeError("dead")
    with pytest.raises(CameraError, match="cable"):
        camera.capture()
    assert pi.request.release.call_count == 2
    assert pi.create_video_configuration.call_args.kwargs["main"]["size"] == SIZE


def test_a_pi_camera_that_never_answers_is_lost_after_a_while(pi: Any) -> None:
    camera = PiCamera(*SIZE)
    camera.start()
    pi.wait.side_effect = TimeoutError
    with pytest.raises(CameraError, match="does not answer"):
        camera.capture()
    assert pi.wait.call_args.kwargs["timeout"] < 10


def test_without_picamera2_the_message_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="apt install"):
        PiCamera(*SIZE).start()


def test_an_unplugged_usb_camera_is_an_error_that_names_the_device() -> None:
    camera = UsbCamera(3, *SIZE, opener=FakeCapture)  # type: ignore[arg-type]
    camera.start()
    camera._capture.answers = False  # type: ignore[union-attr]
    with pytest.raises(CameraError, match="/dev/video3"):
        camera.capture()


@pytest.mark.parametrize(
    "garbage", [None, "picture", np.zeros((9, 9, 3), np.uint8), np.zeros((240, 320), np.uint8)]
)
def test_garbage_is_not_a_frame(garbage: object) -> None:
    with pytest.raises(CameraError):
        checked_frame(garbage)


def test_a_replay_skips_and_names_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"not a picture")
    bomb = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2
    (tmp_path / "2.png").write_bytes(bomb + bytes(9) + b"\0\0\0\0IEND\0\0\0\0")
    cv2.imwrite(str(tmp_path / "3.png"), PICTURE)
    now_s = [0.0]
    camera = ReplayCamera(tmp_path, *SIZE, clock=lambda: now_s[0])
    camera.start()
    shown = []
    for place in range(3):
        now_s[0] = place * (EMPTY_S + SHOWN_S) + EMPTY_S + 0.1
        shown.append(int(camera.capture().picture[0, 0, 0]))
    assert camera.skipped == ["1.jpg", "2.png"]
    assert shown[2] == 77
    assert shown[0] == shown[1] != 77


def test_a_replay_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="holds no"):
        ReplayCamera(tmp_path, *SIZE).start()
    with pytest.raises(CameraError, match="does not exist"):
        ReplayCamera(tmp_path / "none", *SIZE).start()


def test_a_video_is_replayed_at_its_own_rate(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, SIZE)
    for level in range(10):
        film.write(np.full((240, 320, 3), level * 20, np.uint8))
    film.release()
    now_s = [0.0]
    camera = ReplayCamera(path, *SIZE, clock=lambda: now_s[0])
    camera.start()
    now_s[0] = 0.55
    assert abs(int(camera.capture().picture[100, 100, 0]) - 100) < 8
    now_s[0] = 99.0
    assert camera.capture().picture.shape == (240, 320, 3)


def test_the_simulated_camera_sees_the_card_that_lies_there() -> None:
    face = np.full((320, 224, 3), 200, np.uint8)
    pool = [Printed(Printing("a", "g", "A"), lambda: face)]
    card = draw_deck(pool, 1, seed=1)[0]
    in_view: list[Any] = [None]
    camera = SimulatedCamera(lambda: (in_view[0], 0.0), (384, 216))
    empty = camera.capture().picture.astype(int)
    in_view[0] = card
    first, second = (camera.capture().picture.astype(int) for _ in range(2))
    assert np.abs(first - empty).mean() > 10
    assert 0 < np.abs(first - second).mean() < 5, "only the noise differs"
