"""`counterscan bench catalog`: how many pictures per second go into a pack."""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from scanner.catalog.build import build_pack
from scanner.catalog.facts import COLUMNS
from scanner.catalog.model import load_embedder
from scanner.errors import UsageError

_WIDTH_PX, _HEIGHT_PX = 480, 670  # what public card databases give as their normal size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bench catalog`."""
    parser.add_argument(
        "--count", type=int, default=1000, help="pictures to make up and build (default: 1000)"
    )
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="build from these instead")
    parser.add_argument("--facts", type=Path, metavar="FILE.csv", help="the table that fits them")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Build a pack in a temporary folder, once, and print how long it took."""
    if (args.pictures is None) != (args.facts is None):
        raise UsageError("--pictures and --facts go together; give both or neither")
    if args.count < 1:
        raise UsageError("--count must be at least 1")
    embedder = load_embedder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts = args.facts or _make_up(folder, args.count)
        start_ns = time.perf_counter_ns()
        report = build_pack(
            game="bench",
            pictures=args.pictures or folder,
            facts=facts,
            out=folder / "pack",
            embedder=embedder,
            progress=not args.json,
        )
        seconds = (time.perf_counter_ns() - start_ns) / 1e9
    figures = {
        "pictures": report.rows,
        "skipped": len(report.broken),
        "seconds": round(seconds, 2),
        "pictures_per_s": round(report.rows / seconds, 1),
        "model_id": report.model_id,
        "cores": os.cpu_count(),
    }
    if args.json:
        print(json.dumps(figures))
    else:
        for key, value in figures.items():
            print(f"{key:<16} {value}")
    return 0


def _make_up(folder: Path, count: int) -> Path:
    """Write pictures as full of detail as printed cards are, and their table."""
    rng = np.random.default_rng(1)
    facts = folder / "facts.csv"
    with facts.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for index in range(count):
            coarse = rng.integers(0, 256, (84, 60, 3), dtype=np.uint8)
            picture = cv2.resize(coarse, (_WIDTH_PX, _HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
            cv2.putText(picture, f"No. {index}", (30, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0,) * 3)
            cv2.imwrite(str(folder / f"{index}.jpg"), picture)
            writer.writerow((f"{index}.jpg", f"b{index}", f"Card {index}", "Bench", index, ""))
    return facts
