"""The plug is pulled at a hundred random moments of a batch; the cards stay where they lie.

The mechanism lives in this process, the feed in one that is killed with SIGKILL. What is checked
after each cut is the product's promise: a card that has left the camera is in the log, once, and in
the bin that the log names. The page's process is killed as often while the feed works on.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from firmware.simulated.mechanism import Mechanism
from firmware.simulated.server import MechanismServer
from scanner.store import Store

spec = importlib.util.spec_from_file_location(
    "feed_process", Path(__file__).parent / "feed_process.py"
)
assert spec is not None
assert spec.loader is not None
feed_process = importlib.util.module_from_spec(spec)
spec.loader.exec_module(feed_process)

CUTS = 100
LONGEST_LIFE_S = 1.2
# A killed process is gone only once the disk has finished its last fsync: on a busy disk, minutes.
ANSWER_S = 300.0


class Feed:
    """The feed process, one life after another."""

    def __init__(self, data_dir: Path, socket: Path):
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "feed_process.py"), data_dir, socket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._child = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())

    def begin_life(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write("live\n")
        self._process.stdin.flush()
        self._child = int(self.wait_for("pid").split()[1])
        return self._child

    def wait_for(self, word: str, timeout_s: float = ANSWER_S) -> str:
        """The next line that starts with `word`; raises queue.Empty after `timeout_s`."""
        end_s = time.monotonic() + timeout_s
        while True:
            line = self._lines.get(timeout=max(0.001, end_s - time.monotonic()))
            if line.startswith(word):
                return line

    def live_for(self, life_s: float) -> None:
        """Let it work, then pull the plug."""
        child = self.begin_life()
        with suppress(queue.Empty):
            raise AssertionError(f"it ended by itself: {self.wait_for('ended', life_s)}")
        os.kill(child, signal.SIGKILL)
        assert self.wait_for("ended") == f"ended {-signal.SIGKILL}"

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL)  # it holds the pipe that the reader reads
        self._reader.join(timeout=5)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def server() -> Iterator[MechanismServer]:
    mechanism = Mechanism()
    mechanism.diverter.bins = feed_process.BINS
    mechanism.load(range(4000))
    # A socket's path may have no more than about 100 characters; pytest's own are longer.
    with tempfile.TemporaryDirectory(prefix="cs") as folder:
        server = MechanismServer(Path(folder) / "machine", mechanism, speed=feed_process.SPEED)
        server.start()
        yield server
        server.close()


@pytest.mark.slow
def test_after_a_hundred_power_cuts_every_card_that_left_is_in_the_log_once_and_in_its_bin(
    tmp_path: Path, server: MechanismServer
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    moments = random.Random(seed)
    feed = Feed(tmp_path, server.path)
    try:
        child = feed.begin_life()
        feed.wait_for("scan")
        os.kill(child, signal.SIGKILL)
        with Store.open(tmp_path, role="reader") as log:
            for _ in range(CUTS - 1):
                feed.live_for(moments.uniform(0.0, LONGEST_LIFE_S))
                with server.moving.lock:
                    left = list(server.mechanism.binned)
                    under_way = server.mechanism.in_path
                logged = cards_in(log)
                assert logged[: len(left)] == left
                assert logged[len(left) :] in ([], under_way[:1])
        with Store.open(tmp_path, role="web") as page:
            page.add_command("stop")
        feed.begin_life()
        assert feed.wait_for("ended") == "ended 0"
        with Store.open(tmp_path, role="reader") as log:
            assert cards_in(log) == server.mechanism.binned
            assert len(server.mechanism.binned) > CUTS / 4, "the machine hardly moved"
            assert_all_is_right(log, server)
    finally:
        feed.close()


class WebProcess:
    """A process that forks the page's server for each line on its standard input."""

    def __init__(self, data_dir: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "web_process.py"), data_dir,
             str(self.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def begin_life(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("live\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def kill(self, child: int) -> None:
        """End it at once, and wait until its port is free."""
        os.kill(child, signal.SIGKILL)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ended\n"

    def batch(self) -> dict[str, object]:
        """The batch as the page tells it; waits until the server listens."""
        deadline_s = time.monotonic() + ANSWER_S
        while True:
            try:
                url = f"http://127.0.0.1:{self.port}/api/live"
                with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
                    found = json.load(answer)["batch"]
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.02)
                continue
            assert isinstance(found, dict)
            return found

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


@pytest.mark.slow
def test_the_page_killed_a_hundred_times_costs_the_batch_nothing_and_counts_right_each_time(
    tmp_path: Path, server: MechanismServer
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    moments = random.Random(seed)
    feed, web = Feed(tmp_path, server.path), WebProcess(tmp_path)
    try:
        feed.begin_life()
        feed.wait_for("scan")
        with Store.open(tmp_path, role="reader") as log:
            for _ in range(CUTS):
                child = web.begin_life()
                before = len(cards_in(log))
                if moments.random() < 0.5:
                    told = web.batch()["cards"]
                    assert before <= int(str(told)) <= len(cards_in(log))
                time.sleep(moments.uniform(0.0, 0.2))
                web.kill(child)
        with Store.open(tmp_path, role="web") as page:
            page.add_command("stop")
        assert feed.wait_for("ended") == "ended 0"
        last = web.begin_life()
        with Store.open(tmp_path, role="reader") as log:
            assert_all_is_right(log, server)
            assert web.batch()["cards"] == len(cards_in(log))
            assert web.batch()["state"] == "stopped"
        web.kill(last)
    finally:
        feed.close()
        web.close()


def assert_all_is_right(log: Store, server: MechanismServer) -> None:
    """Each card that left is in the log once, in order, and lies in the bin that the log names."""
    logged = cards_in(log)
    assert logged == server.mechanism.binned
    scans = log.scans_after(0, 5000)
    assert [scan.sequence for scan in scans] == list(range(1, len(logged) + 1))
    with server.moving.lock:
        server.mechanism.advance(1.0)
        contents = {n: sorted(cards) for n, cards in server.mechanism.diverter.contents.items()}
    named: dict[int, list[int]] = {}
    routes = log.routes_of_batch(scans[0].batch_id)
    for scan, card in zip(scans, logged, strict=True):
        assert scan.id is not None
        named.setdefault(routes[scan.id].bin, []).append(card)
    assert contents == named
    assert server.mechanism.diverter.between == 0


def cards_in(log: Store) -> list[int]:
    """The logged cards in the log's order."""
    return [int(scan.card_id.removeprefix("card-")) for scan in log.scans_after(0, 5000)]
