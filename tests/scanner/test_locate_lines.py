"""Corners from what the edge net tells of each edge."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from scanner.locate_lines import (
    EdgeFinder,
    bend_points,
    bow_of,
    meet,
    read_lines,
    unbend_points,
)
from scanner.locate_strips import (
    BIN_ALONG,
    BINS,
    CHANNELS,
    COLUMN_SHARE,
    COLUMNS,
    SIDE_ROWS,
    cut_strips,
    edges_of,
    short_side,
)
from tests.scanner.drawn_scene import card_corners, drawn_card, drawn_surface, place

SIZE = (1536, 864)
GUESS = card_corners((700, 420), 560, 12)


def shares_of(points: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """How far outside of `quad`'s edges points `(4, 8, 2)` lie, in its short sides."""
    start, side, normal = edges_of(quad)
    base = start[:, None] + side[:, None] * BIN_ALONG[None, :, None]
    return np.asarray(((points - base) * normal[:, None]).sum(axis=2) / short_side(quad))


def edge_points(truth: np.ndarray, quad: np.ndarray, bend: float) -> np.ndarray:
    """Where the profiles of `quad` meet the edges of `truth` under a lens."""
    start, side, normal = edges_of(quad)
    base = start[:, None] + side[:, None] * BIN_ALONG[None, :, None]
    straight = unbend_points(truth.astype(np.float64), bend, SIZE)
    ends = np.roll(straight, -1, axis=0)
    along = np.linspace(-0.2, 1.2, 400)[None, :, None]
    line = bend_points(straight[:, None] * (1 - along) + ends[:, None] * along, bend, SIZE)
    found = np.empty((4, BINS, 2))
    for edge in range(4):
        way = side[edge] / np.linalg.norm(side[edge])
        away = line[edge] - start[edge]
        place_along, place_out = away @ way, away @ normal[edge]
        at = (base[edge] - start[edge]) @ way
        out = np.interp(at, place_along, place_out)
        found[edge] = base[edge] + normal[edge] * out[:, None]
    return found


@pytest.mark.parametrize("bend", [-0.08, 0.0, 0.05])
def test_corners_are_exact_though_the_lens_bends_the_edges(bend: float) -> None:
    moved = GUESS.astype(np.float64) + np.array([[5, -6], [-4, 3], [6, 5], [-3, -7]])
    truth = bend_points(moved, bend, SIZE)
    shares = shares_of(edge_points(truth, GUESS, bend), GUESS)
    exact, found_bend = meet(GUESS, shares, np.ones((4, BINS)), SIZE)
    assert np.linalg.norm(exact.corners - truth, axis=1).max() < 0.004 * short_side(GUESS)
    assert abs(found_bend - bend) < 0.03


def test_a_few_places_that_are_wrong_do_not_move_a_corner() -> None:
    truth = GUESS.astype(np.float64) + 4
    shares = shares_of(edge_points(truth, GUESS, 0.0), GUESS)
    shares[0, 2], shares[2, 5] = 0.05, -0.06
    exact, _ = meet(GUESS, shares, np.ones((4, BINS)), SIZE)
    assert np.linalg.norm(exact.corners - truth, axis=1).max() < 0.01 * short_side(GUESS)


def test_the_line_is_read_where_most_of_the_belief_lies() -> None:
    logits = np.zeros((4 * BINS, COLUMNS), np.float32)
    true = 20 + np.linspace(-3, 3, BINS)
    for edge in range(4):
        for place_along in range(BINS):
            column = true[place_along]
            low = int(column)
            row = logits[edge * BINS + place_along]
            row[low], row[low + 1] = (
                8 + np.log(1 - column + low + 1e-3),
                8 + np.log(column - low + 1e-3),
            )
    logits[3], logits[11] = 0, 0
    logits[3, 44] = 12  # one place sees an edge elsewhere
    columns, mass = read_lines(logits)
    assert np.abs(columns[1, [0, 1, 2, 4, 5, 6, 7]] - true[[0, 1, 2, 4, 5, 6, 7]]).max() < 0.1
    assert mass[0, 3] < 0.1 < 0.9 < mass[0, 0]


def test_strips_lie_along_the_edges_with_the_outside_to_the_right() -> None:
    truth = card_corners((700, 420), 560, 30)
    frame = place(np.full((864, 1536, 3), 200, np.uint8), np.full((88, 63, 3), 40, np.uint8), truth)
    strips = cut_strips(frame, truth)
    assert strips.shape == (4 * SIDE_ROWS, COLUMNS, CHANNELS)
    middle = strips.reshape(4, SIDE_ROWS, COLUMNS, CHANNELS)[:, 8:-8, :, 0].mean(axis=1)
    assert (middle[:, : COLUMNS // 2 - 2] < 100).all()
    assert (middle[:, COLUMNS // 2 + 2 :] > 150).all()


def test_rows_follow_the_lens() -> None:
    truth = bend_points(GUESS.astype(np.float64), 0.08, SIZE).astype(np.float32)
    bow = bow_of(truth, 0.08, SIZE)
    true = shares_of(edge_points(truth, truth, 0.08), truth)
    np.testing.assert_allclose(bow.reshape(4, BINS, -1).mean(axis=2), true, atol=5e-4)


class FakeInterpreter:
    """Sees the paper's end at the same column everywhere."""

    def __init__(self, column: int) -> None:
        self._logits = np.full((1, 4 * BINS, COLUMNS, 1), -100, np.int8)
        self._logits[0, :, column] = 100

    def get_input_details(self) -> list[dict[str, object]]:
        shape = [1, 4 * SIDE_ROWS, COLUMNS, CHANNELS]
        return [{"shape": shape, "index": 0, "quantization": (1 / 255, -128)}]

    def get_output_details(self) -> list[dict[str, object]]:
        return [{"shape": [1, 4 * BINS, COLUMNS, 1], "index": 1, "quantization": (0.1, 0)}]

    def set_tensor(self, _index: int, _value: np.ndarray) -> None: ...

    def invoke(self) -> None: ...

    def get_tensor(self, _index: int) -> np.ndarray:
        return self._logits


def test_corners_move_outwards_with_the_edges() -> None:
    finder = EdgeFinder(cast("object", FakeInterpreter(27)))
    frame = drawn_surface(*SIZE)
    exact = finder.refine(frame, GUESS)
    out = COLUMN_SHARE[27] * short_side(GUESS) * np.sqrt(2)
    gaps = np.linalg.norm(exact.corners - GUESS, axis=1)
    np.testing.assert_allclose(gaps, out, rtol=0.2)
    assert exact.trust.min() > 0.8


def test_a_quad_too_small_to_look_at_comes_back_as_it_is() -> None:
    finder = EdgeFinder(cast("object", FakeInterpreter(27)))
    tiny = card_corners((700, 420), 9, 12)
    exact = finder.refine(place(drawn_surface(*SIZE), drawn_card(), tiny), tiny)
    np.testing.assert_array_equal(exact.corners, tiny)
    assert exact.trust.max() == 0
