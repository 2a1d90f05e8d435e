"""`counterscan bench recognition`: what it reads, what it draws, what it writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import cv2
import numpy as np
import pytest

from firmware.bench_by_eye import (
    MOVED,
    NOT_JUDGED,
    VERDICTS,
    by_measure,
    read_judged,
    table_to_judge,
    tally,
    verdict,
)
from firmware.bench_case_scenes import GameSet, scene_cases
from firmware.bench_cases import photo_cases, photo_conditions, read_photos
from firmware.bench_scenes_cards import Subject
from firmware.simulated.cardpress import COLUMNS, plan_cards, press_one
from scanner.bench_truth import Truth
from scanner.errors import UsageError

Counterscan = Callable[..., "CompletedProcess[str]"]
CORNERS = np.array([[10, 10], [110, 10], [110, 150], [10, 150]], np.float32)


def _table(folder: Path, rows: list[dict[str, str]]) -> Path:
    table = folder / "photos.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, sorted({key for row in rows for key in row}))
        writer.writeheader()
        writer.writerows(rows)
    return table


def test_the_notes_of_a_photo_become_the_words_of_the_scenes() -> None:
    words = photo_conditions({"notes": "phone photo; sleeve, foil glare; JP print", "number": ""})
    assert words == {"sleeve", "foil", "lamp spot", "other language"}
    assert photo_conditions({"notes": "on dark table", "conditions": "skewed; worn"}) == {
        "table", "skewed", "worn",
    }  # fmt: skip


def test_photos_are_scored_by_what_their_table_says(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), np.full((64, 64, 3), 99, np.uint8))
    table = _table(
        tmp_path,
        [
            {"path": "one.png", "card_id": "", "name": "Somebody", "side": "front"},
            {"path": "one.png", "card_id": "", "side": "back"},
            {"path": "one.png", "card_id": "X-9", "side": "front"},
        ],
    )
    cases = list(photo_cases(read_photos(table), Truth([])))
    assert [case.expects for case in cases] == ["unlabelled", "back", "stranger"]
    assert len({case.key for case in cases}) == 3


def test_a_table_without_its_columns_is_refused_with_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="card_id"):
        read_photos(_table(tmp_path, [{"path": "one.png"}]))


def test_scenes_are_the_same_for_the_same_seed_and_mixed_with_what_must_not_be_named(
    tmp_path: Path,
) -> None:
    files = []
    for place in range(2):
        files.append(tmp_path / f"{place}.png")
        cv2.imwrite(str(files[-1]), np.full((160, 112, 3), 60 + 90 * place, np.uint8))
    own = tuple(Subject(file, file.stem, "made", file.stem) for file in files)
    chosen = GameSet((), own, (Subject(files[0], "other", "else", "other"),))
    first = list(scene_cases("made/../up", chosen, "easy", 12, 3))
    again = list(scene_cases("made/../up", chosen, "easy", 12, 3))
    assert all(np.array_equal(a.frame, b.frame) for a, b in zip(first, again, strict=True))
    assert [case.expects for case in first[:12]] == ["card"] * 12
    assert [case.expects for case in first[12:]] == ["back", "nothing"]
    assert all(case.corners_px is None for case in first[12:])
    assert not any("/" in case.key for case in first)


def test_a_judgement_by_eye_holds_until_the_corners_move(tmp_path: Path) -> None:
    table = tmp_path / "judged.csv"
    table.write_text(
        table_to_judge([("one.jpg", CORNERS)], {}).replace(",,\n", ",slightly off,frame\n"),
        encoding="utf-8",
    )
    one = read_judged(table)["one.jpg"]
    assert verdict(one, CORNERS + np.float32(0.5)) == "slightly off"
    assert verdict(one, CORNERS + np.float32(3)) == MOVED
    assert verdict(one, None) == MOVED
    assert verdict(None, CORNERS) == NOT_JUDGED
    assert "slightly off,frame" in table_to_judge([("one.jpg", CORNERS)], {"one.jpg": one})
    assert "slightly" not in table_to_judge([("one.jpg", CORNERS + 9)], {"one.jpg": one})


def test_measured_corners_have_the_verdict_that_a_person_would_give() -> None:
    said = [by_measure(worst) for worst in (0.015, 0.016, 0.05, 0.051, None)]
    assert said == ["right", "slightly off", "slightly off", "wrong", "not found"]
    assert list(tally([NOT_JUDGED, *said])) == [*VERDICTS, NOT_JUDGED]


@pytest.mark.parametrize(
    "row", ["one.jpg,,splendid,", 'one.jpg,"1,2;3,4",right,', "one.jpg,up,right,"]
)
def test_a_judgement_that_can_t_be_read_is_refused(tmp_path: Path, row: str) -> None:
    table = tmp_path / "judged.csv"
    table.write_text(f"file,corners_px,judged,note\n{row}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"one\.jpg"):
        read_judged(table)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--game-set", "pack"], "--game-set takes"),
        (["--pictures-from", "cards.csv"], "--pack"),
        (["--count", "0"], "--count"),
    ],
)
def test_words_that_do_not_fit_together_are_refused(
    counterscan: Counterscan, words: list[str], said: str
) -> None:
    done = counterscan("bench", "recognition", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_photos_and_scenes_of_a_few_cards_make_one_report(
    counterscan: Counterscan, tmp_path: Path
) -> None:
    cards = plan_cards()[:6]
    for card in cards:
        press_one(card, tmp_path)
    facts = tmp_path / "facts.csv"
    with facts.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(card, column) for column in COLUMNS] for card in cards)
    pack = tmp_path / "pack"
    built = counterscan(
        "catalog", "build", "--game", "demo", "--pictures", tmp_path, "--facts", facts,
        "--out", pack,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    photos = _table(
        tmp_path,
        [
            {"path": cards[0].path, "card_id": cards[0].card_id, "name": cards[0].name},
            {"path": cards[1].path, "card_id": "", "name": "not told"},
        ],
    )
    done = counterscan(
        "bench", "recognition", "--pack", pack, "--photos", photos, "--game-set", pack, facts,
        "--count", "6", "--difficulty", "easy", "--report", tmp_path / "report", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["photos"] == 1
    assert [row["truth"] for row in said["rows"]] == [cards[0].card_id]
    twin = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert twin["scenes"]["cards"] == 6
    assert twin["scenes"]["wrong_accepted"] == 0
    assert twin["scenes"]["artwork"] == 1
    assert twin["open_set"]["unlabelled"]["pictures"] == 1
    assert [row["method"] for row in twin["yardsticks"]][1:] == [
        "256-bit perceptual hash", "ORB on the hash's 20 nearest",
    ]  # fmt: skip
    assert (tmp_path / "report" / "corners.html").exists()
