"""Collects: asks a source for a game, stores each page, and writes down how it went."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from scanner.errors import CounterscanError, StoreError
from scanner.logs import fields
from scanner.price_feed import PriceTold
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.sources.book import Book
from sync.cloud.sources.catalogs import Catalogs
from sync.cloud.sources.clock import Clock
from sync.cloud.sources.errors import (
    CollectionStoppedError,
    SourceError,
    SourceRefusedError,
)
from sync.cloud.sources.records import LeftOut, Outcome, Page, Reach, Run, Want
from sync.cloud.sources.registry import Source
from sync.cloud.sources.schedule import LOOK_BACK, MOST_SCANNED, Job, Plan, due, next_turn
from sync.cloud.sources.shelf import Shelf
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE, PRICE_KEYS

log = logging.getLogger(__name__)

LOCK = ".collecting"
"""A file in the data folder that is locked while prices are collected: limits hold for all."""

_STRANGE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What code that reads others' formats raises where one has changed in an unforeseen way."""


@dataclass
class _Tally:
    prices: int = 0
    changed: int = 0
    pages: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


class Collector:
    """Runs jobs, one at a time. Writes in short transactions, so that ingest never waits long."""

    def __init__(
        self, store: CloudStore, catalogs: Catalogs, sources: Sequence[Source], book: Book,
        clock: Clock, stopping: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """Ask these sources; end between two pages once `stopping()`."""
        self._store = store
        self._catalogs = catalogs
        self._sources = {source.key: source for source in sources}
        self._book = book
        self._clock = clock
        self._stopping = stopping

    def due(self) -> list[Job]:
        """What the schedule asks for now. Raises StoreError, PackError."""
        games = self._catalogs.games()
        plans = [
            Plan(key, [game for game in games if each.source.serves(game)],
                 each.source.every_s, each.source.per_hour)
            for key, each in self._sources.items()
        ]  # fmt: skip
        now = self._clock.now()
        return due(plans, self._book.runs_since(now - LOOK_BACK), now)

    def run(self, job: Job) -> Run:
        """Collect; a failure is a result, not an exception. Raises StoreError, PackError."""
        started_at, tally = self._clock.now(), _Tally()
        outcome, problem, retryable, word = Outcome.DONE, "", True, ""
        try:
            self._collect(job, tally)
            if not tally.pages:
                outcome = Outcome.UNCHANGED
        except CollectionStoppedError:
            outcome = Outcome.STOPPED
        except StoreError:
            raise
        except CounterscanError as error:
            outcome, problem = Outcome.FAILED, str(error)
            retryable = not isinstance(error, SourceRefusedError)
            word = error.word if isinstance(error, SourceError) else SourceError.word
        except OSError as error:
            outcome, word = Outcome.FAILED, "disk"
            problem = (
                f"What {job.source} sends can't be kept for reading: {error.strerror or error}."
            )
        except _STRANGE as error:
            log.exception("%s: its answer could not be read", job.source)
            outcome, word = Outcome.FAILED, "unforeseen"
            problem = f"{job.source} sent something unforeseen ({type(error).__name__})."
        now, left_s = self._clock.now(), self._sources[job.source].client.breaker.left_s
        run = Run(
            job.source, job.game, job.reach, started_at, now, outcome,
            tally.prices, tally.changed, len(tally.left_out), retryable, problem[:400],
            now + timedelta(seconds=left_s) if left_s else None, word,
        )  # fmt: skip
        self._book.add_run(run)
        if job.reach is Reach.ALL and outcome is Outcome.DONE:
            self._book.set_left_out(job.source, job.game, tally.left_out)
        _tell(run)
        return run

    def _collect(self, job: Job, tally: _Tally) -> None:
        source = self._sources[job.source].source
        shelf = self._catalogs.shelf(job.game)
        want = Want(job.game, shelf, self._turn(job))
        for page in source.collect(want):
            tally.pages += 1
            self._take(shelf, page, job.source, tally)
            if self._stopping():
                raise CollectionStoppedError("The collection of prices was stopped.")

    def _turn(self, job: Job) -> list[str] | None:
        if job.reach is Reach.ALL:
            return None
        top = self._book.most_scanned(MOST_SCANNED)
        now, per_hour = self._clock.now(), self._sources[job.source].source.per_hour
        return [card_id for game, card_id in next_turn(top, per_hour, now) if game == job.game]

    def _take(self, shelf: Shelf, page: Page, key: str, tally: _Tally) -> None:
        """Put a page on disk, and only then remember that it need not be fetched again."""
        source = self._sources[key].source.name
        by_set: dict[str, list[PriceTold]] = {}
        for price in page.prices:
            by_set.setdefault(price.card.set, []).append(price.told)
        if page.confirmed_at is not None:
            for name in page.confirmed_sets:
                again = self._again(shelf.game, name, source, page.confirmed_at)
                by_set.setdefault(name, []).extend(again)
        for name, told in by_set.items():
            tally.changed += tell_prices(self._store, shelf.game, name, told, now_ms())
            tally.prices += len(told)
        if page.links:
            self._book.add_links(page.links)
        for answer in page.answers:
            self._book.remember(key, answer.url, answer.scope, answer.validators)
        tally.left_out += page.left_out

    def _again(self, game: str, set_name: str, source: str, at: datetime) -> list[PriceTold]:
        """The prices of a set that the source has not changed, as of `at`.

        They are those that it told the last time; one that it told before that and no more keeps
        its age.
        """
        c = PRICE.c
        of_set = (c.game == game, c.set_name == set_name, c.source == source)
        last = select(func.max(c.as_of)).where(*of_set).scalar_subquery()
        query = select(*(c[key] for key in PRICE_KEYS), c.amount_minor, c.as_of).where(
            *of_set, c.as_of == last
        )
        with self._store.log.read() as session:
            rows = session.connection().execute(query).all()
        return [
            PriceTold(row.card_id, row.finish, row.condition, row.currency, row.amount_minor,
                      row.source, max(at, row.as_of))
            for row in rows
        ]  # fmt: skip


def _tell(run: Run) -> None:
    if run.outcome is Outcome.FAILED:
        log.warning(
            "%s, %s: %s Its last prices stay.", run.source, run.game, run.problem,
            extra=fields(source=run.source, game=run.game, outcome=run.outcome.value),
        )  # fmt: skip
        return
    log.info(
        "%s, %s (%s): %s, %d prices, %d of them new, %d left out",
        run.source, run.game, run.reach.value, run.outcome.value, run.prices, run.changed,
        run.left_out,
        extra=fields(
            source=run.source, game=run.game, reach=run.reach.value, outcome=run.outcome.value,
            prices=run.prices, changed=run.changed, left_out=run.left_out,
        ),
    )  # fmt: skip
