"""Somebody can write to the Redis of the jobs: workers run jobs of the table, and nothing else."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import kombu.serialization
from celery import Celery

from sync.bench_redis import RedisServer
from sync.cloud.queue import TASK
from sync.cloud.store import CloudStore
from tests.sync.conftest import until
from tests.sync.test_cloud_queue import WAIT_S, configured, done, started


class Wicked:
    """What unpickling this would do."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


def test_a_worker_takes_json_and_the_names_of_jobs(postgres_url: str, tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        folder = configured(tmp_path / "cloud", redis.url, postgres_url)
        store = stack.enter_context(CloudStore(folder, postgres_url))
        stranger = Celery("stranger", broker=redis.url)
        stranger.conf.task_default_queue = "counterscan"
        stranger.conf.accept_content = ["json", "pickle"]
        kombu.serialization.enable_insecure_serializers(["pickle"])
        worker = started(stack, folder, "worker")
        stranger.send_task(TASK, (Wicked(mark),), serializer="pickle")
        for name in ("os.system", "celery.backend_cleanup", "sync.cloud.jobs.run_if_due"):
            stranger.send_task(name, (f"touch {mark}",))
        for words in ((f"os:system touch {mark}",), ("../../x",), (), (1, 2, 3), ({"a": 1},)):
            stranger.send_task(TASK, words)
        stranger.send_task(TASK, ("partitions",))
        until(lambda: "partitions" in done(store), WAIT_S)
        stranger.control.shutdown()
        stranger.send_task(TASK, ("clean-up",))
        until(lambda: "clean-up" in done(store), WAIT_S)
        assert worker.poll() is None
        assert not mark.exists()
        stranger.close()
