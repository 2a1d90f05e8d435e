"""A device's log, a cloud, and a real Mosquitto between them."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.store import Store
from sync.agent import Agent
from sync.bench_broker import CLOUD, PASSWORD, Broker
from sync.bench_log import FilledLog
from sync.bench_postgres import PostgresServer
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from sync.pairing import Pairing

DEVICE, OTHER = "counter-1", "counter-2"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Mosquitto; a computer without one fails the test, and the message says how to get it."""
    with Broker(tmp_path / "broker", (DEVICE, OTHER)) as running:
        yield running


def pairing(port: int, user: str = DEVICE, password: str = PASSWORD) -> Pairing:
    return Pairing(broker=f"mqtt://127.0.0.1:{port}", user=user, password=password)


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[FilledLog]:
    log = FilledLog(tmp_path / "device")
    yield log
    log.close()


@pytest.fixture
def device_store(filled: FilledLog) -> Iterator[Store]:
    with Store.open(filled.data_dir, role="sync") as store:
        yield store


@pytest.fixture(scope="session")
def new_cloud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a cloud with today's tables and nothing in them, to be copied."""
    folder = tmp_path_factory.mktemp("new") / "cloud"
    CloudStore(folder).log.close()
    return folder


@pytest.fixture
def cloud_store(new_cloud: Path, tmp_path: Path) -> Iterator[CloudStore]:
    with CloudStore(shutil.copytree(new_cloud, tmp_path / "cloud")) as store:
        yield store


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """PostgreSQL, one for all tests of a run."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def new_cloud_on_postgres(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of a database with today's tables and nothing in them, to be copied."""
    url = postgres.new_database()
    CloudStore(tmp_path_factory.mktemp("new"), url).log.close()
    return url.rpartition("/")[2]


@pytest.fixture
def postgres_url(postgres: PostgresServer, new_cloud_on_postgres: str) -> str:
    """A database of the test's own, with today's tables."""
    return postgres.new_database(new_cloud_on_postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CloudStore]:
    """A cloud on SQLite, and once more on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("cloud_store")
        return
    with CloudStore(tmp_path / "cloud", request.getfixturevalue("postgres_url")) as store:
        yield store


def agent(store: Store, port: int, password: str = PASSWORD, user: str = DEVICE) -> Agent:
    """The device's end, impatient."""
    return Agent(
        store, pairing(port, user, password), behind_s=1.0, hold_s=0.2, longest_back_off_s=0.2
    )


def service(store: CloudStore, port: int) -> CloudService:
    return CloudService(store, pairing(port, CLOUD), longest_back_off_s=0.2)


class Running:
    """Ends that take their turns in a thread of their own, until the test is over."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()

    def start(self, end: Agent | CloudService) -> None:
        thread = threading.Thread(target=end.run, args=(self._ended.is_set,))
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()
        self._threads.clear()
        self._ended.clear()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@pytest.fixture
def running() -> Iterator[Running]:
    with Running() as ends:
        yield ends


def until(true: Callable[[], bool], within_s: float = 120.0) -> None:
    """Wait until something is so; fail after `within_s`."""
    end_mono_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_mono_s, "it did not come to be"
        time.sleep(0.02)
