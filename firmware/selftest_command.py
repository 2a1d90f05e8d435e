"""`counterscan selftest`: is the machine still as good as on the day its golden deck was recorded?

With `--record` a small deck of known cards is run and what the camera sees of each is kept. Later
the same deck is run again, in any order, and what has changed is said in words.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from tqdm import tqdm

from firmware.drivers import is_simulated, make_drivers
from firmware.feed_command import simulated_drivers
from firmware.recognition import open_packs, open_recognizer
from firmware.selftest import CardMeasure, Verdict, compare
from firmware.selftest_pictures import KNOWN, STRANGE, PicturesReport, run_pictures
from firmware.selftest_record import read_record, record_names, record_path, write_record
from firmware.selftest_run import run_deck
from scanner.config import Settings
from scanner.errors import MachineError, UsageError
from scanner.store_faults import explained
from scanner.store_lock import FeedLock

FEWEST_CARDS = 5
MOST_CARDS = 200
_LAST_WAIT_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `counterscan selftest`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="golden deck to compare with")
    parser.add_argument("--record", metavar="NAME", help="run a deck and keep it as golden")
    parser.add_argument("--cards", type=int, default=10, help="cards in the deck (10)")
    parser.add_argument(
        "--wait", type=float, default=_LAST_WAIT_S, metavar="SECONDS",
        help="how long to wait for the next card (20)",
    )  # fmt: skip
    parser.add_argument(
        "--pictures", action="store_true",
        help="no camera: rendered cards of the demo game (also when no deck is recorded yet)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.epilog = "The exit code is 1 when something has drifted. Stop the feed process first."


def run(args: argparse.Namespace) -> int:
    """Record, compare, or prove recognition with pictures. Raises CounterscanError."""
    settings: Settings = args.settings
    if not FEWEST_CARDS <= args.cards <= MOST_CARDS:
        raise UsageError(f"--cards {args.cards}: give {FEWEST_CARDS} to {MOST_CARDS}.")
    if not 0 < args.wait <= 600:
        raise UsageError(f"--wait {args.wait}: give more than 0 and at most 600 seconds.")
    if args.record:
        return _record(args, settings)
    name = args.name or next(iter(record_names(settings.data_dir)), None)
    if args.pictures or name is None:
        return _pictures(args)
    golden = read_record(settings.data_dir, name)
    today, _, _ = _run(args, settings, len(golden))
    verdict = compare(golden, today)
    print(json.dumps(_as_json(name, verdict)) if args.json else _text(name, verdict))
    return 0 if verdict.good else 1


def _record(args: argparse.Namespace, settings: Settings) -> int:
    record_path(settings.data_dir, args.record)  # refuses a bad name before a card is moved
    seen, driver, recognizer = _run(args, settings, args.cards)
    cards = list({card.card_id: card for card in seen if card.card_id}.values())
    if len(cards) < FEWEST_CARDS:
        raise MachineError(
            f"Only {len(cards)} of {len(seen)} cards were recognised beyond doubt, and a golden "
            f"deck needs {FEWEST_CARDS}: take cards that are scanned without trouble."
        )
    path = write_record(settings.data_dir, args.record, cards, driver, recognizer)
    if args.json:
        print(json.dumps({"recorded": args.record, "cards": len(cards), "file": str(path)}))
    else:
        print(f"{len(cards)} cards are the golden deck {args.record!r} now. Keep them together.")
    return 0


def _run(
    args: argparse.Namespace, settings: Settings, most: int
) -> tuple[list[CardMeasure], str, str]:
    """Run a deck past the machine: what was seen, with which drivers and recognizer."""
    with explained(settings.data_dir):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = FeedLock(settings.data_dir)
    try:
        packs = open_packs(settings)
        recognizer = open_recognizer(settings, packs)
        simulated = is_simulated(settings)
        drivers = simulated_drivers(settings, packs) if simulated else make_drivers(settings)
        driver = f"{drivers.camera.name}, {drivers.feeder.name}"
        print(f"drivers in use: {driver}", file=sys.stderr)
        if drivers.feeder.wants_frames:
            print("Lay the cards of the deck down, one after another.", file=sys.stderr)
        try:
            with tqdm(total=most, unit=" cards", disable=True if args.json else None) as bar:
                seen = []
                for card in run_deck(drivers, recognizer, most, args.wait):
                    seen.append(card)
                    bar.update()
        finally:
            drivers.close()
    finally:
        lock.release()
    return seen, driver, recognizer.describe()


def _pictures(args: argparse.Namespace) -> int:
    report = run_pictures()
    if args.json:
        print(json.dumps({"pictures": True, "good": report.good, **asdict(report)}))
    else:
        print(_pictures_text(report))
    return 0 if report.good else 1


def _pictures_text(report: PicturesReport) -> str:
    found = (
        f"{report.accepted} of {KNOWN} rendered cards accepted, {report.wrong} named wrong; "
        f"{report.strange_accepted} of {STRANGE} cards of no catalog accepted; "
        f"{report.median_ms:g} ms a card."
    )
    works = "Recognition works on this machine."
    if not report.good:
        works = (
            "Recognition does not work as it should here: run `counterscan doctor`, and install "
            "Counterscan again if it finds nothing."
        )
    lines = [found, works]
    if report.recognizer == "phash":
        lines.append("Only the emergency recognition runs here: run `make setup`.")
    return "\n".join(lines)


def _as_json(name: str, verdict: Verdict) -> dict[str, object]:
    return {
        "deck": name,
        "good": verdict.good,
        "cards": verdict.cards,
        "missing": list(verdict.missing),
        "wrong": list(verdict.wrong),
        "findings": [asdict(finding) for finding in verdict.findings],
    }


def _text(name: str, verdict: Verdict) -> str:
    lines = [
        f"{'ok  ' if finding.good else 'BAD '} {finding.name:<9} {finding.sentence}"
        for finding in verdict.findings
    ]
    if verdict.missing and len(verdict.missing) <= 10:
        lines.append(f"     not seen today: {', '.join(verdict.missing)}")
    end = "is as it was" if verdict.good else "has changed: see BAD above"
    return "\n".join([*lines, f"Beside the golden deck {name!r} this machine {end}."])
