"""The search is exact: it agrees with the plain formula on every row."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.search import nearest_hashes, nearest_vectors
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
