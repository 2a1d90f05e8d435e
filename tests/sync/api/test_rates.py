"""One count of requests for several API processes, in a real Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sync.bench_redis import RedisServer
from sync.cloud.api import rates as rates_module
from sync.cloud.api.rates import SharedRates


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def test_processes_share_one_count(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1_780_000_020.0
    monkeypatch.setattr(time, "time", lambda: now_s)
    one, other = SharedRates(redis.url), SharedRates(redis.url)
    assert [each.wait_s("key 1", 3) for each in (one, other, one)] == [0, 0, 0]
    assert other.wait_s("key 1", 3) == 60 - now_s % 60
    assert other.wait_s("key 2", 3) == 0
    monkeypatch.setattr(time, "time", lambda: now_s + 60)
    assert one.wait_s("key 1", 3) == 0


def test_where_redis_is_away_each_counts_its_own_and_comes_back(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates_module, "_TRY_AGAIN_S", 0.0)
    rates = SharedRates(redis.url)
    assert rates.wait_s("key 1", 2) == 0
    redis.stop()
    assert [rates.wait_s("key 1", 2) > 0 for _ in range(3)] == [False, False, True]
    redis.start()
    assert rates.wait_s("key 1", 2) == 0
