"""`counterscan bench WHAT`: loads the one benchmark asked for, by name."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from scanner.commands import Command, Parser, listing, load_command
from scanner.errors import UsageError

BENCHMARKS: Mapping[str, Command] = {
    "recognition": Command("firmware.bench_recognition", "accuracy on photos and scenes"),
    "feed": Command("firmware.bench_feed", "thousands of cards through the simulated machine"),
    "speed": Command("scanner.bench_speed", "full frame to decision, stage by stage"),
    "search": Command("scanner.catalog.bench_search", "exact search over many printings"),
    "catalog": Command("scanner.catalog.bench_catalog", "pictures per second into a pack"),
    "scenes": Command("firmware.bench_scenes", "accuracy on rendered camera scenes"),
    "uploads": Command("firmware.bench_uploads", "what queued pictures cost the feed loop"),
    "sync": Command("sync.bench_partition", "every scan in the cloud exactly once, faults or not"),
    "ingest": Command("sync.bench_ingest", "scans a second into PostgreSQL, one worker and two"),
    "exchange": Command("sync.bench_exchange", "a backlog of scans, and first prices"),
    "cloudapi": Command("sync.bench_cloudapi", "search and price history of the cloud's API"),
    "alerts": Command("sync.bench_alerts", "a price in the cloud to the alert on the page"),
    "printing": Command("firmware.bench_printing", "which printing, given the artwork"),
    "finish": Command("firmware.bench_finish", "normal, holo, reverse or foil, by two lights"),
    "calibration": Command(
        "firmware.bench_calibration", "evidence and truth of rendered scenes, to learn decisions by"
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's name; its own options are declared once its module is loaded."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        f"benchmarks:\n{listing(BENCHMARKS)}\n\n"
        "The options above stand before WHAT; counterscan bench WHAT --help tells its own."
    )
    parser.add_argument("what", nargs="?", metavar="WHAT")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Run one benchmark and return its exit code; raise `UsageError` for an unknown one."""
    if args.what is None:
        raise UsageError(f"say what to measure: counterscan bench {'|'.join(BENCHMARKS)}")
    program = "counterscan bench"
    module = load_command(args.what, BENCHMARKS, program)
    parser = Parser(prog=f"{program} {args.what}", description=BENCHMARKS[args.what].help)
    module.add_arguments(parser)
    parser.parse_args(args.rest, namespace=args)
    return module.run(args)
