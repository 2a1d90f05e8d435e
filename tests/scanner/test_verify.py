"""Block by block: the right card stands out whatever light, dirt and crooked corners do to it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner.bench_cards import draw_card
from scanner.quality import measure_quality
from scanner.rectify import rectify, turn_corners
from scanner.verify import compare, cut_blocks, cut_windows

REFERENCES = [cut_blocks(draw_card(number)) for number in range(8)]


def scores(crop: np.ndarray) -> list[float]:
    return [found.score for found in compare(cut_windows(crop), REFERENCES)]


def dimmed(card: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(card, alpha=0.4, beta=30)


def shifted(card: np.ndarray) -> np.ndarray:
    moved = np.float32([[1, 0, 10], [0, 1, -12]])
    return cv2.warpAffine(card, moved, (448, 640), borderMode=cv2.BORDER_REPLICATE)


def blurred(card: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(card, (0, 0), 3)


def half_hidden(card: np.ndarray) -> np.ndarray:
    hidden = card.copy()
    hidden[400:] = 128
    return hidden


@pytest.mark.parametrize("spoil", [dimmed, shifted, blurred, half_hidden])
@pytest.mark.parametrize("number", [0, 5])
def test_the_right_card_leads_clearly(spoil, number: int) -> None:  # type: ignore[no-untyped-def]
    found = scores(spoil(draw_card(number)))
    best = max(other for place, other in enumerate(found) if place != number)
    assert found[number] > 0.8
    assert found[number] - best > 0.2


def test_a_card_that_is_not_among_the_candidates_matches_none() -> None:
    assert max(scores(draw_card(99))) < 0.8


def test_a_block_is_compared_with_every_window_within_its_reach() -> None:
    crop = draw_card(3)
    windows = cut_windows(crop)
    # A reference made of the crop itself, moved by (2, -1): the crop's own windows, spelled out.
    block_px, reach_px, columns = 12, 3, 7
    half = cv2.resize(crop, (224, 320), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(half, cv2.COLOR_BGR2GRAY)
    grey = cv2.resize(grey, (84, 120), interpolation=cv2.INTER_AREA).astype(np.float32)
    padded = np.pad(grey, reach_px, mode="edge")
    for block in (0, 6, 24, 38, 69):
        top, left = block // columns * block_px, block % columns * block_px
        for shift in range(49):
            y, x = top + shift // 7, left + shift % 7
            window = padded[y : y + block_px, x : x + block_px]
            assert np.array_equal(windows.pixels[block, shift], window.reshape(-1))
            length = np.linalg.norm(window - window.mean())
            plain = length < 72
            assert windows.scale[block, shift] == pytest.approx(0 if plain else 1 / length, 1e-3)


def test_scores_are_those_of_normalised_correlation_spelled_out() -> None:
    card = shifted(draw_card(5))
    windows = cut_windows(card)
    (only,) = compare(windows, [REFERENCES[5]])
    best = []
    for block, reference in enumerate(REFERENCES[5]):
        if not reference.any():
            continue
        found = [
            np.corrcoef(window, reference)[0, 1] if scale else 0.0
            for window, scale in zip(windows.pixels[block], windows.scale[block], strict=True)
        ]
        best.append(max(found))
    kept = np.sort(best)[int(np.ceil(len(best) * 0.25) - 1) :]
    assert only.score == pytest.approx(kept.mean(), abs=1e-4)
    assert only.matched == pytest.approx(np.mean(np.array(best) > 0.7), abs=1e-6)


def test_a_plain_crop_matches_nothing() -> None:
    plain = np.full((640, 448, 3), 127, np.uint8)
    assert max(scores(plain)) == pytest.approx(0.0)


def test_no_candidates_give_no_comparisons() -> None:
    assert compare(cut_windows(draw_card(1)), []) == []


def test_rectify_brings_back_the_card_from_its_corners() -> None:
    card = draw_card(7)
    corners = np.float32([[400, 100], [760, 150], [720, 690], [350, 640]])
    matrix = cv2.getPerspectiveTransform(
        np.float32([[0, 0], [448, 0], [448, 640], [0, 640]]), corners
    )
    frame = cv2.warpPerspective(card, matrix, (1200, 800))
    crop = rectify(frame, corners)
    assert crop.shape == (640, 448, 3)
    assert scores(crop)[7] > 0.9
    upside_down = rectify(frame, turn_corners(corners))
    assert np.abs(upside_down[::-1, ::-1].astype(int) - crop).mean() < 3


@pytest.mark.parametrize("move", [(0, 0), (-420, -60), (300, 250)])
def test_a_crop_is_the_same_whatever_else_is_in_the_frame(move: tuple[int, int]) -> None:
    corners = np.float32([[400, 100], [760, 150], [720, 690], [350, 640]]) + np.float32(move)
    frame = np.random.default_rng(1).integers(0, 256, (800, 1200, 3)).astype(np.uint8)
    target = np.float32([[0, 0], [448, 0], [448, 640], [0, 640]]) - np.float32(0.5)
    whole = cv2.warpPerspective(
        frame, cv2.getPerspectiveTransform(corners, target), (448, 640),
        flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    apart = np.abs(rectify(frame, corners).astype(int) - whole)
    assert apart.max() <= 8
    assert apart.mean() < 0.1


def test_corners_far_outside_of_the_frame_give_a_crop_all_the_same() -> None:
    frame = np.full((100, 200, 3), 9, np.uint8)
    corners = np.float32([[900, 900], [960, 900], [960, 980], [900, 980]])
    assert (rectify(frame, corners) == 9).all()


def test_quality_names_blur_glare_and_darkness_and_leaves_a_good_crop_alone() -> None:
    card = draw_card(2)
    assert measure_quality(card).complaints == ()
    assert "blurred" in measure_quality(cv2.GaussianBlur(card, (0, 0), 12)).complaints[0]
    glare = card.copy()
    glare[100:400] = 255
    assert any("glare" in one for one in measure_quality(glare).complaints)
    assert any(
        "dark" in one for one in measure_quality(cv2.convertScaleAbs(card, alpha=0.1)).complaints
    )
    assert measure_quality(np.full((640, 448, 3), 90, np.uint8)).complaints
