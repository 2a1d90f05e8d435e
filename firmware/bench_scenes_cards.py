"""Which cards a benchmark lays under the simulated camera, and how one of them is drawn."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from firmware.simulated.scene import Scene, SceneSettings, render_scene
from firmware.simulated.scene_ranges import Difficulty
from scanner.bench_truth import Truth
from scanner.errors import UsageError
from scanner.pictures import read_picture
from scanner.records import BACK_VARIANT, Picture

UPSIDE_DOWN_SHARE = 0.15
SLEEVE_SHARE = 0.25
FOIL_SHARE = 0.20

KINDS = ("card", "back", "empty", "two")


@dataclass(frozen=True, slots=True)
class Subject:
    """A card to lay under the camera: its picture's file, its card_id and its game, if known.

    `language` is what the table says, or ""; `foil_only` that it is printed on foil alone.
    """

    path: Path
    card_id: str
    game: str
    name: str
    language: str = ""
    foil_only: bool = False


def read_subjects(
    table: Path, pictures: Path | None = None, game: str | None = None, hold_out: Path | None = None
) -> list[Subject]:
    """The cards of a table with the columns path and card_id; card backs are left out.

    Paths start at `pictures`, or at the table. `game` leaves only rows with this in their column
    game, `hold_out` only the cards named in that file. UsageError says what does not fit.
    """
    root = pictures or table.parent
    rows = read_rows(table)
    if not rows or not {"path", "card_id"} <= rows[0].keys():
        raise UsageError(f"{table} needs the columns path and card_id and some rows")
    wanted = _hold_out(hold_out) if hold_out else None
    subjects = [
        Subject(
            root / row["path"], row["card_id"], row.get("game") or "",
            row.get("name") or row["card_id"], row.get("language") or "",
            row.get("finish") == "foil",
        )
        for row in rows
        if row.get("variant") != BACK_VARIANT
        and (not game or row.get("game") == game)
        and (wanted is None or row["card_id"] in wanted)
    ]  # fmt: skip
    if not subjects:
        raise UsageError(f"no row of {table} is left to draw; look at the filters")
    missing = next((s.path for s in subjects if not s.path.is_file()), None)
    if missing is not None:
        raise UsageError(f"{missing} does not exist; name the pictures' folder with --pictures")
    return subjects


def read_rows(table: Path) -> list[dict[str, str]]:
    """The rows of a CSV file. Raises UsageError when it can't be read."""
    try:
        with table.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} can't be read as a table of cards: {error}") from error


def _hold_out(path: Path) -> set[str]:
    rows = read_rows(path)
    if rows and "card_id" in rows[0]:
        return {row["card_id"] for row in rows}
    return {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}


def in_catalog(subjects: Sequence[Subject], truth: Truth) -> list[Subject]:
    """The cards that the packs know, with their pack's game. UsageError when there is none."""
    known = []
    for subject in subjects:
        printing = truth.printing(subject.card_id)
        if printing is not None:
            known.append(replace(subject, game=printing.game))
    if not known:
        raise UsageError(
            "none of these cards is in the packs; for cards of another game say --not-in-catalog"
        )
    return known


def draw_subject(
    kind: str,
    subject: Subject | None,
    subjects: Sequence[Subject],
    backs: Sequence[Picture],
    difficulty: Difficulty,
    rng: np.random.Generator,
) -> Scene:
    """A scene of one of `KINDS`: the card `subject`, one of the `backs`, nothing, or the card
    with another one of `subjects` beside it. The same `rng` state gives the same scene."""
    settings = SceneSettings(difficulty=difficulty)
    upside_down = bool(rng.random() < UPSIDE_DOWN_SHARE)
    sleeve = bool(rng.random() < SLEEVE_SHARE)
    foil = rng.random() < FOIL_SHARE
    if kind == "empty" or (kind != "back" and subject is None):
        return render_scene(None, rng, settings)
    if kind == "back" or subject is None:
        card, foil = backs[int(rng.integers(len(backs)))], False
    else:
        card = read_picture(subject.path)
        foil = foil or subject.foil_only
    others = []
    if kind == "two":
        others = [read_picture(subjects[int(rng.integers(len(subjects)))].path)]
    return render_scene(
        card, rng, settings, upside_down=upside_down, sleeve=sleeve,
        finish="foil" if foil else "normal", others=others,
    )  # fmt: skip
