"""The search finds what the plain formula finds on every row, in a small catalog and a large."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.search import VectorIndex, nearest_hashes, nearest_vectors
from scanner.vectors import quantize_vector


def unit_rows(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 128)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("count", [1, 7, 4096, 9001])
def test_vectors_come_back_in_the_order_of_their_cosines(count: int) -> None:
    rows = unit_rows(count, 1)
    query = unit_rows(1, 2)[0]
    stored = np.stack([quantize_vector(row) for row in rows])
    found, scores = nearest_vectors(stored, query, 10)
    plain = stored.astype(np.float64) @ query / 127
    assert found[0] == int(np.argmax(plain))
    assert np.allclose(scores, np.sort(plain)[::-1][: len(found)], atol=1e-5)
    assert len(found) == min(10, count)


def test_a_stored_vector_finds_itself_with_a_cosine_of_one() -> None:
    rows = unit_rows(500, 3)
    stored = np.stack([quantize_vector(row) for row in rows])
    found, scores = nearest_vectors(stored, rows[321], 3)
    assert found[0] == 321
    assert scores[0] == pytest.approx(1.0, abs=0.01)


def test_hashes_are_ranked_by_the_number_of_bits_that_differ() -> None:
    rng = np.random.default_rng(4)
    hashes = rng.integers(0, 256, (5000, 32)).astype(np.uint8)
    query = hashes[77].copy()
    query[0] ^= 0b101
    found, scores = nearest_hashes(hashes, query, 2)
    assert found[0] == 77
    assert scores[0] == pytest.approx(1 - 2 / 128)


def test_an_empty_catalog_gives_no_rows() -> None:
    found, scores = nearest_vectors(np.empty((0, 128), np.int8), unit_rows(1, 5)[0], 5)
    assert len(found) == len(scores) == 0
    found, scores = nearest_hashes(np.empty((0, 32), np.uint8), np.zeros(32, np.uint8), 5)
    assert len(found) == len(scores) == 0


def stored_rows(count: int, seed: int) -> np.ndarray:
    return np.clip(np.rint(unit_rows(count, seed) * 127), -127, 127).astype(np.int8)


def seen(stored: np.ndarray, seed: int) -> np.ndarray:
    """A stored vector as a camera sees it: at a cosine of about 0.7."""
    query = stored / 127 + 0.09 * np.random.default_rng(seed).normal(size=128)
    return (query / np.linalg.norm(query)).astype(np.float32)


@pytest.mark.parametrize("count", [0, 1, 3, 500, 8192, 8193, 30_000])
def test_the_index_finds_the_card_with_the_cosine_of_the_full_search(count: int) -> None:
    rows = stored_rows(count, 6)
    index = VectorIndex(rows)
    for place in range(0, count, max(1, count // 40)):
        query = seen(rows[place], place)
        found, scores = index.nearest(query, 5)
        exact, exact_scores = nearest_vectors(rows, query, 5)
        assert found[0] == exact[0] == place
        assert scores[0] == pytest.approx(exact_scores[0], abs=1e-6)
        assert len(found) == min(5, count)
        assert (np.diff(scores) <= 0).all()
    assert len(index.nearest(unit_rows(1, 8)[0], 5)[0]) == min(5, count)


def test_of_rows_that_are_the_same_the_first_come_first_and_none_is_lost() -> None:
    rows = stored_rows(20_000, 9)
    same = np.array([17, 4000, 4001, 9000, 19_999])
    rows[same] = rows[17]
    query = seen(rows[17], 1)
    found, scores = VectorIndex(rows).nearest(query, 4)
    assert found.tolist() == same[:4].tolist()
    assert len(set(scores.tolist())) == 1
    assert nearest_vectors(rows, query, 4)[0].tolist() == same[:4].tolist()


def test_a_catalog_of_one_card_many_times_over_is_searched_too() -> None:
    rows = np.repeat(stored_rows(1, 10), 20_000, axis=0)
    found, _ = VectorIndex(rows).nearest(seen(rows[0], 2), 3)
    assert found.tolist() == [0, 1, 2]


def test_a_picture_without_contrast_is_near_to_nothing() -> None:
    found, scores = VectorIndex(stored_rows(9000, 11)).nearest(np.zeros(128, np.float32), 3)
    assert len(found) == 3
    assert not scores.any()


def test_the_signs_cost_an_eighth_of_the_rows() -> None:
    rows = stored_rows(10_000, 12)
    assert VectorIndex(rows).nbytes == rows.nbytes * 9 // 8
