"""`counterscan retry`: try unknown and review scans again, by hand, when the machine is off.

The feed process does the same by itself while no batch runs; this is for a device whose feed
process is stopped, and for seeing beforehand what a new pack would change.
"""

from __future__ import annotations

import argparse
import json

from tqdm import tqdm

from firmware.recognition import open_packs, open_recognizer
from firmware.retry import Retrier, RetryReport, in_use
from scanner.config import Settings
from scanner.errors import ModelError
from scanner.price_log import LoggedPrices
from scanner.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `counterscan retry`."""
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would become of the scans; write nothing"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.epilog = "Corrected and accepted scans are never touched."


def run(args: argparse.Namespace) -> int:
    """Try what is due and say what came of it.

    Raises AlreadyRunningError while the feed process runs, ModelError without a trained model.
    """
    settings: Settings = args.settings
    with Store.open(settings.data_dir, role="feed", price_order=settings.prices.order) as store:
        packs = open_packs(settings)
        prices = LoggedPrices(store, settings.decision.currency)
        recognizer = open_recognizer(settings, packs, prices)
        if recognizer.recognizer == "phash":
            raise ModelError(f"Scans are only tried again by a model. {recognizer.describe()}")
        now = in_use(packs, recognizer, settings.data_dir)
        retrier = Retrier(store, settings.data_dir, recognizer, now, dry=args.dry_run)
        due = retrier.count_due()
        with tqdm(total=due, unit=" scans", disable=True if args.json else None) as bar:
            while retrier.step():
                bar.update(retrier.report.due - bar.n)
    if args.json:
        print(json.dumps(_as_json(retrier.report, now.packs, dry=args.dry_run)))
    else:
        print(_sentence(retrier.report, now.packs, dry=args.dry_run))
    return 0


def _as_json(report: RetryReport, packs: tuple[str, ...], *, dry: bool) -> dict[str, object]:
    return {
        "dry_run": dry,
        "packs": list(packs),
        "due": report.due,
        "accepted": report.accepted,
        "review": report.review,
        "as_before": report.nothing,
        "unreadable": report.unreadable,
        "missing": report.missing,
    }


def _sentence(report: RetryReport, packs: tuple[str, ...], *, dry: bool) -> str:
    names = ", ".join(packs)
    if not report.due:
        return f"No scan is due: all were tried with {names} already, or are accepted or corrected."
    would = "would be" if dry else "are now"
    lines = [
        f"{report.due} scans were due with {names}:",
        f"  {report.accepted} {would} accepted",
        f"  {report.review} {would} in review with better candidates",
        f"  {report.nothing} stay as they were",
    ]
    if gone := report.missing + report.unreadable:
        lines.append(f"  {gone} have no usable picture any more")
    if dry:
        lines.append("Nothing was written.")
    return "\n".join(lines)
