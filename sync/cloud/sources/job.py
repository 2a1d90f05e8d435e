"""The job that collects prices by the schedule: every few minutes it asks what is due."""

from __future__ import annotations

from scanner.catalog.disk import locked
from scanner.errors import AlreadyRunningError
from sync.cloud.jobs import LONGEST_S, JobContext
from sync.cloud.sources.book_sql import SqlBook
from sync.cloud.sources.catalogs import Catalogs
from sync.cloud.sources.clock import SystemClock
from sync.cloud.sources.collector import LOCK, Collector
from sync.cloud.sources.records import Outcome, Run
from sync.cloud.sources.registry import make_sources

_ENDS_AFTER_S = LONGEST_S * 0.75


def collect_due(context: JobContext) -> str:
    """Collect what is due; what does not fit into one run of the job waits for the next."""
    if not context.config.sources.collect:
        return ""
    try:
        with locked(context.store.data_dir / LOCK, "Another collection of prices"):
            runs = _collect(context)
    except AlreadyRunningError:
        return ""  # somebody collects by hand; the next time is soon
    if not runs:
        return ""
    failed = sum(run.outcome is Outcome.FAILED for run in runs)
    new = sum(run.changed for run in runs)
    return f"{len(runs)} collections, {failed} of them failed; {new} prices are new"


def _collect(context: JobContext) -> list[Run]:
    settings, clock = context.config.sources, SystemClock(context.stopping)
    until_mono_s = clock.mono_s() + _ENDS_AFTER_S

    def stopping() -> bool:
        return context.stopping() or clock.mono_s() > until_mono_s

    book = SqlBook(context.store, settings.costs_micro())
    sources = make_sources(settings, book, clock)
    try:
        catalogs = Catalogs(context.store.data_dir, book)
        collector = Collector(context.store, catalogs, sources, book, clock, stopping)
        return [collector.run(job) for job in collector.due() if not stopping()]
    finally:
        for each in sources:
            each.source.close()
