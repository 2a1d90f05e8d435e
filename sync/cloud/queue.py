"""The jobs on a queue: Celery on Redis, where one process is too few for them.

`cloud beat` asks for every job again and again, and `cloud worker`, of which there may be several,
runs it if the database says that it is due: a request that is lost or comes twice does no harm.
Whether changed prices set off alerts `cloud serve` asks as they come, in a queue of its own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from celery import Celery

from scanner.errors import ConfigError
from scanner.inventory_catalog import LibraryFacts
from scanner.tables import utc_now
from sync.cloud.alert_judge import AlertJudge
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import JOBS, LONGEST_S, JobContext, run_if_due
from sync.cloud.store import CloudStore

TASK = "counterscan.job"
QUEUE = "counterscan"
ALERTS_TASK = "counterscan.alerts"
ALERTS_QUEUE = "counterscan-alerts"
"""People wait for alerts: no job that takes long stands before them."""

ASK_EVERY_S = 30.0
_CONNECT_WITHIN_S = 10


def make_queue(config: CloudConfig, data_dir: Path) -> Celery:
    """The queue, with its tasks. Raises ConfigError where no Redis is set."""
    if not config.redis:
        raise ConfigError(
            'No Redis is set: put redis = "redis://HOST:6379/0" into cloud.toml (docs/SYNC.md), or '
            "let `cloud serve` run the jobs itself."
        )
    queue = Celery("counterscan", broker=config.redis)
    queue.conf.update(
        # Who can write to Redis asks for jobs of the table, and for nothing else.
        task_serializer="json",
        accept_content=["json"],
        worker_enable_remote_control=False,
        task_ignore_result=True,
        task_acks_late=True,
        task_default_queue=QUEUE,
        task_routes={ALERTS_TASK: {"queue": ALERTS_QUEUE}},
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": LONGEST_S,
            "socket_connect_timeout": _CONNECT_WITHIN_S,
        },
        timezone="UTC",
        beat_schedule={
            name: {
                "task": TASK, "args": (name,), "schedule": min(job.every_s, ASK_EVERY_S),
                "options": {"expires": ASK_EVERY_S},
            }
            for name, job in JOBS.items()
        },
    )  # fmt: skip

    @cache  # in the process that runs the task: connections do not outlive a fork
    def store() -> CloudStore:
        return CloudStore(data_dir, config.database)

    def job(name: str) -> None:
        run_if_due(name, JobContext(store(), config, utc_now()))

    @cache
    def judge() -> AlertJudge:
        return AlertJudge(store(), LibraryFacts(data_dir))

    def alerts() -> None:
        while judge().step():
            pass

    queue.task(job, name=TASK)
    queue.task(alerts, name=ALERTS_TASK)
    return queue
