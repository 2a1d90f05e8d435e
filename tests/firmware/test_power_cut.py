"""The plug is pulled at fifty random moments of a batch; the cards stay where they lie.

The mechanism lives in this process, the feed in one that is killed with SIGKILL. What is checked
after each cut is the product's promise: a card that has left the camera is in the log, once.
"""

from __future__ import annotations

import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from firmware.simulated.mechanism import Mechanism
from firmware.simulated.server import MechanismServer
from scanner.store import Store

CUTS = 50
LONGEST_LIFE_S = 0.5
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
        return int(self.wait_for("pid").split()[1])

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
        self._reader.join(timeout=5)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def server() -> Iterator[MechanismServer]:
    mechanism = Mechanism()
    mechanism.load(range(4000))
    # A socket's path may have no more than about 100 characters; pytest's own are longer.
    with tempfile.TemporaryDirectory(prefix="cs") as folder:
        server = MechanismServer(Path(folder) / "machine", mechanism, speed=12.0)
        server.start()
        yield server
        server.close()


@pytest.mark.slow
def test_after_fifty_power_cuts_every_card_that_left_is_in_the_log_once_and_in_order(
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
            assert len(server.mechanism.binned) > CUTS / 2, "the machine hardly moved"
            assert [scan.sequence for scan in log.scans_after(0, 5000)] == list(
                range(1, len(server.mechanism.binned) + 1)
            )
    finally:
        feed.close()


def cards_in(log: Store) -> list[int]:
    """The logged cards in the log's order."""
    return [int(scan.card_id.removeprefix("card-")) for scan in log.scans_after(0, 5000)]
