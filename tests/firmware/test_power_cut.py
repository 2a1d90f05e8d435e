"""The plug is pulled at a hundred random moments of a batch; the cards stay where they lie.

The mechanism lives in this process, the feed in one that is killed with SIGKILL. What is checked
after each cut is the product's promise: a card that has left the camera is in the log, once, and in
the bin that the log names. The page's process and the exchange's are killed as often while the feed
works on.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from firmware.simulated.mechanism import Mechanism
from firmware.simulated.server import MechanismServer
from scanner.store import Store
from sync.bench_broker import CLOUD, Broker, write_pairing
from sync.bench_log import differences
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from sync.pairing import read_pairing
from tests.firmware.killed import (
    ANSWER_S,
    BINS,
    CUTS,
    LONGEST_LIFE_S,
    SPEED,
    Feed,
    Forked,
    assert_all_is_right,
    cards_in,
)

DEVICE = "counter-1"


@pytest.fixture
def server() -> Iterator[MechanismServer]:
    mechanism = Mechanism()
    mechanism.diverter.bins = BINS
    mechanism.load(range(4000))
    # A socket's path may have no more than about 100 characters; pytest's own are longer.
    with tempfile.TemporaryDirectory(prefix="cs") as folder:
        server = MechanismServer(Path(folder) / "machine", mechanism, speed=SPEED)
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
            for cut in range(CUTS - 1):
                # Every other life gets as far as a card, however slow this computer is.
                feed.live_for(moments.uniform(0.0, LONGEST_LIFE_S), after_scan=cut % 2 == 0)
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


class WebProcess(Forked):
    """The page's process."""

    def __init__(self, data_dir: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        super().__init__("web_process.py", data_dir, str(self.port))

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


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[tuple[Path, CloudStore]]:
    """The device's pairing, and the cloud that takes in what it sends."""
    ended = threading.Event()
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(tmp_path / "broker", (DEVICE,)))
        store = stack.enter_context(CloudStore(tmp_path / "cloud"))
        own = read_pairing(write_pairing(tmp_path / "cloud.toml", broker.port, CLOUD))
        service = CloudService(store, own, longest_back_off_s=0.2)
        thread = threading.Thread(target=service.run, args=(ended.is_set,))
        stack.callback(thread.join, ANSWER_S)
        stack.callback(ended.set)
        thread.start()
        yield write_pairing(tmp_path / "device.toml", broker.port, DEVICE), store


def until(condition: Callable[[], bool], otherwise: Callable[[], object]) -> None:
    """Wait for a condition; `otherwise` says how things stand when it does not come."""
    deadline_s = time.monotonic() + ANSWER_S
    while not condition():
        assert time.monotonic() < deadline_s, otherwise()
        time.sleep(0.05)


@pytest.mark.slow
def test_the_exchange_killed_a_hundred_times_costs_the_batch_nothing_and_sends_each_scan_once(
    tmp_path: Path, server: MechanismServer, cloud: tuple[Path, CloudStore]
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    moments = random.Random(seed)
    pairing, far = cloud
    device = tmp_path / "device"
    feed, sync = Feed(device, server.path), Forked("sync_process.py", device, pairing)
    try:
        feed.begin_life()
        feed.wait_for("scan")
        with Store.open(device, role="reader") as log:
            for _ in range(CUTS):
                child = sync.begin_life()
                time.sleep(moments.uniform(0.0, 0.3))
                sync.kill(child)
            scanned = len(cards_in(log))
            until(lambda: len(cards_in(log)) > scanned, lambda: log.latest_events(3))
        with Store.open(device, role="web") as page:
            page.add_command("stop")
        assert feed.wait_for("ended") == "ended 0"
        last = sync.begin_life()
        until(
            lambda: not differences(device, far, DEVICE), lambda: differences(device, far, DEVICE)
        )
        sync.kill(last)
        with Store.open(device, role="reader") as log:
            assert_all_is_right(log, server)
            with far.log.read() as session:
                assert session.connection().exec_driver_sql(
                    "SELECT count(*), count(DISTINCT scan_id) FROM present_answer"
                ).one() == (len(cards_in(log)), len(cards_in(log)))
    finally:
        feed.close()
        sync.close()
