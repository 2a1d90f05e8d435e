"""Jobs through a real Redis, with `cloud worker` and `cloud beat` as processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from scanner.cli import main
from sync.bench_redis import RedisServer
from sync.cloud.jobs import JOBS
from sync.cloud.store import CloudStore
from tests.sync.conftest import until

WAIT_S = 120.0


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def configured(folder: Path, redis_url: str, database: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "cloud.toml"
    file.touch(mode=0o600)
    file.write_text(f'redis = "{redis_url}"\ndatabase = "{database}"\n', encoding="utf-8")
    return folder


def started(stack: ExitStack, folder: Path, action: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "scanner.cli", "--data", str(folder), "cloud", action],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    stack.callback(process.wait)
    stack.callback(killed, process)
    return process


def killed(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended, as it should
        os.killpg(process.pid, signal.SIGKILL)


def done(store: CloudStore) -> set[str]:
    with store.log.read() as session:
        query = text("SELECT job FROM job_run WHERE outcome = 'done'")
        return set(session.connection().execute(query).scalars())


def test_what_beat_asks_for_a_worker_does_and_both_end_when_told(
    redis: RedisServer, postgres_url: str, tmp_path: Path
) -> None:
    folder = configured(tmp_path / "cloud", redis.url, postgres_url)
    with ExitStack() as stack:
        store = stack.enter_context(CloudStore(folder, postgres_url))
        worker, beat = (started(stack, folder, action) for action in ("worker", "beat"))
        until(lambda: done(store) >= {"partitions", "clean-up"}, WAIT_S)
        for process in (beat, worker):
            process.terminate()
            assert process.wait(WAIT_S) in (0, 143)
    with store.log.read() as session:
        runs = session.connection().execute(text("SELECT job, count(*) FROM job_run GROUP BY job"))
        often = {job: count for job, count in runs if count > 1 and JOBS[job].every_s > 3600}
    assert often == {}


def test_a_redis_that_is_not_set_or_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for action in ("beat", "worker"):
        assert main(["--data", str(tmp_path), "cloud", action]) == 2
        assert "No Redis is set" in capsys.readouterr().err
    folder = configured(tmp_path / "cloud", "redis://127.0.0.1:9/0", "")
    assert main(["--data", str(folder), "cloud", "beat"]) == 1
    assert "can't be reached" in capsys.readouterr().err
