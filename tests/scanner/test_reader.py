"""Numbers that are known are told apart by what a card shows, with the shipped model."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.models import MODELS_DIR
from scanner.reader import Reader, Reading, weigh_strings
from scanner.reader_net import CLASSES, LETTERS, STEPS, Steps, log_softmax
from scanner.reader_places import Says, cut_strip, places_of, printed, strings_of
from scanner.reader_score import score
from scanner.records import Corners, Picture, Printing

CARD_WIDTH_PX, CARD_HEIGHT_PX = 448, 640


def printing(number: str, code: str = "", game: str = "lanternfall", variant: str = "") -> Printing:
    return Printing(f"{code}{number}{variant}", game, "Lamp", code, number, variant)


def framed(text: str) -> tuple[Picture, Corners]:
    """A card of the demo's layout that says `text`, a little turned in a large frame."""
    card = np.full((CARD_HEIGHT_PX, CARD_WIDTH_PX, 3), (70, 60, 50), np.uint8)
    cv2.putText(card, text, (28, 611), (230, 235, 240), cv2.FontFace("sans"), 16, 560)
    corners = np.array([[520, 90], [1010, 120], [975, 800], [490, 770]], np.float32)
    edges = [[0, 0], [CARD_WIDTH_PX, 0], [CARD_WIDTH_PX, CARD_HEIGHT_PX], [0, CARD_HEIGHT_PX]]
    matrix = cv2.getPerspectiveTransform(np.array(edges, np.float32) - np.float32(0.5), corners)
    frame = cv2.warpPerspective(card, matrix, (1536, 864), borderValue=(40, 40, 40))
    return np.asarray(frame, np.uint8), corners


def steps_of(text: str) -> Steps:
    """What the net gives for a line that can be read without a doubt; a space is a gap."""
    logits = np.zeros((STEPS, CLASSES), np.float32)
    logits[:, 0] = 9
    for place, letter in enumerate(text):
        if letter != " ":
            logits[4 + 3 * place] = 0
            logits[4 + 3 * place, LETTERS.index(letter) + 1] = 9
    return log_softmax(logits)


def test_the_number_on_the_card_is_the_likeliest() -> None:
    reader = Reader.load()
    candidates = [printing(text) for text in ("LF2-045/112", "LF1-017/120", "LF3-101/104")]
    frame, corners = framed("LF1-017/120 R")
    reading = reader.weigh(frame, corners, candidates)
    assert reading is not None
    assert max(range(3), key=reading.chances.__getitem__) == 1
    assert sum(reading.chances) <= 1


def test_a_number_that_no_candidate_has_is_none_of_them() -> None:
    frame, corners = framed("LF1-017/120 R")
    others = [printing("LF2-045/112"), printing("LF3-098/104")]
    reading = Reader.load().weigh(frame, corners, others)
    assert reading is not None
    assert not any(reading.is_certain(place) for place in range(2))


def test_a_card_without_print_says_nothing() -> None:
    frame, corners = framed("")
    reading = Reader.load().weigh(
        frame, corners, [printing("LF2-045/112"), printing("LF3-098/104")]
    )
    assert reading is not None
    assert max(reading.chances) < 0.6


def test_what_prints_the_same_is_not_read() -> None:
    frame, corners = framed("OP01-001")
    parallels = [printing("001", "OP01", "onepiece", variant) for variant in ("", "p1")]
    assert Reader.load().weigh(frame, corners, parallels) is None


def test_without_a_model_nothing_is_read_and_it_is_said(tmp_path: Path) -> None:
    shutil.copy(MODELS_DIR / "manifest.toml", tmp_path)
    reader = Reader.load(tmp_path)
    assert "NOT READ" in reader.describe()
    frame, corners = framed("LF1-017/120")
    assert reader.weigh(frame, corners, [printing("LF1-017/120"), printing("LF2-045/112")]) is None


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, 1e9])
def test_corners_out_of_this_world_are_no_crash(nonsense: float) -> None:
    frame, corners = framed("LF1-017/120")
    corners[2, 0] = nonsense
    reading = Reader.load().weigh(
        frame, corners, [printing("LF1-017/120"), printing("LF2-045/112")]
    )
    assert reading is None or not any(reading.is_certain(place) for place in range(2))


def test_a_net_that_gives_no_numbers_spells_nothing() -> None:
    steps = log_softmax(np.full((STEPS, CLASSES), np.nan, np.float32))
    found = weigh_strings([steps], [("LF1-017/120",), ("LF2-045/112",)])
    assert np.allclose(found, 0, atol=1e-6)


def test_the_reading_is_its_own_best_and_others_fall_behind() -> None:
    found = score([steps_of("LF1-017/120 R")], ["LF1-017/120", "LF1-018/120", "ZZZ"])[0]
    assert found[0] == pytest.approx(0, abs=0.1)
    assert found[1] < -5
    assert found[2] < found[1]


def test_a_part_of_a_number_is_not_the_number() -> None:
    whole, part = weigh_strings([steps_of("125/198")], [("125", "125/"), ("25", "25/")])
    assert whole > part + 4
    alone, longer = weigh_strings([steps_of("25/198")], [("25", "25/"), ("125", "125/")])
    assert alone > longer + 4


def test_letters_that_repeat_need_a_gap_between_them() -> None:
    found = score([steps_of("11")], ["1", "11", "111"])[0]
    assert found.argmax() == 1


def test_a_set_code_tells_reprints_with_one_number_apart() -> None:
    one, other = printing("42", "M20", "magic"), printing("42", "M21", "magic")
    assert printed(one) != printed(other)
    assert strings_of(one, Says.SET) == ("M20",)
    assert "042" in strings_of(one, Says.NUMBER)


def test_likely_forms_of_a_number() -> None:
    assert "OP01-006" in strings_of(printing("006", "OP01", "onepiece"), Says.NUMBER)
    assert "LOB-EN001" in strings_of(printing("1", "LOB", "yugioh"), Says.NUMBER)
    assert "025/198" in strings_of(printing("25/198", "sv1", "pokemon"), Says.NUMBER)
    assert strings_of(printing("", "M20", "magic"), Says.NUMBER) == ()


def test_strips_are_cut_where_the_place_is() -> None:
    frame, corners = framed("")
    for place in places_of("a game nobody knows"):
        assert cut_strip(frame, corners, place).shape == (32, 256)
    number = places_of("lanternfall")[0]
    strip = cut_strip(*framed("LF1-017/120"), number)
    ink = np.abs(strip.astype(int) - int(np.median(strip))) > 60
    rows, columns = np.nonzero(ink)
    assert 5 <= rows.min() <= 12
    assert 20 <= rows.max() <= 27
    assert 8 <= columns.min() <= 20


def test_a_chance_of_nearly_one_is_certain() -> None:
    assert Reading((0.999, 0.0)).is_certain(0)
    assert not Reading((0.9, 0.1)).is_certain(0)
