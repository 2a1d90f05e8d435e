"""The device's processes, to be killed: the feed's, and any that is forked anew for each life."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from firmware.simulated.server import MechanismServer
from scanner.store import Store

BINS = 4
SPEED = 3.0
"""How many times as fast as a real one the mechanism runs: the tests must not take all day."""

CUTS = 100
LONGEST_LIFE_S = 0.6
# A killed process is gone only once the disk has finished its last fsync: on a busy disk, minutes.
ANSWER_S = 300.0


class Feed:
    """The feed process, one life after another."""

    def __init__(self, data_dir: Path, socket: Path):
        self._process = subprocess.Popen(
            [
                *(sys.executable, str(Path(__file__).parent / "feed_process.py")),
                *(data_dir, socket, str(BINS)),
            ],
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

    def live_for(self, life_s: float, *, after_scan: bool = False) -> None:
        """Let it work, then pull the plug; the time counts from its start or its first scan."""
        child = self.begin_life()
        if after_scan:
            self.wait_for("scan")
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


class Forked:
    """A process that forks another one for each line on its standard input, and prints its pid."""

    def __init__(self, script: str, *words: str | Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / script), *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._child = 0

    def begin_life(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("live\n")
        self._process.stdin.flush()
        self._child = int(self._process.stdout.readline())
        return self._child

    def kill(self, child: int) -> None:
        """End it at once, and wait until it is gone."""
        os.kill(child, signal.SIGKILL)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ended\n"
        self._child = 0

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._child:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


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
