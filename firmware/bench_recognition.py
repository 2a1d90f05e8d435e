"""`counterscan bench recognition`: from full frame to name, on real photos and rendered scenes.

With no input it measures the demo game's own cards, so that it runs anywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware.bench_by_eye import ByEye, read_judged
from firmware.bench_case_scenes import GameSet, scene_cases
from firmware.bench_cases import Case, photo_cases, read_photos
from firmware.bench_judged import Judged, judge
from firmware.bench_recognition_text import photo_report, text_of
from firmware.bench_report import summarise
from firmware.bench_report_bars import bars
from firmware.bench_report_page import Entry, ReportPages, make_entry
from firmware.bench_report_pictures import ReportPictures
from firmware.bench_scenes_cards import in_catalog, read_subjects
from firmware.demo_setup import build_demo_pack, pictures_dir
from firmware.simulated.scene_ranges import RANGES
from scanner.bench_truth import Truth
from scanner.errors import UsageError
from scanner.pipeline import Recognizer
from scanner.recognize import open_packs, open_recognizer

_SCENES = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench recognition`."""
    parser.add_argument(
        "--pack", nargs="+", action="extend", type=Path, default=[],
        help="packs for --photos and --pictures-from",
    )  # fmt: skip
    parser.add_argument(
        "--photos", type=Path, metavar="CSV",
        help="real photos: a table with the columns path (relative to it), card_id and name; rows "
        "without a card_id are shown, and not scored by name",
    )  # fmt: skip
    parser.add_argument(
        "--game-set", nargs="+", action="append", type=Path, default=[], metavar="PATH",
        help="PACK CSV [PICTURES]: rendered scenes of the cards in the table CSV, against the pack "
        "of their game; once for each game",
    )  # fmt: skip
    parser.add_argument(
        "--pictures-from", type=Path, metavar="CSV",
        help="rendered scenes of the cards in this table, against --pack",
    )  # fmt: skip
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="where that table's paths start"
    )
    parser.add_argument("--difficulty", choices=tuple(RANGES), default="moderate")
    parser.add_argument(
        "--count", type=int, default=_SCENES, help=f"scenes of each game (default: {_SCENES})"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--report", type=Path, metavar="DIR",
        help="write index.html, corners.html, report.json and the pictures there",
    )  # fmt: skip
    parser.add_argument(
        "--judged", type=Path, metavar="CSV",
        help="corners judged by eye: a report's corners-to-judge.csv, filled in",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measure every picture, write the report, print the summary."""
    if args.count < 1:
        raise UsageError("--count says how many scenes to draw of each game; ask for at least one")
    by_eye = read_judged(args.judged) if args.judged else {}
    pages = ReportPages() if args.report else None
    pictures = ReportPictures(args.report) if args.report else None
    measured: list[Judged] = []
    entries: list[Entry] = []
    recognizers: list[str] = []
    for recognizer, packs, truth, cases in _sources(args):
        recognizers.append(recognizer.describe())
        for case in cases:
            judged = judge(recognizer, packs, case, truth)
            if pictures is not None:
                seen = by_eye.get(case.title) if case.source == "photo" else None
                entries.append(make_entry(pictures, case, judged, truth, seen))
            # The crop is written; a thousand of them would not fit in memory.
            measured.append(replace(judged, answer=replace(judged.answer, cut_crop=None)))
            if not args.json and len(measured) % 100 == 0:
                print(f"{len(measured)} pictures measured", file=sys.stderr)
    summary = summarise(measured)
    if pages is not None:
        _write(pages, args, entries, summary, recognizers, by_eye)
    photos = photo_report(measured, recognizers[0])
    if args.json:
        print(json.dumps({**photos, "difficulty": args.difficulty, "summary": summary}))
    else:
        print(text_of(summary, photos, bars(summary, args.difficulty)))
        if args.report:
            print(f"the report: {args.report / 'index.html'}")
    return 0


def _write(
    pages: ReportPages, args: argparse.Namespace, entries: Sequence[Entry],
    summary: Mapping[str, Any], recognizers: Sequence[str], by_eye: Mapping[str, ByEye],
) -> None:  # fmt: skip
    about = {
        "made_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "difficulty": args.difficulty,
        "seed": args.seed,
        "recognizers": list(dict.fromkeys(recognizers)),
        "busy": _busy(),
    }
    pages.write(args.report, entries, summary, bars(summary, args.difficulty), about, by_eye)


def _busy() -> str:
    """How much more this machine was asked to do than it can, in words; "" when it kept up."""
    waiting, cores = os.getloadavg()[1], os.cpu_count() or 1
    return f"load {waiting:.1f} on {cores} cores" if waiting > cores + 0.5 else ""


Source = tuple[Recognizer, list[Any], Truth, Iterator[Case]]


def _sources(args: argparse.Namespace) -> Iterator[Source]:
    """A recognizer over its packs and the cases for it: the photos, then each game's scenes."""
    sets = list(_game_sets(args))
    if args.photos:
        rows = read_photos(args.photos)
        paths = args.pack or [path for chosen in sets for path in chosen.packs]
        if not paths:
            raise UsageError("say which packs the photos are looked up in: --pack PACK")
        packs = open_packs(paths)
        truth = Truth(packs)
        yield open_recognizer(packs), packs, truth, photo_cases(rows, truth)
    elif not sets:
        sets = [_demo_set()]
    for chosen in _with_strangers(sets):
        packs = open_packs(chosen.packs)
        truth = Truth(packs)
        known = replace(chosen, subjects=tuple(in_catalog(chosen.subjects, truth)))
        game = "+".join(pack.game for pack in packs)
        cases = scene_cases(game, known, args.difficulty, args.count, args.seed)
        yield open_recognizer(packs), packs, truth, cases


def _game_sets(args: argparse.Namespace) -> Iterator[GameSet]:
    for words in args.game_set:
        if len(words) not in (2, 3):
            raise UsageError("--game-set takes a pack, a table of cards and the pictures' folder")
        yield GameSet((words[0],), tuple(read_subjects(*words[1:])))
    if args.pictures_from:
        if not args.pack:
            raise UsageError("say which packs these cards are looked up in: --pack PACK")
        yield GameSet(tuple(args.pack), tuple(read_subjects(args.pictures_from, args.pictures)))


def _demo_set() -> GameSet:
    pack, _ = build_demo_pack(lambda text: print(text, file=sys.stderr))
    return GameSet((pack,), tuple(read_subjects(pictures_dir() / "facts.csv")))


def _with_strangers(sets: Sequence[GameSet]) -> Iterator[GameSet]:
    """Each set with the cards of the others, which its pack must not name."""
    for chosen in sets:
        others = [one for other in sets if other is not chosen for one in other.subjects]
        yield replace(chosen, strangers=tuple(others))
