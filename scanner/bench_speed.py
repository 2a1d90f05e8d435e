"""`counterscan bench speed`: full frame to decision, stage by stage, beside other methods."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.baselines import rank_by_hash, rank_by_orb
from scanner.bench_cards import card_id, draw_frame, write_cards
from scanner.bench_crowd import CrowdedPack
from scanner.catalog.model import load_embedder, reader_of
from scanner.errors import PackError, UsageError
from scanner.models import MODELS_DIR
from scanner.nearest import MOST_HITS
from scanner.pipeline import Recognizer
from scanner.recognize import open_recognizer
from scanner.records import Decision, Identification

_WARM_UP_FRAMES = 5
_SEARCHES = 200
# How far a scan lies from its reference: a cosine of about 0.8, as for a card in poor light.
_SEARCH_NOISE = 0.75 / 128**0.5
_KINDS = ("alone", "reprinted")
_BARS = (
    ("no printing to verify", "alone_ms_p50", 8.0, "ms"),
    ("a printing to verify", "reprinted_ms_p50", 16.0, "ms"),
    ("search alone", "search_ms_p50", 2.0, "ms"),
    ("memory of the search", "search_megabytes", 25.0, "MB"),
    ("all models together", "models_megabytes", 5.0, "MB"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench speed`."""
    parser.add_argument("--rows", type=int, default=130_000, help="rows of the catalog, in all")
    parser.add_argument(
        "--cards", type=int, default=300, help="really drawn cards; half of them have a reprint"
    )
    parser.add_argument("--frames", type=int, default=60, help="frames to measure, of each kind")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Build a catalog of drawn cards, make it as large as asked, time frames on one thread."""
    if min(args.frames, args.cards - 1, args.rows) < 1:
        raise UsageError("--frames and --rows must be at least 1, and --cards at least 2")
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="counterscan-bench-") as folder:
        path = Path(folder) / "pack"
        _build(Path(folder) / "pictures", args.cards, path)
        model_id, runtime = reader_of(load_embedder())
        pack = CrowdedPack.open(path, model_id=model_id, runtime=runtime)
        pack.crowd(args.rows)
        report = measure(pack, args.cards, args.frames)
        pack.close()
    print(json.dumps(report) if args.json else text_of(report))
    return 0


def _build(pictures: Path, cards: int, out: Path) -> None:
    """Build in a process of its own, so that its memory is not counted as the scanner's."""
    print(f"building a catalog of {cards:,} drawn cards", file=sys.stderr)
    table = write_cards(pictures, cards, reprinted=cards // 2)
    command = [sys.executable, "-m", "scanner.cli", "catalog", "build", "--game", "bench"]
    command += ["--pictures", str(pictures), "--facts", str(table), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackError(f"the bench's catalog could not be built: {done.stderr.strip()[-300:]}")


@dataclass(slots=True)
class _Tally:
    """What one kind of frame came to."""

    totals_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    crop_ms: list[float] = field(default_factory=list)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    artwork: int = 0
    printing: int = 0
    accepted: int = 0
    wrong: int = 0

    def add(self, answer: Identification, total_ms: float, cpu_ms: float, truth: str) -> None:
        self.totals_ms.append(total_ms)
        self.cpu_ms.append(cpu_ms)
        for stage, ms in answer.stages_ms.items():
            self.stages_ms.setdefault(stage, []).append(ms)
        found = answer.candidates[0].printing.card_id if answer.candidates else ""
        self.artwork += found.removesuffix("-R") == truth.removesuffix("-R")
        self.printing += found == truth
        accepted = answer.decision is Decision.ACCEPTED
        self.accepted += accepted
        self.wrong += accepted and found != truth


def measure(pack: CrowdedPack, cards: int, frames: int) -> dict[str, Any]:
    """The figures over `frames` frames of either kind, and the bars that they must meet."""
    recognizer = open_recognizer([pack])
    figures: dict[str, Any] = {
        "rows": len(pack.row_card), "cards": len(pack), "frames_of_each_kind": frames,
        "frame_px": [1536, 864], "threads": 1, "recognizer": recognizer.describe(),
    }  # fmt: skip
    for _, frame, _ in _frames("alone", cards, _WARM_UP_FRAMES, seed=7):
        recognizer.identify(frame)
    for kind in _KINDS:
        tally = _Tally()
        for number, frame, reprint in _frames(kind, cards, frames):
            started, worked = time.perf_counter(), time.thread_time()
            answer = recognizer.identify(frame)
            # On a busy machine the time on the clock is longer than the work.
            cpu_ms = (time.thread_time() - worked) * 1000
            total_ms = (time.perf_counter() - started) * 1000
            tally.add(answer, total_ms, cpu_ms, card_id(number, reprint=reprint))
            # The loop cuts it once the decision is made; where it was needed before, it is there.
            started = time.perf_counter()
            _ = answer.crop
            tally.crop_ms.append((time.perf_counter() - started) * 1000)
        figures |= _figures(kind, tally)
    # Before the other methods run, so that their memory is not counted.
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures["peak_resident_megabytes"] = round(peak_kb * 1024 / 1e6, 1)
    figures |= _search_alone(pack)
    models_bytes = sum(path.stat().st_size for path in MODELS_DIR.glob("*.tflite"))
    figures["models_megabytes"] = round(models_bytes / 1e6, 2)
    figures |= _others(pack, recognizer, cards, frames)
    figures["bars"] = [
        {"what": what, "found": figures[name], "bar": bar, "unit": unit,
         "met": figures[name] <= bar}
        for what, name, bar, unit in _BARS
    ]  # fmt: skip
    return figures


def _frames(
    kind: str, cards: int, count: int, seed: int = 1
) -> Iterator[tuple[int, NDArray[np.uint8], bool]]:
    """Number, frame, and whether the card in it is the reprint; the same at every call."""
    rng = np.random.default_rng([seed, _KINDS.index(kind)])
    for place in range(count):
        reprinted = kind == "reprinted"
        number = int(rng.integers(0, cards // 2) if reprinted else rng.integers(cards // 2, cards))
        reprint = reprinted and place % 2 == 1
        yield number, draw_frame(number, place, reprint=reprint)[0], reprint


def _figures(kind: str, tally: _Tally) -> dict[str, Any]:
    count = len(tally.totals_ms)
    stages = {stage: round(float(np.median(ms)), 2) for stage, ms in tally.stages_ms.items()}
    return {
        f"{kind}_ms_p50": _percentile(tally.totals_ms, 50),
        f"{kind}_ms_p95": _percentile(tally.totals_ms, 95),
        f"{kind}_cpu_ms_p50": _percentile(tally.cpu_ms, 50),
        f"{kind}_crop_ms_p50": _percentile(tally.crop_ms, 50),
        f"{kind}_stages_ms_p50": stages,
        f"{kind}_top1_artwork": tally.artwork / count,
        f"{kind}_top1_printing": tally.printing / count,
        f"{kind}_accepted": tally.accepted / count,
        f"{kind}_wrong_accepted": tally.wrong,
    }


def _search_alone(pack: CrowdedPack) -> dict[str, Any]:
    """The search without anything else; hashes lie beside the vectors in every pack."""
    rng = np.random.default_rng(3)
    times_ms, first = [], 0
    wanted = rng.integers(0, len(pack), _SEARCHES)
    pack.index.nearest(np.zeros(pack.vectors.shape[1], np.float32), MOST_HITS)
    for row in wanted:
        query = pack.vectors[row] / np.float32(127)
        query = query + _SEARCH_NOISE * rng.standard_normal(len(query), np.float32)
        query = np.asarray(query / np.linalg.norm(query), np.float32)
        started = time.perf_counter()
        rows, _ = pack.index.nearest(query, MOST_HITS)
        times_ms.append((time.perf_counter() - started) * 1000)
        first += int(row) in rows
    return {
        "search_ms_p50": _percentile(times_ms, 50),
        "search_ms_p95": _percentile(times_ms, 95),
        "search_found": first / len(wanted),
        "search_megabytes": round((pack.index.nbytes + pack.hashes.nbytes) / 1e6, 1),
    }


def _others(pack: CrowdedPack, recognizer: Recognizer, cards: int, frames: int) -> dict[str, Any]:
    """The hash, and ORB on the hash's shortlist, over the same crops: time and accuracy."""
    hash_ms, orb_ms, hash_right, orb_right = [], [], 0, 0
    for kind in _KINDS:
        for number, frame, _ in _frames(kind, cards, frames):
            crop = recognizer.crop_only(frame)
            if crop is None:
                continue
            by_hash = rank_by_hash(crop, [pack])
            by_orb = rank_by_orb(crop, [pack], by_hash.rows)
            hash_ms.append(by_hash.ms)
            orb_ms.append(by_hash.ms + by_orb.ms)
            for ranking in (by_hash, by_orb):
                printing = ranking.printing([pack])
                right = printing is not None and printing.card_id.startswith(card_id(number))
                hash_right += right and ranking is by_hash
                orb_right += right and ranking is by_orb
    every = len(_KINDS) * frames
    return {
        "hash_ms_p50": _percentile(hash_ms, 50), "hash_top1_artwork": hash_right / every,
        "orb_ms_p50": _percentile(orb_ms, 50), "orb_top1_artwork": orb_right / every,
    }  # fmt: skip


def _percentile(values: Sequence[float], percent: int) -> float:
    return round(float(np.percentile(values, percent)), 2) if values else 0.0


def text_of(report: dict[str, Any]) -> str:
    """The report for a person, the bars last."""
    lines = [
        report["recognizer"],
        (
            f"{report['frames_of_each_kind']} frames of 1536×864 of each kind, one thread, "
            f"{report['rows']:,} rows"
        ),
    ]
    for kind, said in zip(_KINDS, ("no printing to verify", "a printing to verify"), strict=True):
        one = {name.removeprefix(f"{kind}_"): value for name, value in report.items()}
        stages = ", ".join(f"{stage} {ms:.2f}" for stage, ms in one["stages_ms_p50"].items())
        lines.append(
            f"{said}: p50 {one['ms_p50']:.2f} ms, p95 {one['ms_p95']:.2f} ms ({stages}); "
            f"of the processor's time p50 {one['cpu_ms_p50']:.2f} ms; the crop that is kept takes "
            f"{one['crop_ms_p50']:.2f} ms more"
        )
        lines.append(
            f"  top-1 artwork {one['top1_artwork']:.1%}, printing {one['top1_printing']:.1%}, "
            f"accepted {one['accepted']:.1%}, wrong among them {one['wrong_accepted']}"
        )
    lines.append(
        f"search alone: p50 {report['search_ms_p50']:.2f} ms, p95 {report['search_ms_p95']:.2f} "
        f"ms, {report['search_megabytes']:.1f} MB, right row found {report['search_found']:.1%}"
    )
    lines.append(
        f"on the same crops, without locating and cutting: 256-bit hash "
        f"{report['hash_ms_p50']:.2f} ms, top-1 {report['hash_top1_artwork']:.1%}; ORB on its "
        f"nearest 20 {report['orb_ms_p50']:.2f} ms, top-1 {report['orb_top1_artwork']:.1%}"
    )
    lines.append(f"peak resident set {report['peak_resident_megabytes']:.0f} MB")
    for bar in report["bars"]:
        met = "met" if bar["met"] else "NOT MET"
        lines.append(f"bar: {bar['what']} ≤ {bar['bar']:g} {bar['unit']}: {bar['found']:g}, {met}")
    return "\n".join(lines)
