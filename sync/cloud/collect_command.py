"""`counterscan cloud collect`: collects prices now, whatever the schedule says."""

from __future__ import annotations

import argparse

from scanner.catalog.disk import locked
from scanner.errors import UsageError
from sync.cloud.opening import add_config_argument, config_of, open_store, until_told
from sync.cloud.sources.book_sql import SqlBook
from sync.cloud.sources.catalogs import Catalogs
from sync.cloud.sources.clock import SystemClock
from sync.cloud.sources.collector import LOCK, Collector
from sync.cloud.sources.records import Outcome, Reach
from sync.cloud.sources.registry import MISSING_KEYS, make_sources
from sync.cloud.sources.schedule import Job
from sync.cloud.sources.settings import NAMES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--source", choices=NAMES, help="ask this source alone")
    parser.add_argument("--game", help="collect this game alone")
    parser.add_argument(
        "--due", action="store_true", help="collect only what the schedule asks for now"
    )
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Collect; 1 where a source failed. Raises CounterscanError with what to do."""
    config = config_of(args)
    stopping = until_told()
    with (
        open_store(args, config) as store,
        locked(store.data_dir / LOCK, "Another collection of prices"),
    ):
        book, clock = SqlBook(store, config.sources.costs_micro()), SystemClock(stopping)
        sources = make_sources(config.sources, book, clock)
        try:
            catalogs = Catalogs(store.data_dir, book)
            collector = Collector(store, catalogs, sources, book, clock, stopping)
            if args.due:
                jobs = collector.due()
            else:
                jobs = [
                    Job(each.key, game, Reach.ALL if each.source.every_s else Reach.TOP)
                    for each in sources for game in catalogs.games() if each.source.serves(game)
                ]  # fmt: skip
            jobs = [job for job in jobs if args.source in (None, job.source)
                    and args.game in (None, job.game)]  # fmt: skip
            if not jobs and not args.due:
                raise UsageError(_nothing(args, catalogs.games(), [each.key for each in sources]))
            outcomes = []
            for job in jobs:
                done = collector.run(job)
                outcomes.append(done.outcome)
                print(
                    f"{job.source}, {job.game}: {done.outcome.value}, {done.prices} prices, "
                    f"{done.changed} of them new, {done.left_out} left out"
                    + (f": {done.problem}" if done.problem else "")
                )
                if stopping():
                    break
        finally:
            for each in sources:
                each.source.close()
    return int(Outcome.FAILED in outcomes)


def _nothing(args: argparse.Namespace, games: list[str], sources: list[str]) -> str:
    if not games:
        return (
            "there are no printings to collect prices of: put the shop's packs into the cloud's "
            "data folder (docs/PRICES.md), or let its devices scan cards first"
        )
    if args.source is not None and args.source not in sources:
        why = MISSING_KEYS.get(args.source, "[sources] only leaves it out")
        return f"{args.source} can't be asked: {why}"
    if args.game is not None and args.game not in games:
        return f"there are no printings of {args.game}; there is {', '.join(games)}"
    return "no source has prices of this game"
