"""`counterscan identify` and `bench recognition` on picture files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np

from scanner.bench_cards import draw_frame
from tests.conftest import Counterscan


def test_one_json_line_per_picture_with_what_was_promised(
    counterscan: Counterscan, pack_path: Path, tmp_path: Path
) -> None:
    good = tmp_path / "good.jpg"
    cv2.imwrite(str(good), draw_frame(4, 0)[0])
    done = counterscan("identify", "--pack", pack_path, "--json", good)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert line["image"] == str(good)
    assert line["decision"] == "accepted"
    assert line["printing"] == "B-000004"
    assert line["name"] == "Card 4"
    assert line["candidates"][0].keys() >= {"printing", "name", "score"}
    assert np.shape(line["corners_px"]) == (4, 2)
    assert line["upside_down"] is False
    assert line["reasons"]
    assert line["stages_ms"]["embed"] > 0


def test_broken_pictures_are_named_and_the_others_still_read(
    counterscan: Counterscan, pack_path: Path, tmp_path: Path
) -> None:
    good = tmp_path / "good.jpg"
    cv2.imwrite(str(good), draw_frame(9, 0)[0])
    truncated = tmp_path / "truncated.jpg"
    truncated.write_bytes(good.read_bytes()[:2000])
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    dot = tmp_path / "dot.png"
    cv2.imwrite(str(dot), np.zeros((1, 1, 3), np.uint8))
    done = counterscan("identify", truncated, text, dot, good, "--pack", pack_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name in ("truncated.jpg", "text.jpg", "dot.png"):
        assert name in done.stderr
    assert "accepted · Card 9" in done.stdout


def test_the_bench_compares_with_the_table_and_reports_each_photo(
    counterscan: Counterscan, pack_path: Path, tmp_path: Path
) -> None:
    table = tmp_path / "photos.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "card_id", "name"])
        for number, truth in ((1, "B-000001"), (2, "B-000002"), (3, "B-000050")):
            cv2.imwrite(str(tmp_path / f"{number}.jpg"), draw_frame(number, 0)[0])
            writer.writerow([f"{number}.jpg", truth, f"Card {number}"])
        cv2.imwrite(str(tmp_path / "4.jpg"), draw_frame(4, 0)[0])
        writer.writerow(["4.jpg", "", "nobody knows"])
    done = counterscan("bench", "recognition", "--pack", pack_path, "--photos", table, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["photos"] == 3
    assert abs(report["top1"] - 2 / 3) < 1e-9
    assert report["accepted"] == 3
    assert report["wrong_accepted"] == 1
    assert [row["right"] for row in report["rows"]] == [True, True, False]


def test_a_table_without_the_columns_is_refused_in_one_sentence(
    counterscan: Counterscan, pack_path: Path, tmp_path: Path
) -> None:
    table = tmp_path / "photos.csv"
    table.write_text("a,b\n1,2\n")
    done = counterscan("bench", "recognition", "--pack", pack_path, "--photos", table)
    assert done.returncode == 2
    assert "card_id" in done.stderr
    assert "Traceback" not in done.stderr
