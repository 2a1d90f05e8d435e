"""What the cloud does by the clock: one table of jobs, whoever runs them.

`cloud serve` runs them in threads of its own; with Redis, `cloud beat` asks for them and `cloud
worker` runs them. Either way a run is claimed in the database first, so that a job never runs twice
at once. A job is a function in a module of its own, loaded when it is due.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from sqlalchemy import Connection, insert, select, update

from scanner.errors import CounterscanError, UsageError
from scanner.tables import utc_now
from sync.cloud.config import CloudConfig
from sync.cloud.store import CloudStore
from sync.cloud.tables import hold
from sync.cloud.tables_jobs import JOB_RUN

log = logging.getLogger(__name__)

HOUR_S, DAY_S, WEEK_S = 3600, 24 * 3600, 7 * 24 * 3600
RETRY_S = 300
"""How soon a job that failed, or whose process died, is tried again, if it is not due before."""

LONGEST_S = 2 * HOUR_S
"""A run that did not end by then is taken for one whose process died."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job gets. A long one looks now and then whether it is to stop."""

    store: CloudStore
    config: CloudConfig
    now: datetime
    stopping: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the table.

    `target` is `module:function`; the function takes a `JobContext` and returns a sentence that
    says what it did, "" for nothing worth a line in the log. It raises CounterscanError with what
    to do.
    """

    target: str
    every_s: float
    help: str


JOBS: Mapping[str, Job] = {
    "partitions": Job(
        "sync.cloud.clean_up:make_next_partitions", DAY_S, "make the next month's price table"
    ),
    "collect": Job(
        "sync.cloud.sources.job:collect_due", 300, "collect the prices that are due, if set so"
    ),
    "clean-up": Job(
        "sync.cloud.clean_up:clean_up", WEEK_S, "roll old prices up, remove what nobody needs"
    ),
    "refused": Job(
        "sync.cloud.refused:try_again", DAY_S, "take in refused rows that can be used by now"
    ),
    "cards": Job(
        "sync.cloud.api.api_jobs:learn_cards", HOUR_S, "learn of cards, for the search by words"
    ),
    "movers": Job("sync.cloud.api.api_jobs:find_movers", HOUR_S, "find the prices that moved most"),
    "collections": Job(
        "sync.cloud.api.api_jobs:add_collections_up", 6 * HOUR_S, "add up what stock is worth"
    ),
}


class Outcome(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LastRun:
    """A job's last run."""

    id: int
    began_at: datetime
    outcome: Outcome
    detail: str


def is_due(job: Job, last: LastRun | None, now: datetime) -> bool:
    """Whether a job is to run now."""
    if last is None:
        return True
    since = now - last.began_at
    if since < timedelta(0):  # the clock was set back
        return True
    if last.outcome is Outcome.RUNNING:
        return since > timedelta(seconds=max(LONGEST_S, job.every_s))
    if last.outcome is Outcome.FAILED:
        return since >= timedelta(seconds=min(job.every_s, RETRY_S))
    return since >= timedelta(seconds=job.every_s)


def job_named(name: str) -> Job:
    """A job of the table. Raises UsageError."""
    if name not in JOBS:
        raise UsageError(f"there is no job {name!r}; there is {', '.join(JOBS)}")
    return JOBS[name]


def last_run(connection: Connection, name: str) -> LastRun | None:
    """A job's last run; None where it never ran."""
    query = (
        select(JOB_RUN.c.id, JOB_RUN.c.began_at, JOB_RUN.c.outcome, JOB_RUN.c.detail)
        .where(JOB_RUN.c.job == name)
        .order_by(JOB_RUN.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else LastRun(row.id, row.began_at, Outcome(row.outcome), row.detail)


def run_if_due(name: str, context: JobContext, *, force: bool = False) -> Outcome | None:
    """Run a job if it is its time, or `force`; None where it is not, or where it is running.

    A job that fails is noted and told in the log; the next try is a few minutes later.

    Raises:
        StoreError: the run could not be noted.
    """
    run_id = _claim(name, context, force)
    if run_id is None:
        return None
    outcome, detail = _run(job_named(name), context)
    if detail:
        log.log(
            logging.INFO if outcome is Outcome.DONE else logging.ERROR, "job %s: %s", name, detail
        )
    ended = update(JOB_RUN).where(JOB_RUN.c.id == run_id)
    with context.store.log.write() as session:
        session.connection().execute(
            ended.values(ended_at=utc_now(), outcome=outcome.value, detail=detail)
        )
    return outcome


def _claim(name: str, context: JobContext, force: bool) -> int | None:
    """Note that the job begins, unless it is not due; the number of the run."""
    job = job_named(name)
    with context.store.log.read() as session:
        if not _may_begin(job, last_run(session.connection(), name), context.now, force):
            return None
    with context.store.log.write() as session:
        connection = session.connection()
        hold(connection, "job", name)
        if not _may_begin(job, last_run(connection, name), context.now, force):
            return None
        row = {
            "job": name, "began_at": context.now, "ended_at": None,
            "outcome": Outcome.RUNNING.value, "detail": "",
        }  # fmt: skip
        made = connection.execute(insert(JOB_RUN).values(row)).inserted_primary_key
    return None if made is None else int(made[0])


def _may_begin(job: Job, last: LastRun | None, now: datetime, force: bool) -> bool:
    if force and (last is None or last.outcome is not Outcome.RUNNING):
        return True
    return is_due(job, last, now)


def _run(job: Job, context: JobContext) -> tuple[Outcome, str]:
    module, _, function = job.target.partition(":")
    try:
        call = cast(Callable[[JobContext], str], getattr(importlib.import_module(module), function))
        return Outcome.DONE, call(context)
    except CounterscanError as error:
        return Outcome.FAILED, " ".join(str(error).split())
    except Exception as error:  # one job's defect must not end the others
        log.exception("job %s", job.target)
        return Outcome.FAILED, f"{type(error).__name__}: {error}"
