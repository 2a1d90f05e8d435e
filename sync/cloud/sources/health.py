"""How each source does, from its runs: what an owner, a dashboard or an alert asks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.cloud.sources.book import DayOfUse
from sync.cloud.sources.breaker import BreakerState
from sync.cloud.sources.records import Outcome, Run

_GOOD = (Outcome.DONE, Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source and game. `good_at` is when it last gave what it has, None where it never did.

    `problem` is what its last run said, "" where that went well; `failures` counts those since
    `good_at`; until `not_before` it is left alone.
    """

    source: str
    game: str
    good_at: datetime | None
    problem: str
    failures: int
    not_before: datetime | None

    @property
    def is_good(self) -> bool:
        """Whether its last run went well."""
        return not self.failures and self.good_at is not None


def source_health(runs: Iterable[Run]) -> list[SourceHealth]:
    """The health of each source and game of which there are runs, which come oldest first."""
    found: dict[tuple[str, str], SourceHealth] = {}
    for run in runs:
        key = (run.source, run.game)
        before = found.get(key, SourceHealth(*key, None, "", 0, None))
        if run.outcome in _GOOD:
            found[key] = SourceHealth(*key, run.ended_at, "", 0, None)
        elif run.outcome is Outcome.FAILED:
            failures = before.failures + 1
            found[key] = SourceHealth(*key, before.good_at, run.problem, failures, run.not_before)
        else:
            found.setdefault(key, before)
    return sorted(found.values(), key=lambda each: (each.source, each.game))


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source over all its games, as it stands now.

    `breaker` is open while it is left alone, half-open until the next collection has tried it.
    `error` and `problem` are of its last failure, empty where it has given prices in that game
    since. `left_today` is how many requests it may still be asked, None where it is not asked.
    """

    source: str
    breaker: BreakerState
    good_at: datetime | None
    failed_at: datetime | None
    error: str
    problem: str
    not_before: datetime | None
    requests_today: int
    left_today: int | None
    cost_micro_today: int


def source_states(
    runs: Iterable[Run], today: Iterable[DayOfUse], per_day: Mapping[str, int], now: datetime
) -> list[SourceState]:
    """The sources that can be asked (`per_day`: how often), and those that have been.

    `runs` come oldest first; `today` is what was asked on the day of `now`.
    """
    by_source: dict[str, list[Run]] = {name: [] for name in per_day}
    for run in runs:
        by_source.setdefault(run.source, []).append(run)
    used = {day.source: day for day in today}
    return [
        _state(source, found, used.get(source), per_day.get(source), now)
        for source, found in sorted(by_source.items())
    ]


def _state(
    source: str, runs: Sequence[Run], used: DayOfUse | None, per_day: int | None, now: datetime
) -> SourceState:
    good_at: datetime | None = None
    failing: dict[str, Run] = {}
    resting: Run | None = None
    for run in runs:
        if run.outcome in _GOOD:
            good_at, resting = run.ended_at, None
            failing.pop(run.game, None)
        elif run.outcome is Outcome.FAILED:
            failing[run.game] = run
            resting = run if run.not_before is not None else resting
    last = max(failing.values(), key=lambda run: run.ended_at, default=None)
    not_before = resting.not_before if resting is not None else None
    breaker = BreakerState.CLOSED
    if not_before is not None:
        breaker = BreakerState.OPEN if now < not_before else BreakerState.HALF_OPEN
    asked = used.requests if used is not None else 0
    return SourceState(
        source, breaker, good_at, last.ended_at if last else None,
        (last.error or "failed") if last else "", last.problem if last else "",
        not_before if breaker is BreakerState.OPEN else None, asked,
        None if per_day is None else max(0, per_day - asked), used.cost_micro if used else 0,
    )  # fmt: skip
