"""`counterscan bench search`: how long a search of a large catalog takes."""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanner.errors import UsageError
from scanner.phash import HASH_BYTES
from scanner.search import VectorIndex, nearest_hashes, nearest_vectors
from scanner.vectors import DIMENSIONS, quantize_vector

_BEST = 32
# How far a scan lies from its reference: a cosine of about 0.8, as for a card in poor light.
_NOISE = 0.75 / DIMENSIONS**0.5
_FLIPPED_BITS = 40
# For 130,000 rows.
_BAR_MS, _BAR_MEGABYTES = 2.0, 25.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bench search`."""
    parser.add_argument("--rows", type=int, default=130_000, help="reference pictures")
    parser.add_argument("--queries", type=int, default=200, help="searches to time")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Search made-up rows, mapped from a file as those of a pack are, and print the times."""
    if min(args.rows, args.queries) < 1:
        raise UsageError("--rows and --queries must be at least 1")
    rng = np.random.default_rng(1)
    wanted = rng.integers(0, args.rows, args.queries)
    with tempfile.TemporaryDirectory() as folder:
        vectors = _mapped(Path(folder) / "vectors.npy", _vectors(rng, args.rows))
        hashes = _mapped(
            Path(folder) / "hashes.npy",
            rng.integers(0, 256, (args.rows, HASH_BYTES), dtype=np.uint8),
        )
        index = VectorIndex(vectors)
        figures: dict[str, object] = {
            "rows": args.rows,
            "queries": args.queries,
            "megabytes": round((index.nbytes + hashes.nbytes) / 1e6, 1),
        }
        seen = [_seen_vector(rng, vectors[row]) for row in wanted]
        figures |= _timed("vectors", lambda at: index.nearest(seen[at], _BEST), wanted)
        figures |= _timed("exact", lambda at: nearest_vectors(vectors, seen[at], _BEST), wanted)
        marks = [_seen_hash(rng, hashes[row]) for row in wanted]
        figures |= _timed("hashes", lambda at: nearest_hashes(hashes, marks[at], _BEST), wanted)
    figures["peak_rss_megabytes"] = round(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    )
    figures["bar_ms_p50"], figures["bar_megabytes"] = _BAR_MS, _BAR_MEGABYTES
    figures["bars_met"] = (
        float(str(figures["vectors_ms_p50"])) <= _BAR_MS
        and float(str(figures["megabytes"])) <= _BAR_MEGABYTES
    )
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<20} {value}")
    return 0


def _vectors(rng: np.random.Generator, rows: int) -> NDArray[np.int8]:
    vectors = np.empty((rows, DIMENSIONS), np.int8)
    for row in range(rows):
        vector = rng.standard_normal(DIMENSIONS, np.float32)
        vectors[row] = quantize_vector(vector / np.linalg.norm(vector))
    return vectors


def _mapped(path: Path, array: NDArray[Any]) -> NDArray[Any]:
    np.save(path, array)
    mapped: NDArray[Any] = np.load(path, mmap_mode="r")
    return mapped


def _seen_vector(rng: np.random.Generator, reference: NDArray[np.int8]) -> NDArray[np.float32]:
    seen = reference / np.float32(127) + _NOISE * rng.standard_normal(DIMENSIONS, np.float32)
    return np.asarray(seen / np.linalg.norm(seen), np.float32)


def _seen_hash(rng: np.random.Generator, reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
    bits = np.unpackbits(reference)
    bits[rng.choice(bits.size, _FLIPPED_BITS, replace=False)] ^= 1
    return np.packbits(bits)


def _timed(
    name: str,
    search: Callable[[int], tuple[NDArray[np.int64], NDArray[np.float32]]],
    wanted: NDArray[np.int64],
) -> dict[str, object]:
    """Time one search for each wanted row; also the share of them that came out first."""
    search(0)  # the first reads the file
    times_ms, first = [], 0
    for at, row in enumerate(wanted):
        start_ns = time.perf_counter_ns()
        rows, _ = search(at)
        times_ms.append((time.perf_counter_ns() - start_ns) / 1e6)
        first += int(rows[0] == row)
    return {
        f"{name}_ms_p50": round(float(np.percentile(times_ms, 50)), 3),
        f"{name}_ms_p95": round(float(np.percentile(times_ms, 95)), 3),
        f"{name}_found_first": first / len(wanted),
    }
