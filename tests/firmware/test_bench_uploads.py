"""The benchmark of uploads compares like with like, and says when the loop pays for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware.bench_uploads import measure, text_of


class Piles:
    """Piles that pass at given speeds."""

    def __init__(self, alone: list[float], beside: list[float]):
        self.alone, self.beside = iter([1.0, *alone]), iter(beside)

    def cards_per_hour(self) -> float:
        return next(self.alone)

    def cards_per_hour_beside(self, pictures: int) -> tuple[float, int]:
        return next(self.beside), pictures // 10


@pytest.mark.parametrize(
    ("beside", "slowed", "words"),
    [([7350.0, 7400.0, 100.0], 0.68, "within 2 %"), ([7000.0, 7400.0, 100.0], 5.41, "MISSES 2 %")],
)
def test_the_medians_are_compared_and_the_first_pile_warms_up(
    beside: list[float], slowed: float, words: str
) -> None:
    piles: Any = Piles([7400.0, 9000.0, 7300.0], beside)
    figures = measure(piles, 3, 100)
    assert figures["slowed_percent"] == slowed
    assert (figures["queued"], figures["read"]) == (100, 30)
    assert words in text_of(figures)


def test_a_pile_of_nothing_is_refused(counterscan: Callable[..., Any]) -> None:
    done = counterscan("bench", "uploads", "--cards", "1")
    assert done.returncode == 2
    assert "--cards is at least 3" in done.stderr
