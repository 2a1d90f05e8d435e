"""How each source does, from its runs: what an owner, a dashboard or an alert asks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sync.cloud.sources.records import Outcome, Run


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
        if run.outcome in (Outcome.DONE, Outcome.UNCHANGED):
            found[key] = SourceHealth(*key, run.ended_at, "", 0, None)
        elif run.outcome is Outcome.FAILED:
            failures = before.failures + 1
            found[key] = SourceHealth(*key, before.good_at, run.problem, failures, run.not_before)
        else:
            found.setdefault(key, before)
    return sorted(found.values(), key=lambda each: (each.source, each.game))
