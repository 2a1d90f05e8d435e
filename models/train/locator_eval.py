"""Measure a locator:

python -m models.train.locator_eval --data DIR --models models

Prints, as JSON lines, the distance of the worst of the four corners in % of the card's width and
the views told, for the real photos and for rendered scenes of cards that no training has seen.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from models.train.locator_data import back_rows, make_block, training_faces
from models.train.scenes import SceneMaker
from scanner.locate import Locator

_VIEWS = ("nothing", "card", "several", "back")


def worst_error(found: np.ndarray, truth: np.ndarray) -> float:
    """The largest corner distance in % of the card's width, up to half a turn."""
    width = (np.linalg.norm(truth[1] - truth[0]) + np.linalg.norm(truth[2] - truth[3])) / 2
    gaps = [np.linalg.norm(np.roll(found, turn, axis=0) - truth, axis=1).max() for turn in (0, 2)]
    return float(min(gaps) / width * 100)


def _spread(errors: list[float]) -> dict[str, float]:
    if not errors:
        return {}
    shares = np.percentile(errors, [50, 90, 99])
    return {
        f"p{share}": round(float(at), 2) for share, at in zip((50, 90, 99), shares, strict=True)
    }


def on_photos(locator: Locator, data: Path) -> dict[str, object]:
    """Views and corner errors on the real photos, the backs used in training left out."""
    trained = set(back_rows(data, test=False))
    views: Counter[str] = Counter()
    errors: list[float] = []
    times_ms: list[float] = []
    with (data / "photos.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if data / row["path"] in trained:
            continue
        frame = cv2.imread(str(data / row["path"]), cv2.IMREAD_COLOR)
        started = time.perf_counter()
        located = locator.locate(frame)
        times_ms.append((time.perf_counter() - started) * 1e3)
        views[f"{row['side']} told {located.view}"] += 1
        if row["corners_px"]:
            points = [point.split(",") for point in row["corners_px"].split(";")]
            truth = np.array(points, dtype=np.float32)
            errors.append(worst_error(located.corners_px[0], truth) if located.corners_px else 100)
    ms = round(float(np.median(times_ms)), 2)
    return {"photos": len(times_ms), "views": views, "worst_corner": _spread(errors), "ms_p50": ms}


def on_scenes(locator: Locator, data: Path, cache: Path, count: int) -> dict[str, object]:
    """The same on rendered scenes (288 × 160) of held-out cards."""
    faces = training_faces(data, cache, 600, 5, held_out=True)
    maker = SceneMaker(np.random.default_rng(77), faces)
    frames, views, quads, _ = make_block(maker, count)
    table: Counter[str] = Counter()
    errors: list[float] = []
    for frame, view, quad in zip(frames, views, quads, strict=True):
        located = locator.locate(frame)
        table[f"{_VIEWS[view]} told {located.view}"] += 1
        if view in (1, 3) and located.corners_px:
            errors.append(worst_error(located.corners_px[0], quad[0]))
    return {"scenes": count, "views": table, "worst_corner": _spread(errors)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the locator.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("models/train/work"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--scenes", type=int, default=600)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    locator = Locator.load(options.models)
    print(json.dumps({"kind": locator.kind, **on_photos(locator, options.data)}))
    print(json.dumps(on_scenes(locator, options.data, options.cache, options.scenes)))


if __name__ == "__main__":
    main()
