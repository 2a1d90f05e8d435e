from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from scanner.cli import main
from scanner.errors import CounterscanError
from sync.cloud import jobs as table
from sync.cloud.clean_up import clean_up, make_next_partitions, roll_up
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import (
    JOBS,
    LONGEST_S,
    RETRY_S,
    Job,
    JobContext,
    LastRun,
    Outcome,
    is_due,
    last_run,
    run_if_due,
)
from sync.cloud.partitions import partition_name
from sync.cloud.scheduler import Scheduler
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE_CHANGE
from tests.sync.conftest import until

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
HOURLY = Job("tests.sync.test_cloud_jobs:counted", 3600, "counts")
CALLS: list[datetime] = []
GATE = threading.Event()


def counted(context: JobContext) -> str:
    CALLS.append(context.now)
    return f"call {len(CALLS)}"


def failing(context: JobContext) -> str:
    raise CounterscanError("The source is down.\nTry later.")


def broken(context: JobContext) -> str:
    raise ZeroDivisionError("a defect")


def slow(context: JobContext) -> str:
    CALLS.append(context.now)
    GATE.wait(60)
    return ""


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    CALLS.clear()
    GATE.clear()
    for name in ("counted", "failing", "broken", "slow"):
        job = replace(HOURLY, target=f"tests.sync.test_cloud_jobs:{name}")
        monkeypatch.setitem(JOBS, name, job)  # type: ignore[arg-type]
    yield
    GATE.set()


def at(store: CloudStore, **later: float) -> JobContext:
    return JobContext(store, CloudConfig(), NOW + timedelta(**later))


def last(store: CloudStore, name: str) -> LastRun | None:
    with store.log.read() as session:
        return last_run(session.connection(), name)


@pytest.mark.parametrize(
    ("outcome", "since_s", "due"),
    [
        (Outcome.DONE, 3599, False), (Outcome.DONE, 3600, True), (Outcome.DONE, -10, True),
        (Outcome.FAILED, RETRY_S - 1, False), (Outcome.FAILED, RETRY_S, True),
        (Outcome.RUNNING, LONGEST_S, False), (Outcome.RUNNING, LONGEST_S + 1, True),
    ],
)  # fmt: skip
def test_when_a_job_is_due(outcome: Outcome, since_s: float, due: bool) -> None:
    run = LastRun(1, NOW, outcome, "")
    assert is_due(HOURLY, run, NOW + timedelta(seconds=since_s)) is due
    assert is_due(HOURLY, None, NOW)


def test_a_job_runs_when_it_is_due_and_not_before(either_cloud: CloudStore) -> None:
    assert run_if_due("counted", at(either_cloud)) is Outcome.DONE
    assert run_if_due("counted", at(either_cloud, minutes=59)) is None
    assert run_if_due("counted", at(either_cloud, minutes=59), force=True) is Outcome.DONE
    assert run_if_due("counted", at(either_cloud, minutes=119)) is Outcome.DONE
    assert len(CALLS) == 3
    found = last(either_cloud, "counted")
    assert found is not None
    assert (found.outcome, found.detail) == (Outcome.DONE, "call 3")


def test_a_job_that_fails_is_noted_and_tried_again(either_cloud: CloudStore) -> None:
    assert run_if_due("failing", at(either_cloud)) is Outcome.FAILED
    found = last(either_cloud, "failing")
    assert found is not None
    assert found.detail == "The source is down. Try later."
    assert run_if_due("failing", at(either_cloud, minutes=1)) is None
    assert run_if_due("failing", at(either_cloud, minutes=6)) is Outcome.FAILED
    assert run_if_due("broken", at(either_cloud)) is Outcome.FAILED
    found = last(either_cloud, "broken")
    assert found is not None
    assert found.detail == "ZeroDivisionError: a defect"


def test_a_job_never_runs_twice_at_once(either_cloud: CloudStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(run_if_due, "slow", at(either_cloud), force=True) for _ in range(4)]
        until(lambda: sum(run.done() for run in runs) == 3, 60)
        GATE.set()
        assert sorted(str(run.result()) for run in runs) == ["None", "None", "None", "done"]
    assert len(CALLS) == 1


def test_the_scheduler_runs_jobs_and_ends_with_its_block(cloud_store: CloudStore) -> None:
    jobs = {name: replace(JOBS[name], every_s=0.02) for name in ("counted", "failing")}
    with pytest.MonkeyPatch.context() as patch:
        for name, job in jobs.items():
            patch.setitem(table.JOBS, name, job)  # type: ignore[arg-type]
        with Scheduler(cloud_store, CloudConfig(), jobs):
            until(lambda: len(CALLS) >= 3, 60)
            until(lambda: last(cloud_store, "failing") is not None, 60)
    assert not [each for each in threading.enumerate() if each.name.startswith("job-")]


def test_every_job_of_the_table_is_there() -> None:
    for job in JOBS.values():
        module, _, function = job.target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def change(as_of: datetime, amount_minor: int, card: str = "c") -> dict[str, object]:
    return {
        "game": "demo", "card_id": card, "finish": "normal", "condition": "NM", "currency": "EUR",
        "source": "s", "amount_minor": amount_minor, "as_of": as_of,
    }  # fmt: skip


def test_old_price_changes_are_rolled_up_to_the_last_of_a_day_and_of_a_week(
    either_cloud: CloudStore,
) -> None:
    recent = [change(NOW - timedelta(days=80, hours=hour), hour) for hour in range(3)]
    noon = datetime(2025, 9, 10, 12, tzinfo=UTC)
    of_days = [
        change(noon + timedelta(days=day, hours=hour), 100 + day * 10 + hour)
        for day in range(2) for hour in range(3)
    ]  # fmt: skip
    another = change(noon, 7, "d")
    monday = datetime(2023, 5, 8, tzinfo=UTC)
    of_weeks = [change(monday + timedelta(days=day), 1000 + day) for day in range(10)]
    with either_cloud.log.write() as session:
        for row in [*of_weeks, *of_days, another, *recent]:
            session.connection().execute(insert(PRICE_CHANGE), [row])
    context = at(either_cloud)
    assert roll_up(context) == 4 + 8
    with either_cloud.log.read() as session:
        query = select(PRICE_CHANGE.c.amount_minor).order_by(PRICE_CHANGE.c.as_of)
        left = list(session.connection().execute(query).scalars())
    assert sorted(left) == sorted([1006, 1009, 102, 112, 7, 0, 1, 2])
    assert roll_up(context) == 0


def test_the_clean_up_says_what_went(either_cloud: CloudStore) -> None:
    assert run_if_due("counted", at(either_cloud, days=-100)) is Outcome.DONE
    assert clean_up(at(either_cloud)).endswith(
        "0 notes on refused messages, 1 on jobs and 0 rows of the audit log removed"
    )
    assert last(either_cloud, "counted") is None


def test_the_next_months_table_is_made_ahead(postgres_url: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with CloudStore(tmp_path, postgres_url) as store:
        context = JobContext(store, CloudConfig(), now)
        assert partition_name(now) in make_next_partitions(context)
        assert make_next_partitions(context) == ""


def test_the_command_lists_jobs_and_runs_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "cloud", "job"]) == 0
    assert "clean-up" in capsys.readouterr().out
    assert main(["--data", str(tmp_path), "cloud", "job", "clean-up"]) == 0
    assert "0 old price changes rolled up" in capsys.readouterr().out
    assert main(["--data", str(tmp_path), "cloud", "job", "nothing"]) == 2
    with CloudStore(tmp_path) as store, store.log.read() as session:
        runs = session.connection().execute(text("SELECT count(*) FROM job_run"))
        assert runs.scalar_one() == 1
