"""`counterscan bench finish`: normal, holo, reverse or foil, by two lights and by one.

Each card is rendered in one of the four finishes, lit from the left and from the right. What the
scanner says is counted against what was printed: a foil filed as normal is what costs a shop money.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from firmware.bench_scenes_cards import SLEEVE_SHARE, UPSIDE_DOWN_SHARE, read_subjects
from firmware.simulated.scene import SceneSettings
from firmware.simulated.scene_ranges import RANGES
from firmware.simulated.scene_sides import render_sides
from scanner.errors import UsageError
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.recognize import open_packs, open_recognizer
from scanner.records import Finish

_PRINTED = (Finish.NORMAL, Finish.HOLO, Finish.REVERSE, Finish.FOIL)
_SHINY = tuple(finish.value for finish in _PRINTED[1:])
_SCENES = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench finish`."""
    parser.add_argument("--pack", nargs="+", type=Path, required=True)
    parser.add_argument("--pictures-from", type=Path, required=True, metavar="CSV")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="where its paths start")
    parser.add_argument("--difficulty", choices=tuple(RANGES), default="moderate")
    parser.add_argument("--count", type=int, default=_SCENES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Render, identify under both lights and under one, and print what was said of what."""
    if args.count < 1:
        raise UsageError("--count says how many scenes to draw; ask for at least one")
    recognizer = open_recognizer(open_packs(args.pack))
    report = measure(recognizer, args)
    print(json.dumps(report) if args.json else text_of(report))
    return 0


def measure(recognizer: Recognizer, args: argparse.Namespace) -> dict[str, Any]:
    """What was said of each finish, by two lights and by one; `shiny_as_normal` is the dear one."""
    subjects = read_subjects(args.pictures_from, args.pictures)
    said: dict[str, Counter[tuple[str, str]]] = {"two_lights": Counter(), "one_light": Counter()}
    for place in range(args.count):
        rng = np.random.default_rng([args.seed, 31, place])
        subject, printed = subjects[int(rng.integers(len(subjects)))], _PRINTED[place % 4].value
        left, right = render_sides(
            read_picture(subject.path), rng, SceneSettings(difficulty=args.difficulty),
            upside_down=bool(rng.random() < UPSIDE_DOWN_SHARE),
            sleeve=bool(rng.random() < SLEEVE_SHARE), finish=printed,
        )  # fmt: skip
        both = recognizer.identify(left.picture, right.picture)
        said["two_lights"][printed, both.finish.value] += 1
        said["one_light"][printed, recognizer.identify(left.picture).finish.value] += 1
        if not args.json and (place + 1) % 100 == 0:
            print(f"{place + 1} of {args.count} scenes", file=sys.stderr)
    return {
        "difficulty": args.difficulty,
        "scenes": args.count,
        "recognizer": recognizer.describe(),
        **{lights: _figures(counts) for lights, counts in said.items()},
    }


def _figures(counts: Counter[tuple[str, str]]) -> dict[str, Any]:
    told = {pair: count for pair, count in counts.items() if pair[1] != Finish.UNKNOWN.value}
    right = sum(count for (printed, said), count in told.items() if printed == said)
    return {
        "told": sum(told.values()) / max(1, sum(counts.values())),
        "right_of_told": right / max(1, sum(told.values())),
        "shiny_as_normal": sum(counts[printed, Finish.NORMAL.value] for printed in _SHINY),
        "normal_as_shiny": sum(counts[Finish.NORMAL.value, said] for said in _SHINY),
        "said": {
            printed.value: {
                said.value: counts[printed.value, said.value]
                for said in Finish
                if counts[printed.value, said.value]
            }
            for printed in _PRINTED
        },
    }


def text_of(report: dict[str, Any]) -> str:
    """The report for a person."""
    lines = [f"{report['scenes']} {report['difficulty']} scenes; {report['recognizer']}"]
    for lights, words in (("two_lights", "two lights"), ("one_light", "one light")):
        found = report[lights]
        lines.append(
            f"{words}: a finish told in {found['told']:.1%}, right in {found['right_of_told']:.1%} "
            f"of those; shiny cards called normal: {found['shiny_as_normal']}, normal cards called "
            f"shiny: {found['normal_as_shiny']}"
        )
        for printed, row in found["said"].items():
            said = ", ".join(f"{count} {name}" for name, count in row.items())
            lines.append(f"  {printed}: {said or 'none drawn'}")
    return "\n".join(lines)
