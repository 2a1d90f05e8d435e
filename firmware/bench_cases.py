"""The pictures that a recognition benchmark measures, one at a time, with what is known of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from firmware.bench_scenes_cards import read_rows
from scanner.bench_truth import Truth
from scanner.errors import UsageError
from scanner.pictures import read_picture
from scanner.records import Corners, Picture

Expects = Literal["card", "stranger", "back", "nothing", "unlabelled"]
"""What the picture shows: a card of the catalog, a card that is not in it, a card's back, nothing
that may be named (an empty table, two cards), or a card that the table of photos does not name."""


@dataclass(frozen=True, slots=True)
class Case:
    """One picture to measure. `key` is unique and fit for a file name.

    `frame` is `(height, width, 3) uint8`; `corners_px` the true corners, None when they are not
    known to the pixel. `language` and `finish` are "" where the truth has none.
    """

    key: str
    title: str
    source: Literal["photo", "scene"]
    game: str
    expects: Expects
    card_id: str
    name: str
    conditions: frozenset[str]
    frame: Picture
    corners_px: Corners | None = None
    language: str = ""
    finish: str = ""


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """One row of the table of photos, before its picture is read."""

    path: Path
    game: str
    card_id: str
    name: str
    is_back: bool
    conditions: frozenset[str]
    language: str
    finish: str


def read_photos(table: Path) -> list[PhotoRow]:
    """The rows of a table of photos with the columns path and card_id (which may be empty).

    `name`, `game`, `side`, `notes`, `conditions` (words between semicolons), `surface`,
    `language` and `finish` are used where they are there. UsageError says what is missing.
    """
    rows = read_rows(table)
    if not rows or not {"path", "card_id"} <= rows[0].keys():
        raise UsageError(f"{table} needs the columns path and card_id and at least one row")
    return [
        PhotoRow(
            table.parent / row["path"],
            row.get("game") or "",
            row["card_id"] or "",
            row.get("name") or row["card_id"] or Path(row["path"]).stem,
            row.get("side") == "back",
            photo_conditions(row),
            row.get("language") or "",
            row.get("finish") or "",
        )
        for row in rows
    ]


def photo_cases(rows: list[PhotoRow], truth: Truth) -> Iterator[Case]:
    """Read one photo after another. Raises PictureError, which names the file."""
    for place, row in enumerate(rows):
        known = truth.printing(row.card_id)
        expects: Expects = "unlabelled"
        if row.is_back:
            expects = "back"
        elif row.card_id:
            expects = "card" if known else "stranger"
        yield Case(
            key=f"photo-{place:04d}",
            title=row.path.name,
            source="photo",
            game=known.game if known else row.game,
            expects=expects,
            card_id=row.card_id,
            name=row.name,
            conditions=row.conditions,
            frame=read_picture(row.path),
            language=row.language,
            finish=row.finish,
        )


_NOTES: tuple[tuple[str, str], ...] = (
    ("carpet", r"carpet"),
    ("cloth", r"cloth|fabric|playmat"),
    ("table", r"table|desk|wood"),
    ("tray", r"tray|feeder"),
    ("hand", r"in hand|held"),
    ("sleeve", r"sleeve|binder"),
    ("toploader", r"toploader"),
    ("foil", r"foil|holo"),
    ("lamp spot", r"glare|ring light"),
    ("upside down", r"upside down"),
    ("turned", r"rotated"),
    ("skewed", r"tilt|leaning"),
    ("small", r"\bsmall\b|low res"),
    ("dark", r"\bdark\b(?! table)"),
    ("defocus", r"blur"),
    ("worn", r"damaged|worn|miscut"),
    ("webcam", r"webcam"),
    ("scan", r"duplex scan|flatbed"),
    ("cut out of a larger photo", r"crop of a multi"),
    ("drawn on", r"drawn"),
    ("other language", r"\b(jp|kr|japanese|korean) print|\(jp\)"),
)


def photo_conditions(row: Mapping[str, str]) -> frozenset[str]:
    """The conditions of a photo, in the words of the scenes: its columns, and its notes read."""
    words = {word.strip() for word in (row.get("conditions") or "").split(";")}
    words.add((row.get("surface") or "").strip())
    notes = f"{row.get('notes') or ''} {row.get('number') or ''}".lower()
    words.update(word for word, pattern in _NOTES if re.search(pattern, notes))
    return frozenset(words - {""})
