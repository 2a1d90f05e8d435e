"""Files from a server that misbehaves: whole and right, or refused; never more than announced."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from sync.fetch import (
    Fetcher,
    FetchError,
    FetchRefusedError,
    FetchRoomError,
    FetchStoppedError,
    Limits,
    Wanted,
)
from tests.sync.bad_server import (
    Answer,
    BadServer,
    bad_server,
    cut_after,
    dripping,
    endless,
    hanging_after,
    no_ranges,
    other_length,
    silent,
    status,
    well,
    wrong_bytes,
    wrong_range,
)
from tests.sync.conftest import until

CONTENT = random.Random(4).randbytes(1_000_000)
LIMITS = Limits(
    connect_s=20, read_s=20, slow_for_s=0.3, tries=3, first_wait_s=0.01, longest_wait_s=0.02,
    reserve_bytes=0,
)  # fmt: skip
SILENCE_S = 0.5


@pytest.fixture
def server() -> Iterator[BadServer]:
    with bad_server(CONTENT) as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=httpx.Timeout(LIMITS.read_s, connect=LIMITS.connect_s)) as client:
        yield client


@pytest.fixture
def fetcher(tmp_path: Path, client: httpx.Client) -> Fetcher:
    return Fetcher(tmp_path / "updates", client, threading.Event(), LIMITS)


def wanted(server: BadServer) -> Wanted:
    return Wanted(server.url, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def left(tmp_path: Path) -> list[str]:
    return sorted(path.suffix for path in (tmp_path / "updates").iterdir())


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [cut_after(300_000), cut_after(300_000)],
        [cut_after(0), cut_after(0)],
        [cut_after(700_000), no_ranges(well)],
        [cut_after(700_000), no_ranges(cut_after(100_000))],
        [cut_after(500_000), wrong_range, well],
        [cut_after(500_000), status(416)],
        [status(500), status(503, Retry_After=1), status(429)][:2],
        [wrong_bytes],
        [dripping],
    ],
)
def test_the_file_comes_whole_in_spite_of(
    server: BadServer, fetcher: Fetcher, tmp_path: Path, answers: list[Answer]
) -> None:
    server.answers.extend(answers)
    assert fetcher.fetch(wanted(server)).read_bytes() == CONTENT
    assert left(tmp_path) == [".tar"]


@pytest.mark.parametrize("answer", [silent, hanging_after(400_000)])
def test_the_file_comes_whole_though_the_server_falls_silent(
    server: BadServer, tmp_path: Path, answer: Answer
) -> None:
    server.answers.append(answer)
    patient = replace(LIMITS, tries=50)  # a slow computer is silent, too
    with httpx.Client(timeout=SILENCE_S) as client:
        fetcher = Fetcher(tmp_path / "updates", client, threading.Event(), patient)
        assert fetcher.fetch(wanted(server)).read_bytes() == CONTENT


def test_what_was_cut_off_goes_on_from_there(server: BadServer, fetcher: Fetcher) -> None:
    server.answers.extend([cut_after(300_000), cut_after(300_000)])
    fetcher.fetch(wanted(server))
    assert server.asked == [None, 300_000, 600_000]


def test_another_process_goes_on_too(
    server: BadServer, tmp_path: Path, client: httpx.Client, fetcher: Fetcher
) -> None:
    server.otherwise = cut_after(200_000)
    server.answers.extend([cut_after(200_000)])
    stopping = threading.Event()
    stopped = Fetcher(tmp_path / "updates", client, stopping, LIMITS)
    stopping.set()
    with pytest.raises(FetchStoppedError):
        stopped.fetch(wanted(server))
    server.otherwise = well
    assert fetcher.fetch(wanted(server)).read_bytes() == CONTENT
    assert fetcher.fetch(wanted(server)).read_bytes() == CONTENT
    assert len(server.asked) == 2  # what is here is not asked for again


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (wrong_bytes, "checksum differs"),
        (other_length(len(CONTENT) + 5), "1000005 bytes"),
        (other_length(10), "10 bytes"),
        (endless, "sends more"),
        (status(302, Location="http://127.0.0.1:1/"), "elsewhere"),
    ],
)
def test_what_is_not_the_announced_file_is_refused_for_good(
    server: BadServer, fetcher: Fetcher, tmp_path: Path, answer: Answer, words: str
) -> None:
    server.otherwise = answer
    with pytest.raises(FetchRefusedError, match=words) as error:
        fetcher.fetch(wanted(server))
    assert not error.value.retryable
    assert len(server.asked) <= 2
    kept = sum(path.stat().st_size for path in (tmp_path / "updates").iterdir())
    assert kept <= len(CONTENT)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(404), r"no such file.*404"),
        (status(403), r"403"),
        (status(500), "in trouble"),
        (cut_after(10), "broke"),
        (dripping, "too slow"),
        (no_ranges(cut_after(900_000)), "broke"),
    ],
)
def test_what_may_pass_is_given_up_for_now(
    server: BadServer, fetcher: Fetcher, answer: Answer, words: str
) -> None:
    server.otherwise = answer
    with pytest.raises(FetchError, match=words) as error:
        fetcher.fetch(wanted(server))
    assert error.value.retryable
    assert len(server.asked) <= 12


def test_a_server_that_stays_silent_is_given_up_for_now(server: BadServer, tmp_path: Path) -> None:
    server.otherwise = silent
    with httpx.Client(timeout=SILENCE_S) as client:
        fetcher = Fetcher(tmp_path / "updates", client, threading.Event(), LIMITS)
        with pytest.raises(FetchError, match="no answer") as error:
            fetcher.fetch(wanted(server))
    assert error.value.retryable
    assert len(server.asked) <= 3


def test_a_server_that_is_not_there(fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match="broke"):
        fetcher.fetch(Wanted("http://127.0.0.1:1/x", 5, "0" * 64))
    with pytest.raises(FetchRefusedError, match="no address"):
        fetcher.fetch(Wanted("ftp://x/", 5, "0" * 64))


def test_a_disk_without_room_is_said_beforehand_and_while_fetching(
    server: BadServer, tmp_path: Path, client: httpx.Client
) -> None:
    asked: list[int] = []

    def free(_folder: Path) -> int:
        asked.append(1)
        return 1_999_999

    fetcher = Fetcher(tmp_path / "updates", client, threading.Event(), LIMITS, free)
    with pytest.raises(FetchRoomError, match="too little room: 2 MB are needed"):
        fetcher.fetch(wanted(server))
    assert server.asked == []
    assert left(tmp_path) == []


def test_what_is_announced_no_longer_is_deleted(
    server: BadServer, fetcher: Fetcher, tmp_path: Path
) -> None:
    server.otherwise = cut_after(100)
    with pytest.raises(FetchError):
        fetcher.fetch(wanted(server))
    (tmp_path / "updates" / "refused.json").write_text("{}")
    fetcher.forget_all_but({wanted(server).sha256})
    assert left(tmp_path) == [".json", ".part"]
    fetcher.forget_all_but(set())
    assert left(tmp_path) == [".json"]


def test_the_end_of_the_process_does_not_wait_for_the_server(
    server: BadServer, tmp_path: Path, client: httpx.Client
) -> None:
    server.otherwise = endless
    stopping = threading.Event()
    fetcher = Fetcher(tmp_path / "updates", client, stopping, LIMITS, lambda _: 10**15)
    said: list[Exception] = []

    def fetch() -> None:
        try:
            fetcher.fetch(Wanted(server.url, 10**12, "0" * 64))
        except FetchError as error:
            said.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    until(lambda: bool(server.asked) or bool(said))
    stopping.set()
    thread.join(60)
    assert not thread.is_alive()
    assert isinstance(said[0], FetchStoppedError)


def test_a_disk_that_is_full_all_the_same_gives_back_what_was_taken(tmp_path: Path) -> None:
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        subprocess.run([*namespace, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system does not let a test mount a disk of its own")
    command = [*namespace, sys.executable, "-m", "tests.sync.small_disk", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    fetching, unpacking = outcome["said"]
    assert "is full" in fetching
    assert "is full" in unpacking
    assert outcome["left"] == []
    assert outcome["size"] == 3_000_000
