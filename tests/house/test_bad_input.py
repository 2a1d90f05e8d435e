"""Whatever a shop does wrong: one sentence with a way out, an exit code, and no traceback."""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.errors import AlreadyRunningError, ConfigError, PackError, StoreError
from scanner.store import Store
from tests.conftest import Counterscan

READ_ONLY = Path("/sys/counterscan")
"""A folder that no user can make, root included."""


def sentences_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What the command said to the person; log lines of the processes it runs begin with a time."""
    assert "Traceback" not in done.stderr + done.stdout
    lines = [line for line in done.stderr.splitlines() if not re.match(r"\d\d:\d\d:\d\d ", line)]
    # The recogniser says loudly when it has no model; the runtime says that it has started.
    return [line for line in lines if "NO MODEL" not in line and not line.startswith("INFO: ")]


def assert_refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    said = sentences_of(done)
    assert done.returncode == code, done.stderr
    assert len(said) == 1, done.stderr
    assert said[0].startswith("counterscan: ")
    assert said[0].endswith((".", "!", "?"))
    for word in words:
        assert word in said[0]


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture
def on_busy_port(busy_port: int, tmp_path: Path) -> Path:
    file = tmp_path / "counterscan.toml"
    file.write_text(f'[web]\nhost = "127.0.0.1"\nport = {busy_port}\n')
    return file


def test_a_command_that_is_not_there(counterscan: Counterscan) -> None:
    assert_refused(counterscan("scna"), 2, "'scna'")


def test_an_option_that_is_not_there(counterscan: Counterscan) -> None:
    assert_refused(counterscan("doctor", "--frobnicate"), 2, "--frobnicate", "--help")


@pytest.mark.parametrize("command", ["feed", "web", "run", "doctor", "demo"])
def test_a_wrong_setting(counterscan: Counterscan, tmp_path: Path, command: str) -> None:
    file = tmp_path / "counterscan.toml"
    file.write_text("[web]\nprot = 80\n")
    assert_refused(
        counterscan("--config", file, command), ConfigError.exit_code, f"{file}, line 2", "web.port"
    )


def test_the_page_on_a_busy_port(
    counterscan: Counterscan, on_busy_port: Path, busy_port: int, tmp_path: Path
) -> None:
    done = counterscan("--config", on_busy_port, "--data", tmp_path, "web")
    assert_refused(done, AlreadyRunningError.exit_code, str(busy_port))


def test_the_page_on_an_address_of_another_machine(
    counterscan: Counterscan, tmp_path: Path
) -> None:
    done = counterscan("--data", tmp_path, "web", "--host", "203.0.113.9")
    assert_refused(done, ConfigError.exit_code, "203.0.113.9")


def test_a_second_feed_process_on_one_folder(counterscan: Counterscan, tmp_path: Path) -> None:
    with Store.open(tmp_path, role="feed"):
        done = counterscan("--data", tmp_path, "feed")
    assert_refused(done, AlreadyRunningError.exit_code, str(tmp_path))


@pytest.mark.parametrize("command", ["feed", "demo"])
def test_a_folder_that_can_not_be_written_to(counterscan: Counterscan, command: str) -> None:
    done = counterscan("--data", READ_ONLY, command)
    assert_refused(done, StoreError.exit_code, str(READ_ONLY))


def test_a_data_folder_that_is_a_file(counterscan: Counterscan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a shopping list")
    done = counterscan("--data", tmp_path / "file", "feed")
    assert_refused(done, StoreError.exit_code, str(tmp_path / "file"))


def test_running_both_stops_both_when_one_can_not_start(
    counterscan: Counterscan, on_busy_port: Path, busy_port: int, tmp_path: Path, pack: Path
) -> None:
    data = tmp_path / "data"
    assert counterscan("--data", data, "catalog", "use", pack).returncode == 0
    done = counterscan("--config", on_busy_port, "--data", data, "run")
    assert done.returncode == 1
    assert any(str(busy_port) in line for line in sentences_of(done))


def test_a_pack_that_is_not_there(counterscan: Counterscan, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((200, 200, 3), np.uint8))
    done = counterscan("identify", "--pack", tmp_path / "none", "--", photo)
    assert_refused(done, PackError.exit_code, "none")


def png_of_size(width_px: int, height_px: int) -> bytes:
    """The beginning of a PNG that says it is this large; there is not much in it."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [
        struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        for body in (header, data, b"IEND")
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_pictures_that_are_none_are_named_and_the_others_go_on(
    counterscan: Counterscan, tmp_path: Path, pack: Path
) -> None:
    whole = cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))[1].tobytes()
    files = {
        "truncated.jpg": whole[: len(whole) // 3],
        "huge.png": png_of_size(60_000, 60_000),
        "text.jpg": b"not a picture at all\n" * 10,
        "empty.jpg": b"",
        "one.png": cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes(),
        "good.jpg": whole,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    folder, missing = tmp_path / "folder.jpg", tmp_path / "missing.jpg"
    folder.mkdir()
    images = [tmp_path / name for name in files] + [folder, missing]
    done = counterscan("identify", "--json", "--pack", pack, "--", *images)
    answers = {Path(a["image"]).name: a for a in map(json.loads, done.stdout.splitlines())}
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    assert set(answers) == {path.name for path in images}
    assert answers["good.jpg"]["decision"] == "unknown"
    for name in answers.keys() - {"good.jpg"}:
        assert answers[name].get("decision", "unknown") == "unknown"
        assert name in answers[name].get("error", name)
    for name in ("truncated.jpg", "huge.png", "text.jpg", "empty.jpg", "missing.jpg"):
        assert "error" in answers[name], name
