"""What was said against what was true."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.reliability import (
    accept_curve,
    accepted_share_at,
    expected_calibration_error,
    reliability_bins,
)


def test_each_answer_counts_in_the_bin_of_its_probability() -> None:
    bins = reliability_bins([0.05, 0.15, 0.95, 1.0], [False, True, True, False], bins=10)
    assert [one.count for one in bins] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert bins[9].mean_probability == pytest.approx(0.975)
    assert bins[9].share_right == 0.5
    assert (bins[0].low, bins[9].high) == (0.0, 1.0)


def test_an_empty_bin_is_there_and_says_nothing() -> None:
    [empty, full] = reliability_bins([0.9], [True], bins=2)
    assert (empty.count, empty.mean_probability, empty.share_right) == (0, 0.0, 0.0)
    assert full.count == 1


def test_honest_probabilities_have_a_small_calibration_error_and_boasts_a_large_one() -> None:
    rng = np.random.default_rng(1)
    said = rng.random(20_000)
    right = rng.random(20_000) < said
    assert expected_calibration_error(list(said), list(right)) < 0.02
    boasts = [0.99] * 100
    assert expected_calibration_error(boasts, [False] * 50 + [True] * 50) == pytest.approx(0.49)
    assert expected_calibration_error([], []) == 0.0


def test_the_curve_goes_from_the_surest_answer_to_all_of_them() -> None:
    curve = accept_curve([0.2, 0.9, 0.6, 0.8], [False, True, False, True])
    assert [point.threshold for point in curve] == [0.9, 0.8, 0.6, 0.2]
    assert [point.accepted_share for point in curve] == [0.25, 0.5, 0.75, 1.0]
    assert [point.error_rate for point in curve] == [0.0, 0.0, pytest.approx(1 / 3), 0.5]


def test_equal_probabilities_are_accepted_together_or_not_at_all() -> None:
    curve = accept_curve([0.9, 0.9, 0.5], [True, False, True])
    assert [point.threshold for point in curve] == [0.9, 0.5]
    assert curve[0].error_rate == 0.5


def test_how_much_may_be_accepted_at_a_rate_of_errors() -> None:
    curve = accept_curve([0.9, 0.8, 0.7, 0.6], [True, True, False, True])
    assert accepted_share_at(curve, 0.0) == 0.5
    assert accepted_share_at(curve, 0.25) == 1.0
    assert accepted_share_at([], 0.1) == 0.0


@pytest.mark.parametrize(
    ("said", "right"), [([0.5], []), ([1.2], [True]), ([-0.1], [True]), ([float("nan")], [True])]
)
def test_what_is_no_probability_is_refused(said: list[float], right: list[bool]) -> None:
    with pytest.raises(ValueError, match="probabilit"):
        accept_curve(said, right)


def test_a_diagram_needs_at_least_one_bin() -> None:
    with pytest.raises(ValueError, match="at least one"):
        reliability_bins([0.5], [True], bins=0)
