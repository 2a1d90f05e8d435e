"""`counterscan bench feed`: thousands of cards through the simulated machine, with faults.

Loop, log, router and drivers are the product's own and take the time that they really take;
waiting takes none. The mechanism moves on meanwhile. Recognition takes the times that were measured
on this computer just before, over rendered cards.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from tqdm import tqdm

from firmware.bench_feed_parts import sample_looks
from firmware.bench_feed_run import FeedRun, Plan
from scanner.config import Settings
from scanner.config_machine import MOST_BINS
from scanner.errors import UsageError

BAR_CARDS_PER_HOUR = 6800


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench feed`."""
    parser.add_argument("--cards", type=int, default=5000)
    parser.add_argument(
        "--faults", type=float, default=0.01, help="share of the cards that meet a fault"
    )
    parser.add_argument(
        "--mechanics", type=float, default=0.5, metavar="S",
        help="seconds that one card's way in, its rest and its way out take together",
    )  # fmt: skip
    parser.add_argument("--settle", type=float, default=0.15, metavar="S", help="of which it rests")
    parser.add_argument("--bins", type=int, default=8)
    parser.add_argument(
        "--frame", type=float, default=0.033, metavar="S", help="seconds that one frame takes"
    )
    parser.add_argument(
        "--slower", type=float, default=1.0, metavar="TIMES",
        help="recognition takes so many times as long as here, as on a smaller computer",
    )  # fmt: skip
    parser.add_argument(
        "--one-by-one", action="store_true",
        help="nothing overlaps: wait for the card to rest, recognise it, only then move",
    )  # fmt: skip
    parser.add_argument("--sample", type=int, default=40, help="cards really recognised before")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measure, and say what came of it; 1 when a card or a fault went wrong. Raises UsageError."""
    plan = _plan(args)
    settings: Settings = args.settings
    size_px = (settings.camera.width_px, settings.camera.height_px)
    sample = sample_looks(
        args.sample, size_px, args.seed, lambda text: print(text, file=sys.stderr)
    )
    # Each fault is told again below; the loop's own words would only hide the figures.
    logging.getLogger("firmware").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="counterscan-bench-") as folder:
        feed = FeedRun(plan, sample, Path(folder))
        try:
            with tqdm(total=plan.cards, unit=" cards", disable=None) as bar:

                def show(logged: int) -> None:
                    bar.update(logged - bar.n)

                figures = feed.run(show)
        finally:
            feed.close()
    print(json.dumps(figures, ensure_ascii=False) if args.json else text_of(figures))
    return 0 if is_right(figures) else 1


def is_right(figures: dict[str, Any]) -> bool:
    """Whether every card arrived once, in its bin, and every fault was called what it was."""
    wrong = ("faults_named_wrong", "faults_not_met", "lost", "doubled", "wrong_bin")
    complete = figures["scans"] == figures["in_bins"] == figures["cards"]
    return bool(figures["finished"]) and complete and not any(figures[key] for key in wrong)


def text_of(figures: dict[str, Any]) -> str:
    """The figures for a person."""
    faults = "\n".join(f"  {name}: {count}" for name, count in sorted(figures["faults"].items()))
    met = "meets" if figures["cards_per_hour"] >= BAR_CARDS_PER_HOUR else "MISSES"
    return (
        f"{figures['cards']:,} cards, {figures['scans']:,} scans, {figures['in_bins']:,} in bins; "
        f"lost {figures['lost']}, doubled {figures['doubled']}, "
        f"in a wrong bin {figures['wrong_bin']}.\n"
        f"Faults (what it was → what it was called): {figures['faults_named_right']} right, "
        f"{figures['faults_named_wrong']} wrong, {figures['faults_not_met']} not met\n{faults}\n"
        f"{figures['cards_per_hour']:,.0f} cards an hour while running, which {met} "
        f"{BAR_CARDS_PER_HOUR:,}.\n"
        f"{figures['ms_per_card']} ms a card for {figures['mechanics_ms']} ms of mechanics "
        f"({figures['rest_ms']} of them rest): {figures['loop_adds_percent']:+} %.\n"
        f"Recognition {figures['recognition_ms_p50']} ms (95%: {figures['recognition_ms_p95']}), "
        f"{figures['looks_per_card']} looks a card; bin and disk {figures['disk_ms_p50']} ms "
        f"(95%: {figures['disk_ms_p95']})."
    )


def _plan(args: argparse.Namespace) -> Plan:
    if not 10 <= args.cards <= 100_000:
        raise UsageError("--cards is a number from 10 to 100,000")
    if not 0 <= args.faults <= 0.5:
        raise UsageError("--faults is a share from 0 to 0.5")
    if not 0 <= args.settle < args.mechanics <= 60:
        raise UsageError("--mechanics must be longer than --settle, and at most 60 s")
    if not 2 <= args.bins <= MOST_BINS:
        raise UsageError(f"--bins is a number from 2 to {MOST_BINS}")
    if min(args.frame, args.slower, args.seed) < 0 or args.sample < 1:
        raise UsageError("--frame, --slower and --seed are not negative, and --sample at least 1")
    return Plan(
        args.cards,
        args.faults,
        args.mechanics,
        args.settle,
        args.bins,
        args.frame,
        args.slower,
        args.seed,
        early_look=not args.one_by_one,
        stage_next=not args.one_by_one,
    )
