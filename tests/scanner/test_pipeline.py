"""From a full frame to an answer, with the shipped models and a real pack."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner import glare
from scanner.bench_cards import draw_card, draw_frame
from scanner.catalog.pack import Pack
from scanner.embed import Embedder
from scanner.errors import ModelError, PictureError
from scanner.pipeline import Recognizer
from scanner.records import Corners, Decision, Picture, View
from scanner.shortlist import Found
from tests.scanner.conftest import CARDS

EMPTY_TRAY = np.full((864, 1536, 3), 40, np.uint8)


def test_cards_of_the_catalog_are_named(recognizer: Recognizer) -> None:
    for number in range(0, CARDS, 6):
        frame, corners = draw_frame(number, 5)
        answer = recognizer.identify(frame)
        assert answer.candidates[0].printing.card_id == f"B-{number:06d}"
        assert answer.decision is Decision.ACCEPTED
        assert answer.corners_px is not None
        width = np.linalg.norm(corners[1] - corners[0])
        middle = answer.corners_px.mean(axis=0) - corners.mean(axis=0)
        assert np.abs(middle).max() < 0.08 * width
        assert not answer.upside_down


def test_a_card_upside_down_is_named_and_its_crop_turned(recognizer: Recognizer) -> None:
    frame, corners = draw_frame(21, 5)
    answer = recognizer.identify(np.ascontiguousarray(frame[::-1, ::-1]))
    assert answer.printing is not None
    assert answer.printing.card_id == "B-000021"
    assert answer.upside_down
    upright = recognizer.identify(frame)
    assert answer.crop is not None
    assert upright.crop is not None
    as_it_is = np.abs(answer.crop.astype(int) - upright.crop).mean()
    the_other_way = np.abs(answer.crop[::-1, ::-1].astype(int) - upright.crop).mean()
    assert as_it_is < the_other_way / 2
    expected = np.array([1535, 863]) - corners
    assert answer.corners_px is not None
    assert np.abs(answer.corners_px - expected).max() < 25


def test_a_card_that_is_not_in_the_catalog_is_never_accepted(recognizer: Recognizer) -> None:
    for number in range(1000, 1012):
        answer = recognizer.identify(draw_frame(number, 2)[0])
        assert answer.decision is not Decision.ACCEPTED


def test_nothing_in_view_is_said_so(recognizer: Recognizer) -> None:
    answer = recognizer.identify(EMPTY_TRAY)
    assert answer.view is View.NOTHING
    assert answer.decision is Decision.UNKNOWN
    assert answer.reasons == ("no card in view",)


def test_each_answer_says_what_made_it_and_how_long_it_took(
    recognizer: Recognizer, embedder: Embedder, pack: Pack
) -> None:
    answer = recognizer.identify(draw_frame(3, 3)[0])
    assert answer.recognizer == "embedder"
    assert answer.model_id == embedder.model_id
    assert answer.pack_id == pack.pack_id
    assert list(answer.stages_ms) == [
        "locate", "rectify", "embed", "search", "verify", "lay", "printing", "read",
        "decide", "finish",
    ]  # fmt: skip


def test_the_crop_of_a_clear_card_is_cut_when_it_is_wanted_and_once(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts: list[object] = []
    cut = glare.rectify

    def counted(frame: Picture, corners: Corners) -> Picture:
        cuts.append(corners)
        return cut(frame, corners)

    monkeypatch.setattr(glare, "rectify", counted)
    answer = recognizer.identify(draw_frame(0, 5)[0])
    assert answer.decision is Decision.ACCEPTED
    assert not cuts
    assert answer.crop is answer.crop
    assert len(cuts) == 1


@pytest.mark.parametrize(
    "frame", [np.zeros((1, 1, 3), np.uint8), np.zeros((400, 400), np.uint8), np.zeros((9, 9, 4))]
)
def test_a_frame_that_is_no_picture_is_refused(recognizer: Recognizer, frame: np.ndarray) -> None:
    with pytest.raises(PictureError):
        recognizer.identify(frame)


def test_without_a_model_the_hash_steps_in_and_every_answer_is_marked(
    pack: Pack, tmp_path: Path
) -> None:
    fallback = Recognizer.open([pack], models_dir=tmp_path)
    assert "PERCEPTUAL HASH ONLY" in fallback.describe()
    answer = fallback.identify(draw_frame(8, 1)[0])
    assert answer.recognizer == "phash"
    assert answer.model_id == "phash256"
    assert answer.candidates[0].printing.card_id == "B-000008"


def test_a_damaged_model_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text('[embedder]\nfile = "e.tflite"\nsha256 = "00"\n')
    (tmp_path / "e.tflite").write_bytes(b"garbage")
    with pytest.raises(ModelError, match="reinstall"):
        Embedder.load(tmp_path)


def test_the_same_card_gives_the_same_vector_and_another_one_a_different_one(
    embedder: Embedder,
) -> None:
    one, again = embedder.embed(draw_card(1)), embedder.embed(draw_card(1))
    other = embedder.embed(draw_card(2))
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(one, again)
    assert float(one @ other) < 0.8
    darker = cv2.convertScaleAbs(draw_card(1), alpha=0.5)
    assert float(one @ embedder.embed(darker)) > 0.9


def test_a_plain_card_is_known_at_first_sight_and_named_as_at_the_second(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, corners = draw_frame(21, 5)
    first = recognizer.identify(frame)
    assert "align" not in first.stages_ms
    monkeypatch.setattr(Found, "is_plain", False)
    second = recognizer.identify(frame)
    assert first.printing == second.printing
    assert first.decision is second.decision is Decision.ACCEPTED
    assert first.corners_px is not None
    width = np.linalg.norm(corners[1] - corners[0])
    assert np.abs(first.corners_px - corners).max() < 0.02 * width


def test_a_card_that_reaches_beyond_the_frame_is_told_to_be_moved(recognizer: Recognizer) -> None:
    frame, corners = draw_frame(21, 5)
    left = int(corners[:, 0].min() + 0.45 * np.ptp(corners[:, 0]))
    answer = recognizer.identify(np.ascontiguousarray(frame[:, left:]))
    assert answer.decision is not Decision.ACCEPTED
    assert any("move it into view" in reason for reason in answer.reasons)
