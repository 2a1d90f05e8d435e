"""The commands as a person runs them: `counterscan demo` and `counterscan feed`."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.store import Store

ANSWER_S = 240.0


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's printed cards and pack, made by the first test that needs them."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def demo_home(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return cache


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_the_demo_feeds_a_pile_and_sums_it_up(
    counterscan: Callable[..., Any], demo_home: Path, tmp_path: Path
) -> None:
    done = counterscan(
        *("--data", tmp_path, "demo", "--cards", "8", "--seed", "3", "--exit", "--json"),
        *("--port", str(free_port())),
        timeout_s=ANSWER_S,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["cards"] == summary["scans"] == 8
    assert summary["wrong_accepted"] == summary["lost"] == summary["doubled"] == 0
    assert summary["accepted"] + summary["review"] + summary["unknown"] == 8
    assert summary["cards_per_hour"] > 0
    assert 0 < summary["ms_per_card_p50"] <= summary["ms_per_card_p95"]
    assert summary["seed"] == 3
    assert "simulated camera, simulated feeder" in done.stderr
    with Store.open(tmp_path, role="reader") as log:
        assert [scan.sequence for scan in log.scans_after(0)] == list(range(1, 9))


@pytest.fixture
def running_demo(demo_home: Path, tmp_path: Path) -> Iterator[tuple[Any, Any, str]]:
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-u", "-m", "scanner.cli", "--data", str(tmp_path)),
            *("demo", "--cards", "2", "--port", str(port)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for text in process.stdout:
            lines.put(text)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    yield process, lines, f"http://127.0.0.1:{port}/"
    process.kill()
    process.wait()
    reader.join(timeout=10)
    assert process.stdout is not None
    process.stdout.close()


def wait_for(lines: queue.Queue[str], words: str) -> None:
    while words not in lines.get(timeout=ANSWER_S):
        pass


@pytest.mark.slow
def test_after_the_pile_the_page_stays_and_start_feeds_another(
    running_demo: tuple[Any, Any, str], tmp_path: Path
) -> None:
    process, lines, url = running_demo
    wait_for(lines, "The page stays up")
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert answer.status == 200
    with Store.open(tmp_path, role="web") as page:
        page.add_command("start", {"name": "Again", "expected_cards": 3})
    wait_for(lines, "3 cards, 3 scans")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=5)


def test_the_demo_refuses_a_busy_port_and_a_pile_of_nothing(
    counterscan: Callable[..., Any], tmp_path: Path
) -> None:
    with socket.socket() as busy:
        busy.bind(("", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = counterscan("--data", tmp_path, "demo", "--exit", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is busy" in done.stderr
    assert "Traceback" not in done.stderr
    done = counterscan("--data", tmp_path, "demo", "--cards", "0")
    assert done.returncode == 2
    assert "makes no pile" in done.stderr


def test_feed_without_a_pack_says_how_to_get_one(
    counterscan: Callable[..., Any], tmp_path: Path
) -> None:
    done = counterscan("--data", tmp_path, "feed")
    assert done.returncode == 1
    assert "catalog" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_feed_process_is_refused(counterscan: Callable[..., Any], tmp_path: Path) -> None:
    with Store.open(tmp_path, role="feed"):
        done = counterscan("--data", tmp_path, "feed")
    assert done.returncode == 1
    assert f"pid {os.getpid()}" in done.stderr
    assert "Traceback" not in done.stderr
