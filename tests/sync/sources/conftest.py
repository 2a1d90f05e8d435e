"""A misbehaving web server, and a client of it that waits for nobody."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from sync.cloud.sources.asking import Manners
from sync.cloud.sources.book import MemoryBook
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.limit import Rate
from tests.sync.sources.web import FakeClock, Web

MANNERS = Manners(
    Rate(1000, 1.0), per_day=1000, largest_bytes=300_000, largest_plain_bytes=2_000_000, read_s=20.0
)
Client = Callable[..., SourceClient]


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with Web() as running:
        yield running


@pytest.fixture
def web(server: Web) -> Web:
    server.routes.clear()
    server.requests.clear()
    return server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def book() -> MemoryBook:
    return MemoryBook()


@pytest.fixture
def client(web: Web, clock: FakeClock, book: MemoryBook) -> Iterator[Client]:
    made: list[SourceClient] = []

    def make(manners: Manners = MANNERS) -> SourceClient:
        found = SourceClient("probe", web.url, manners, book, clock, chance=random.Random(1))
        made.append(found)
        return found

    yield make
    for each in made:
        each.close()
