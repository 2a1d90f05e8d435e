"""`counterscan bench recognition`: real photos of known cards, from full frame to name."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scanner.catalog.pack import Pack
from scanner.errors import UsageError
from scanner.identify_command import as_json, identify_file
from scanner.pipeline import Recognizer
from scanner.recognize import open_packs, open_recognizer
from scanner.records import Decision, Identification


@dataclass(frozen=True, slots=True)
class Photo:
    """One row of the table of photos: the file and the card that is in it."""

    path: Path
    card_id: str
    name: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench recognition`."""
    parser.add_argument("--pack", nargs="+", action="extend", type=Path, required=True)
    parser.add_argument(
        "--photos", type=Path, required=True, metavar="CSV",
        help="table with the columns path (relative to it), card_id and name",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Identify every photo that has a card_id and compare."""
    photos = read_photos(args.photos)
    packs = open_packs(args.pack)
    report = measure(open_recognizer(packs), photos, Truth(packs))
    if args.json:
        print(json.dumps(report))
        return 0
    for row in report["rows"]:
        mark = "right" if row["right"] else "in the top 3" if row["right_in_3"] else "WRONG"
        print(f"{row['image']}: {row['truth']} → {row['found'] or '-'} "
              f"({row['decision']}, {mark}; {'; '.join(row['reasons'])})")  # fmt: skip
    print(
        f"{report['photos']} photos: artwork right {report['top1']:.1%}, in the top 3 "
        f"{report['top3']:.1%}, accepted {report['accepted']}, wrong among them "
        f"{report['wrong_accepted']}, p50 {report['ms_p50']:.1f} ms, p95 {report['ms_p95']:.1f} ms"
    )
    return 0


class Truth:
    """Which printings show the same artwork, by the packs' `artwork` column."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        """Read the artwork of every printing of the packs."""
        self._artworks: dict[str, str] = {}
        for pack in packs:
            for card in range(len(pack)):
                card_id = pack.printing(card).card_id
                self._artworks[card_id] = pack.artwork(card) or card_id

    def knows(self, card_id: str) -> bool:
        """Whether the card is in the packs at all."""
        return card_id in self._artworks

    def same_artwork(self, one: str, other: str) -> bool:
        """Whether two printings show one artwork; a printing does with itself."""
        return one == other or self._artworks.get(one, one) == self._artworks.get(other, other)


def read_photos(table: Path) -> list[Photo]:
    """The photos of known cards. Raises UsageError when the table can't be used."""
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{table} can't be read as a table of photos: {error}") from error
    if not rows or not {"path", "card_id"} <= rows[0].keys():
        raise UsageError(f"{table} needs the columns path and card_id and at least one row")
    photos = [
        Photo(table.parent / row["path"], row["card_id"], row.get("name") or row["card_id"])
        for row in rows
        if row["card_id"]
    ]
    if not photos:
        raise UsageError(f"no row of {table} has a card_id to compare with")
    return photos


def measure(recognizer: Recognizer, photos: Sequence[Photo], truth: Truth) -> dict[str, Any]:
    """Identify each photo; the summary and a row per photo, as plain values."""
    rows: list[dict[str, Any]] = []
    times_ms: list[float] = []
    for photo in photos:
        answer = identify_file(recognizer, photo.path)
        times_ms.append(sum(answer.stages_ms.values()))
        rows.append(_row(photo, answer, truth))
    accepted = [row for row in rows if row["decision"] == Decision.ACCEPTED]
    return {
        "photos": len(rows),
        "in_catalog": sum(truth.knows(photo.card_id) for photo in photos),
        "top1": float(np.mean([row["right"] for row in rows])),
        "top3": float(np.mean([row["right_in_3"] for row in rows])),
        "accepted": len(accepted),
        "wrong_accepted": sum(not row["right"] for row in accepted),
        "ms_p50": float(np.percentile(times_ms, 50)),
        "ms_p95": float(np.percentile(times_ms, 95)),
        "recognizer": recognizer.describe(),
        "rows": rows,
    }


def _row(photo: Photo, answer: Identification, truth: Truth) -> dict[str, Any]:
    row = as_json(photo.path, answer)
    hits = [
        truth.same_artwork(candidate.printing.card_id, photo.card_id)
        for candidate in answer.candidates[:3]
    ]
    return {
        **row,
        "truth": photo.card_id,
        "truth_name": photo.name,
        "found": answer.candidates[0].printing.card_id if answer.candidates else None,
        "right": bool(hits[:1] == [True]),
        "right_in_3": any(hits),
    }
