"""Corners of real photos judged by a person: a table that the report starts and takes back.

Nobody knows the true corners of a photo to the pixel, so somebody looks at the drawn ones. The
judgement holds for the corners that were looked at; when they have moved, it says so.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.bench_corners import corner_error
from firmware.bench_scenes_cards import read_rows
from scanner.errors import UsageError
from scanner.records import Corners

VERDICTS = ("right", "slightly off", "wrong", "not found")
NOT_JUDGED, MOVED = "not judged", "moved since it was judged"
RIGHT_WITHIN, OFF_WITHIN = 0.015, 0.05  # of the card's width, at the worst corner
LIMITS = (
    f"Right: no corner is further off than about {RIGHT_WITHIN:.1%} of the card's width; "
    f"slightly off: up to {OFF_WITHIN:.0%}; wrong: further."
)
_COLUMNS = ("file", "corners_px", "judged", "note")
_MOVED_BEYOND = 0.01  # of the card's width, at the worst corner


@dataclass(frozen=True, slots=True)
class ByEye:
    """What a person said about one photo's corners, and where these were."""

    judged: str
    note: str
    corners_px: Corners | None


def read_judged(table: Path) -> dict[str, ByEye]:
    """The judgements by the photo's file name. Raises UsageError, which names the row."""
    found: dict[str, ByEye] = {}
    for row in read_rows(table):
        if not {"file", "judged"} <= row.keys():
            raise UsageError(f"{table} needs the columns {', '.join(_COLUMNS)}")
        judged = (row["judged"] or "").strip()
        if judged and judged not in VERDICTS:
            raise UsageError(
                f"{table}: {row['file']} is judged {judged!r}; say one of {', '.join(VERDICTS)}"
            )
        found[row["file"]] = ByEye(judged, row.get("note") or "", _corners(table, row))
    return found


def verdict(by_eye: ByEye | None, corners_px: Corners | None) -> str:
    """One of `VERDICTS`, or that it was not judged, or not with these corners."""
    if by_eye is None or not by_eye.judged:
        return NOT_JUDGED
    if (by_eye.corners_px is None) != (corners_px is None):
        return MOVED
    if by_eye.corners_px is None or corners_px is None:
        return by_eye.judged
    error = corner_error(by_eye.corners_px, corners_px)
    return MOVED if error.worst > _MOVED_BEYOND else by_eye.judged


def by_measure(worst: float | None) -> str:
    """The verdict that the limits give for a measured worst corner, None where none was found."""
    if worst is None:
        return "not found"
    if worst <= RIGHT_WITHIN:
        return "right"
    return "slightly off" if worst <= OFF_WITHIN else "wrong"


def tally(said: Iterable[str]) -> dict[str, int]:
    """How many photos each verdict has, those that occur, from right to not found; then what is
    left to judge."""
    counts = Counter(said)
    return {one: counts[one] for one in (*VERDICTS, MOVED, NOT_JUDGED) if counts[one]}


def table_to_judge(
    photos: Sequence[tuple[str, Corners | None]], judged: Mapping[str, ByEye]
) -> str:
    """The table to fill in, as CSV: file, corners, and what was judged of these corners."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for file, corners_px in photos:
        by_eye = judged.get(file)
        kept = by_eye is not None and verdict(by_eye, corners_px) in VERDICTS
        places = "" if corners_px is None else ";".join(f"{x:.1f},{y:.1f}" for x, y in corners_px)
        writer.writerow(
            [file, places, by_eye.judged, by_eye.note]
            if kept and by_eye is not None
            else [file, places, "", ""]
        )
    return text.getvalue()


def _corners(table: Path, row: Mapping[str, str]) -> Corners | None:
    text = (row.get("corners_px") or "").strip()
    if not text:
        return None
    try:
        points = [[float(part) for part in point.split(",")] for point in text.split(";")]
        corners = np.array(points, np.float32)
    except ValueError as error:
        raise UsageError(f"{table}: the corners of {row['file']} are no numbers") from error
    if corners.shape != (4, 2) or not np.isfinite(corners).all():
        raise UsageError(f"{table}: the corners of {row['file']} must be x,y;x,y;x,y;x,y")
    return corners
