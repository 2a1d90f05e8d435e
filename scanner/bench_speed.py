"""`counterscan bench speed`: full frame to decision, stage by stage, beside a perceptual hash."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from scanner.bench_cards import draw_frame, write_cards
from scanner.catalog.pack import Pack
from scanner.errors import PackError
from scanner.phash import phash256
from scanner.pipeline import Recognizer
from scanner.recognize import open_packs, open_recognizer
from scanner.records import Decision
from scanner.search import nearest_hashes

_WARM_UP_FRAMES = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench speed`."""
    parser.add_argument("--cards", type=int, default=10_000, help="printings in the catalog")
    parser.add_argument("--frames", type=int, default=100, help="frames to measure")
    parser.add_argument("--pack", type=Path, help="keep the catalog here, to use it again")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Build a catalog of drawn cards, then time frames of them on one thread."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="counterscan-bench-") as folder:
        path = args.pack or Path(folder) / "pack"
        if not path.exists():
            _build(Path(folder) / "pictures", args.cards, path)
        report = _measure(open_packs([path])[0], args.frames)
    print(json.dumps(report) if args.json else _text(report))
    return 0


def _build(pictures: Path, cards: int, out: Path) -> None:
    """Build in a process of its own, so that its memory is not counted as the scanner's."""
    print(f"building a catalog of {cards:,} drawn cards", file=sys.stderr)
    table = write_cards(pictures, cards)
    command = [sys.executable, "-m", "scanner.cli", "catalog", "build", "--game", "bench"]
    command += ["--pictures", str(pictures), "--facts", str(table), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackError(f"the bench's catalog could not be built: {done.stderr.strip()[-300:]}")


def _measure(pack: Pack, frames: int) -> dict[str, Any]:
    recognizer = open_recognizer([pack])
    rng = np.random.default_rng(1)
    numbers = rng.integers(0, len(pack), frames + _WARM_UP_FRAMES)
    stages: dict[str, list[float]] = {}
    totals, hash_totals = [], []
    right = accepted = wrong = hash_right = 0
    for place, number in enumerate(numbers):
        frame, _ = draw_frame(int(number), place)
        started = time.perf_counter()
        answer = recognizer.identify(frame)
        total_ms = (time.perf_counter() - started) * 1000
        if place < _WARM_UP_FRAMES:
            continue
        totals.append(total_ms)
        for stage, ms in answer.stages_ms.items():
            stages.setdefault(stage, []).append(ms)
        truth = f"B-{number:06d}"
        found = answer.candidates[0].printing.card_id if answer.candidates else ""
        right += found == truth
        accepted += answer.decision is Decision.ACCEPTED
        wrong += answer.decision is Decision.ACCEPTED and found != truth
        hash_ms, hash_found = _by_hash(pack, recognizer, frame)
        shared_ms = answer.stages_ms.get("locate", 0.0) + answer.stages_ms.get("rectify", 0.0)
        hash_totals.append(shared_ms + hash_ms)
        hash_right += hash_found == truth
    return {
        "cards": len(pack),
        "frames": frames,
        "frame_px": [1536, 864],
        "recognizer": recognizer.describe(),
        "ms_p50": float(np.percentile(totals, 50)),
        "ms_p95": float(np.percentile(totals, 95)),
        "stages_ms_p50": {stage: float(np.median(ms)) for stage, ms in stages.items()},
        "top1": right / frames,
        "accepted": accepted / frames,
        "wrong_accepted": wrong,
        "phash_ms_p50": float(np.percentile(hash_totals, 50)),
        "phash_top1": hash_right / frames,
        "phash_time_ratio": float(np.percentile(hash_totals, 50) / np.percentile(totals, 50)),
        "peak_resident_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _by_hash(pack: Pack, recognizer: Recognizer, frame: np.ndarray[Any, Any]) -> tuple[float, str]:
    """Time and answer of a 256-bit hash over the same crop, either way up."""
    crop = recognizer.crop_only(frame)
    if crop is None:
        return 0.0, ""
    started = time.perf_counter()
    best_score, best_row = -1.0, 0
    for way in (crop, crop[::-1, ::-1]):
        rows, scores = nearest_hashes(pack.hashes, phash256(np.ascontiguousarray(way)), 1)
        if scores[0] > best_score:
            best_score, best_row = float(scores[0]), int(rows[0])
    ms = (time.perf_counter() - started) * 1000
    return ms, pack.printing(int(pack.row_card[best_row])).card_id


def _text(report: dict[str, Any]) -> str:
    stages = ", ".join(f"{stage} {ms:.2f}" for stage, ms in report["stages_ms_p50"].items())
    return (
        f"{report['recognizer']}\n"
        f"{report['frames']} frames of 1536×864 against {report['cards']:,} cards, one thread\n"
        f"frame to decision: p50 {report['ms_p50']:.2f} ms, p95 {report['ms_p95']:.2f} ms "
        f"({stages})\n"
        f"top-1 {report['top1']:.1%}, accepted {report['accepted']:.1%}, "
        f"wrong among them {report['wrong_accepted']}\n"
        f"256-bit hash on the same crops: {report['phash_time_ratio']:.2f} of that time, "
        f"top-1 {report['phash_top1']:.1%}\n"
        f"peak resident set {report['peak_resident_megabytes']:.0f} MB"
    )
