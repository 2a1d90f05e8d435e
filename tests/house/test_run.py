"""`counterscan run`: a process each for feed loop, page and sync, kept alive together."""

from __future__ import annotations

import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.store import Store
from scanner.store_lock import LOCK_FILE
from tests.conftest import Counterscan

ANSWER_S = 240.0


class Run:
    """The command under way, and the lines that it and its processes say."""

    def __init__(self, data_dir: Path, port: int) -> None:
        config = data_dir.parent / "counterscan.toml"
        config.write_text(f'[web]\nhost = "127.0.0.1"\nport = {port}\n')
        self.page = f"http://127.0.0.1:{port}/healthz"
        words = ("--config", config, "--data", data_dir, "run")
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "scanner.cli", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def wait_for(self, words: str) -> str:
        while True:
            line = self.lines.get(timeout=ANSWER_S)
            self.said.append(line)
            if words in line:
                return line

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def run(
    tmp_path: Path, pack: Path, counterscan: Counterscan
) -> Iterator[Callable[[], tuple[Run, Path]]]:
    runs: list[Run] = []
    data = tmp_path / "data"

    def start() -> tuple[Run, Path]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        runs.append(Run(data, port))
        return runs[-1], data

    assert counterscan("--data", data, "catalog", "use", pack).returncode == 0
    yield start
    for one in runs:
        one.close()


def feed_pid(data_dir: Path) -> str:
    return (data_dir / LOCK_FILE).read_text().strip()


def is_answered(url: str) -> bool:
    """Whether the page listens already, which is started with the others."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + ANSWER_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


@pytest.mark.slow
def test_a_wrong_pairing_costs_the_exchange_alone_and_a_restart_that_the_page_asks_for_is_done(
    run: Callable[[], tuple[Run, Path]], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with Store.open(data, role="feed"):
        pairing = data / "sync.toml"
        pairing.write_text('broker = "https://cloud.example"\nuser = "a"\npassword = "b"\n')
        pairing.chmod(0o600)
    running, data = run()
    running.wait_for("this waits until it is mended")
    assert any("broker: must be mqtts" in line for line in running.said)
    with Store.open(data, role="reader") as log:
        until(lambda: log.sync_event() is not None)
        event = log.sync_event()
        assert event is not None
        assert "broker: must be mqtts" in event.detail
    until(lambda: (data / "live" / "preview.json").exists())
    pairing.write_text('broker = "mqtt://127.0.0.1:1"\nuser = "a"\npassword = "b"\n')
    running.wait_for("sync is started again, as it asked for")
    running.wait_for("Nothing listens at 127.0.0.1:1")
    pairing.write_text('broker = "mqtt://127.0.0.1:2"\nuser = "a"\npassword = "b"\n')
    running.wait_for("sync is started again, as it asked for")
    running.wait_for("Nothing listens at 127.0.0.1:2")
    before = feed_pid(data)
    with Store.open(data, role="web") as page:
        page.add_command("restart")
    # In whichever order they end.
    running.wait_for("is started again, as it asked for")
    running.wait_for("is started again, as it asked for")
    again = [line.split()[-8] for line in running.said if "is started again, as it" in line]
    assert sorted(again) == ["feed", "sync", "sync", "sync"]
    with Store.open(data, role="reader") as log:
        assert log.exchange_orders() == []
    until(lambda: feed_pid(data) not in ("", before))
    until(lambda: is_answered(running.page))
    assert running.process.poll() is None
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(ANSWER_S) == 0
