"""From signs to a probability, and from the shop's error rate to what may pass."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from scanner.calibration import (
    FILE,
    SIGNS,
    Calibration,
    Signs,
    read_calibration,
    shipped_calibration,
)
from scanner.errors import ModelError
from scanner.models import MODELS_DIR

CLEAR = Signs(score=0.96, matched=0.95, lead=0.4, nearness=0.4)
POOR = Signs(score=0.6, matched=0.3, lead=0.01, nearness=-0.1)
RATES = (0.00001, 0.0001, 0.001, 0.003, 0.01, 0.05)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return shipped_calibration()


def test_a_clear_match_is_nearly_certain_and_a_poor_one_is_not(calibration: Calibration) -> None:
    assert calibration.artwork(CLEAR) > 0.999
    assert calibration.artwork(POOR) < 0.1


@pytest.mark.parametrize("name", SIGNS)
def test_more_evidence_never_makes_an_answer_less_probable(
    calibration: Calibration, name: str
) -> None:
    middle = Signs(0.75, 0.6, 0.15, 0.1)
    parts = {sign: getattr(middle, sign) for sign in SIGNS}
    found = [
        calibration.artwork(Signs(**{**parts, name: value})) for value in np.linspace(-0.5, 1.5, 50)
    ]
    assert all(later >= earlier for earlier, later in pairwise(found))


def test_signs_beyond_what_was_measured_count_no_further(calibration: Calibration) -> None:
    beyond = Signs(9.0, 9.0, 9.0, 9.0)
    assert calibration.artwork(beyond) == calibration.artwork(Signs(1.0, 1.0, 1.0, 1.0))
    assert calibration.artwork(beyond) < 1


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_speaks_for_nothing(calibration: Calibration, nonsense: float) -> None:
    assert calibration.artwork(Signs(nonsense, nonsense, nonsense, nonsense)) < 0.1


def test_a_stricter_error_rate_asks_for_no_less(calibration: Calibration) -> None:
    asked = [calibration.accept_from(rate) for rate in RATES]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] > asked[-1]
    assert all(0.5 < one < 1 for one in asked)


def test_the_strictest_rate_still_passes_a_clear_match(calibration: Calibration) -> None:
    assert calibration.artwork(CLEAR) >= calibration.accept_from(0.00001)


def test_printings_that_look_the_same_share_the_chance(calibration: Calibration) -> None:
    assert calibration.printing(0, 0) > 0.99
    assert calibration.printing(1, 0) == pytest.approx(calibration.printing(0, 0) / 2)
    assert calibration.printing(3, 0) == pytest.approx(calibration.printing(0, 0) / 4)


def test_a_strict_shop_lets_no_printing_pass_that_was_only_told_apart(
    calibration: Calibration,
) -> None:
    assert calibration.settles_printings(0.001)
    assert not calibration.settles_printings(0.00001)


def shipped_text() -> str:
    return (MODELS_DIR / FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("[artwork]", "[artworks]", "artwork"),
        ("bias = ", "bias = nan #", "out of its range"),
        ("weight = ", "weight = -", "speaks against"),
        ("low = 0.75", "low = 0.95", "empty range"),
        ("told_apart = ", "told_apart = 1", "not between"),
        ("error_rate = [0.00001", "error_rate = [0.5", "must rise"),
        ("probability = [0.", "probability = [1.", "out of its range"),
        ("[printing]", "[printing", "damaged"),
    ],
)
def test_a_damaged_file_is_refused_with_what_to_do(
    tmp_path: Path, before: str, after: str, why: str
) -> None:
    assert before in shipped_text()
    (tmp_path / FILE).write_text(shipped_text().replace(before, after), encoding="utf-8")
    with pytest.raises(ModelError, match=f"(?s){why}.*reinstall Counterscan"):
        read_calibration(tmp_path)


def test_a_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read.*reinstall"):
        read_calibration(tmp_path)
