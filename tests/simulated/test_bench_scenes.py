"""`counterscan bench scenes`: what it counts, and that it runs from a table of cards."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from firmware.bench_corners import CornerError, corner_error
from firmware.bench_scenes_report import Seen, summarise, text_of
from firmware.simulated.cardpress import COLUMNS, plan_cards, press_one
from firmware.simulated.scene import render_scene

Counterscan = Callable[..., "CompletedProcess[str]"]

GOOD = Seen(
    place=0, card_id="A-1", name="Ash", game="one", decision="accepted", view="card", reasons=(),
    found="A-1", score=0.9, right_artwork=True, right_printing=True, named=True,
    corner_error=CornerError(0.01, 0.02), plan="grey tray", elapsed_ms=5.0,
)  # fmt: skip


def test_a_wrong_name_among_the_accepted_is_counted_and_comes_first() -> None:
    wrong = replace(GOOD, place=1, found="B-2", right_artwork=False, right_printing=False)
    missed = replace(GOOD, place=2, decision="review", found="", right_artwork=False,
                     right_printing=False, corner_error=None)  # fmt: skip
    report = summarise([GOOD, missed, wrong, GOOD], worst=5)
    assert report["accepted"] == 3
    assert report["wrong_accepted"] == 1
    assert report["top1_artwork"] == 0.5
    assert report["corners_found"] == 0.75
    assert [case["scene"] for case in report["worst"]] == [1, 2]


def test_a_reprint_accepted_for_the_other_is_a_wrong_printing_of_the_right_artwork() -> None:
    reprint = replace(GOOD, found="B-7", right_printing=False)
    report = summarise([reprint], worst=1)
    assert report["top1_artwork"] == 1
    assert report["top1_printing"] == 0
    assert report["wrong_accepted"] == 1
    assert report["wrong_accepted_artwork"] == 0


def test_what_may_not_be_named_counts_only_what_was_accepted() -> None:
    back = replace(GOOD, named=False, decision="unknown", view="back", right_artwork=False,
                   right_printing=False, corner_error=None)  # fmt: skip
    report = summarise([back, replace(back, decision="accepted")], worst=5)
    assert report["accepted_share"] == 0.5
    assert report["views"] == {"back": 2}
    assert "top1_artwork" not in report
    assert len(report["worst"]) == 1


def test_each_game_is_reported_apart() -> None:
    report = summarise([GOOD, replace(GOOD, game="two", decision="review")], worst=0)
    assert report["games"]["one"]["accepted_share"] == 1
    assert report["games"]["two"]["accepted_share"] == 0
    text = text_of({**report, "difficulty": "hard", "kind": "card", "recognizer": "phash"})
    assert "one: 1 scenes" in text
    assert "two: 1 scenes" in text


def test_the_corner_error_is_in_widths_and_does_not_mind_the_way_up() -> None:
    scene = render_scene(np.full((640, 448, 3), 200, np.uint8), np.random.default_rng(1))
    assert scene.corners_px is not None
    true = scene.corners_px
    width = np.linalg.norm(true[1] - true[0])
    assert corner_error(true, np.roll(true, 2, axis=0)).worst == pytest.approx(0)
    off = corner_error(true, true + np.float32([0.03 * width, 0]))
    assert off.mean == pytest.approx(0.03, rel=0.02)
    one_off = true.copy()
    one_off[2] += np.float32([0, 0.04 * width])
    assert corner_error(true, one_off).worst == pytest.approx(0.04, rel=0.02)
    assert corner_error(true, one_off).mean == pytest.approx(0.01, rel=0.02)


def test_corners_are_counted_over_the_cards_that_were_found() -> None:
    missed = replace(GOOD, corner_error=None)
    report = summarise([GOOD, GOOD, missed], worst=0)
    assert report["corner_error_percent_p50"] == pytest.approx(1.0)
    assert report["worst_corner_percent_p99"] == pytest.approx(2.0)
    assert report["corners_missed"] == 1


def test_cards_without_a_table_are_asked_for(counterscan: Counterscan, tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    done = counterscan("bench", "scenes", "--pack", tmp_path, "--pictures-from", missing)
    assert done.returncode == 2
    assert str(missing) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_scenes_of_a_few_cards_are_measured_against_their_pack(
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
    only = tmp_path / "only.txt"
    only.write_text(f"{cards[0].card_id}\n{cards[1].card_id}\n", encoding="utf-8")
    done = counterscan(
        "bench", "scenes", "--pack", pack, "--pictures-from", facts, "--hold-out", only,
        "--difficulty", "easy", "--count", "4", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["scenes"] == 4
    assert list(report["games"]) == ["demo"]
    assert report["wrong_accepted"] == 0
    stranger = tmp_path / "stranger.txt"
    stranger.write_text("no-such-card\n", encoding="utf-8")
    refused = counterscan(
        "bench", "scenes", "--pack", pack, "--pictures-from", facts, "--hold-out", stranger
    )
    assert refused.returncode == 2
    assert "filters" in refused.stderr
