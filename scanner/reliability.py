"""How far a stated probability can be trusted, from pairs of (probability, was it right).

Pure counting for the benchmarks' reports: a reliability diagram, its error in one number, and what
share of all cards would be accepted at which rate of errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose probability lies in `low`…`high` (its upper end counted in the last bin
    alone). `mean_probability` is what was said of them, `share_right` what was true; both are 0
    in an empty bin."""

    low: float
    high: float
    count: int
    mean_probability: float
    share_right: float


@dataclass(frozen=True, slots=True)
class Point:
    """With every answer from `threshold` on accepted: the share of all answers that this is, and
    the share of wrong ones among them."""

    threshold: float
    accepted_share: float
    error_rate: float


def reliability_bins(
    probabilities: Sequence[float], right: Sequence[bool], bins: int = 10
) -> list[Bin]:
    """`bins` bins of equal width from 0 to 1, lowest first, empty ones included.

    Raises ValueError when the sequences differ in length, a probability is not within 0…1, or
    `bins` is less than 1.
    """
    if bins < 1:
        raise ValueError(f"a diagram of {bins} bins can't be drawn; ask for at least one")
    said, true = _checked(probabilities, right)
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, weights=said, minlength=bins)
    hits = np.bincount(place, weights=true, minlength=bins)
    return [
        Bin(
            low=index / bins,
            high=(index + 1) / bins,
            count=int(counts[index]),
            mean_probability=float(sums[index] / max(counts[index], 1)),
            share_right=float(hits[index] / max(counts[index], 1)),
        )
        for index in range(bins)
    ]


def expected_calibration_error(
    probabilities: Sequence[float], right: Sequence[bool], bins: int = 10
) -> float:
    """The mean gap between what was said and what was true, each bin weighed by its answers.

    0 is perfect; 0 also where there are no answers. Raises ValueError as `reliability_bins` does.
    """
    found = reliability_bins(probabilities, right, bins)
    total = sum(one.count for one in found)
    gaps = sum(one.count * abs(one.mean_probability - one.share_right) for one in found)
    return gaps / total if total else 0.0


def accept_curve(probabilities: Sequence[float], right: Sequence[bool]) -> list[Point]:
    """One point for each probability that occurs, highest first: a curve to draw or to read off.

    Raises ValueError as `reliability_bins` does.
    """
    said, true = _checked(probabilities, right)
    order = np.argsort(-said, kind="stable")
    said, wrong = said[order], np.cumsum(1 - true[order])
    last = np.flatnonzero(np.append(said[1:] != said[:-1], len(said) > 0)[: len(said)])
    return [
        Point(
            threshold=float(said[place]),
            accepted_share=(place + 1) / len(said),
            error_rate=float(wrong[place]) / (place + 1),
        )
        for place in (int(one) for one in last)
    ]


def accepted_share_at(curve: Sequence[Point], error_rate: float) -> float:
    """The largest share of all answers that can be accepted with at most `error_rate` wrong."""
    return max((p.accepted_share for p in curve if p.error_rate <= error_rate), default=0.0)


def _checked(
    probabilities: Sequence[float], right: Sequence[bool]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    said = np.asarray(probabilities, np.float64)
    true = np.asarray(right, np.float64)
    if said.shape != true.shape:
        raise ValueError(f"{said.size} probabilities don't go with {true.size} answers")
    if not np.all((said >= 0) & (said <= 1)):
        raise ValueError("a probability lies between 0 and 1")
    return said, true
