"""What is to be collected now: a pure function of the sources, the runs so far, and the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.cloud.sources.records import Outcome, Reach, Run

MOST_SCANNED = 1000
LOOK_BACK = timedelta(days=3)
_HOUR = timedelta(hours=1)
_FIRST_PAUSE = timedelta(minutes=10)
_LONGEST_PAUSE = timedelta(hours=6)
_PAUSE_FOR_A_PERSON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Plan:
    """One source: the games that it serves, how often all of a game, and printings by the hour."""

    source: str
    games: Sequence[str]
    every_s: int
    per_hour: int


@dataclass(frozen=True, slots=True)
class Job:
    """One collection that is due."""

    source: str
    game: str
    reach: Reach


def due(plans: Sequence[Plan], runs: Iterable[Run], now: datetime) -> list[Job]:
    """What is due, in the order of use: first those most scanned, then everything.

    `runs` are those of the last `LOOK_BACK`, the oldest first. After a failure a source is left
    alone for ten minutes, then twice as long each time, and for as long as it asks for; one that a
    person must mend, for a day.
    """
    by_job: dict[Job, list[Run]] = {}
    resting: set[str] = set()
    for run in runs:
        if run.not_before is not None and run.ended_at <= now < run.not_before:
            resting.add(run.source)
        by_job.setdefault(Job(run.source, run.game, run.reach), []).append(run)
    hourly = [
        Job(plan.source, game, Reach.TOP)
        for plan in plans if plan.per_hour for game in plan.games
    ]  # fmt: skip
    daily = [
        Job(plan.source, game, Reach.ALL) for plan in plans if plan.every_s for game in plan.games
    ]
    every = {(plan.source, Reach.ALL): timedelta(seconds=plan.every_s) for plan in plans}
    every |= {(plan.source, Reach.TOP): _HOUR for plan in plans}
    return [
        job
        for job in (*hourly, *daily)
        if job.source not in resting
        and _is_due(by_job.get(job, []), every[job.source, job.reach], now)
    ]


def next_turn(
    cards: Sequence[tuple[str, str]], per_hour: int, now: datetime
) -> Sequence[tuple[str, str]]:
    """Those of the most scanned that this hour may ask for: all in turn where not all fit."""
    if len(cards) <= per_hour:
        return cards
    start = int(now.timestamp() // 3600) * per_hour % len(cards)
    return (*cards, *cards)[start : start + per_hour]


def _is_due(runs: Sequence[Run], every: timedelta, now: datetime) -> bool:
    failures: list[Run] = []
    for run in reversed(runs):
        if run.outcome is Outcome.FAILED:
            failures.append(run)
        elif run.outcome is not Outcome.STOPPED:
            if not failures:
                # A clock that was put back must not put collection off.
                return not run.started_at <= now < run.started_at + every
            break
    if not failures:
        return True
    last = failures[0]
    pause = min(_FIRST_PAUSE * 2 ** min(len(failures) - 1, 10), _LONGEST_PAUSE)
    if not last.retryable:
        pause = _PAUSE_FOR_A_PERSON
    return not last.ended_at <= now < last.ended_at + pause
