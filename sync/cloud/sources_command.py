"""`counterscan cloud sources …`: try the price sources, see what they left out, name cards."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scanner.export.table import write_table
from sync.cloud.opening import add_config_argument, config_of, open_store
from sync.cloud.sources.book_sql import SqlBook
from sync.cloud.sources.breaker import BreakerState
from sync.cloud.sources.catalogs import Catalogs
from sync.cloud.sources.clock import SystemClock
from sync.cloud.sources.errors import SourceError
from sync.cloud.sources.health import SourceState, source_health
from sync.cloud.sources.link_file import COLUMNS, read_links
from sync.cloud.sources.records import DayPlan
from sync.cloud.sources.registry import MISSING_KEYS, Source, make_sources, without_keys
from sync.cloud.sources.schedule import MOST_SCANNED
from sync.cloud.sources.settings import NAMES, SourcesSettings
from sync.cloud.sources.standing import states_of

_USAGE_DAYS = 14


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be done."""
    add_config_argument(parser)
    actions = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    actions.add_parser("check", help="ask each source once, and say what a day would take")
    left_out = actions.add_parser("left-out", help="what belongs to no printing, as CSV")
    left_out.add_argument("--source", choices=NAMES, default="")
    left_out.add_argument("--game", default="")
    link = actions.add_parser("link", help="take in which printings they are, from that CSV")
    link.add_argument("file", type=Path, metavar="FILE", help="that CSV, with card_id filled in")
    actions.add_parser("usage", help="requests and cost of each source by day")
    actions.add_parser("status", help="when each source last gave prices, and what is wrong")


def run(args: argparse.Namespace) -> int:
    """Do it. Raises CounterscanError with what to do."""
    if args.what == "check":
        return _check(args)
    if args.what == "left-out":
        return _left_out(args)
    if args.what == "link":
        return _link(args)
    return _usage(args) if args.what == "usage" else _status(args)


def _check(args: argparse.Namespace) -> int:
    settings = config_of(args).sources
    with open_store(args, config_of(args)) as store:
        book = SqlBook(store, settings.costs_micro())
        catalogs = Catalogs(store.data_dir, book)
        shelves = {game: len(catalogs.shelf(game).sets) for game in catalogs.games()}
        top = len(book.most_scanned(MOST_SCANNED))
        sources = make_sources(settings, book, SystemClock(), attempts=1)  # a person waits
        failed = 0
        for each in sources:
            served = {game: n for game, n in shelves.items() if each.source.serves(game)}
            line, good = _line(each, DayPlan(served, top), settings)
            failed += not good
            print(line)
            each.source.close()
    for name in without_keys(settings):
        print(f"{name}: not asked: {MISSING_KEYS[name]} in [sources] of cloud.toml")
    if not shelves:
        print("There are no printings yet: packs in the cloud's folder, or scans, name them.")
    if not settings.contact:
        print("Say in contact, in [sources] of cloud.toml, whom a source can write to.")
    if not settings.collect:
        print("Nothing is collected yet: set collect = true in [sources] of cloud.toml.")
    return int(bool(failed))


def _line(each: Source, plan: DayPlan, settings: SourcesSettings) -> tuple[str, bool]:
    """What one source says, and what it would take."""
    source = each.source
    needed = source.requests_a_day(plan) if plan.sets else 0
    cost = needed * settings.costs_micro().get(each.key, 0) / 1_000_000
    takes = f"about {needed} of {source.per_day} requests a day"
    if cost:
        takes += f", {cost:.2f} {settings.cost_currency}"
    if needed > source.per_day:
        takes += "; what does not fit waits for the next day"
    games = ", ".join(sorted(plan.sets)) or "no game of yours"
    try:
        said, good = source.check(), True
    except SourceError as error:
        said, good = str(error).rstrip(".").removeprefix(f"{each.key} "), False
    return f"{each.key}: {said}; {'/'.join(source.currencies)}; {games}; {takes}", good


def _left_out(args: argparse.Namespace) -> int:
    with open_store(args, config_of(args)) as store:
        rows = SqlBook(store).left_out(args.source, args.game)
    # Names are a stranger's words, and the file is opened in a spreadsheet.
    sys.stdout.write(write_table(COLUMNS, rows).decode())
    return 0


def _link(args: argparse.Namespace) -> int:
    links = read_links(args.file)
    with open_store(args, config_of(args)) as store:
        book = SqlBook(store)
        catalogs = Catalogs(store.data_dir, book)
        shelves = {game: catalogs.shelf(game) for game in {link.game for link in links}}
        unknown = [
            link for link in links
            if link.card_id not in shelves[link.game].sets
            and shelves[link.game].card(link.card_id) is None
        ]  # fmt: skip
        book.add_links(link for link in links if link not in unknown)
    for link in unknown:
        print(f"{link.game}: there is no printing or set {link.card_id!r}", file=sys.stderr)
    print(f"{len(links) - len(unknown)} taken in; they count from the next collection on")
    return int(bool(unknown))


def _standing(state: SourceState, cost_micro: int, currency: str) -> str:
    """One source over all games: whether it is asked, how often, and what it cost."""
    asked = {
        BreakerState.CLOSED: "is asked as usual", BreakerState.OPEN: "is left alone",
        BreakerState.HALF_OPEN: "is tried again with one request",
    }[state.breaker]  # fmt: skip
    line = f"{state.source} {asked}; {state.requests_today} requests today"
    if state.left_today is not None:
        line += f", {state.left_today} left"
    line += f"; {cost_micro / 1e6:.2f} {currency} in two weeks"
    return line + (f"; last failure: {state.error}" if state.error else "")


def _usage(args: argparse.Namespace) -> int:
    config = config_of(args)
    since = (datetime.now(UTC) - timedelta(days=_USAGE_DAYS)).date()
    with open_store(args, config) as store:
        days = SqlBook(store).usage(since)
    for day in days:
        print(
            f"{day.day} {day.source}: {day.requests} requests, {day.unchanged} unchanged, "
            f"{day.failures} failed, {day.received_bytes / 1e6:.1f} MB, "
            f"{day.cost_micro / 1e6:.2f} {config.sources.cost_currency}"
        )
    if not days:
        print(f"No source was asked in the last {_USAGE_DAYS} days.")
    return 0


def _status(args: argparse.Namespace) -> int:
    since, settings = datetime.now(UTC) - timedelta(days=_USAGE_DAYS), config_of(args).sources
    with open_store(args, config_of(args)) as store:
        book = SqlBook(store)
        found = source_health(book.runs_since(since))
        states = states_of(store, settings)
        costs = Counter[str]()
        for day in book.usage(since.date()):
            costs[day.source] += day.cost_micro
    for each in found:
        good = f"{each.good_at:%Y-%m-%d %H:%M} UTC" if each.good_at else "not within two weeks"
        line = f"{each.source}, {each.game}: last good {good}"
        if each.failures:
            line += f"; failed {each.failures} times since: {each.problem}"
        if each.not_before is not None:
            line += f" It is left alone until {each.not_before:%H:%M} UTC."
        print(line)
    for state in states:
        print(_standing(state, costs[state.source], settings.cost_currency))
    if not found:
        print("Nothing has been collected in the last two weeks.")
    return int(any(not each.is_good for each in found))
