"""What a calibration gives on scenes, in words: shares accepted, wrong ones, reliability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from scanner.calibration import Calibration
from scanner.decide import Limits, decide
from scanner.quality import Quality
from scanner.records import Decision
from scanner.reliability import expected_calibration_error, reliability_bins

if TYPE_CHECKING:
    from models.train.calibrate import Scene

_GOOD = partial(Quality, 0.5, 0.0, 120.0, 50.0)
_RATES = (0.01, 0.001, 0.0001)


def report(
    calibration: Calibration, scenes: Sequence[Scene], part: str,
    missed: Mapping[tuple[str, str], int],
) -> None:  # fmt: skip
    """Print the figures of one part; `missed` cards were not found in their scenes at all."""
    if not scenes:
        return
    chances = [calibration.artwork(s.signs) for s in scenes]
    right = [s.right_artwork for s in scenes]
    error = expected_calibration_error(chances, right)
    print(f"\n{part}: {len(scenes)} scenes, calibration error of the artwork {error:.4f}")
    for one in reliability_bins(chances, right):
        if one.count:
            print(
                f"  {one.low:.1f}…{one.high:.1f}: {one.count}, said {one.mean_probability:.4f}, "
                f"right {one.share_right:.4f}"
            )
    for rate in _RATES:
        needed = calibration.accept_from(rate)
        print(f"  error rate {rate}: artwork probability from {needed:.5f}")
        for difficulty in ("moderate", "hard"):
            chosen = [s for s in scenes if s.line["difficulty"] == difficulty]
            unseen = missed[part, difficulty]
            print(f"    {difficulty}: {_accepted(calibration, chosen, rate, unseen)}")


def _accepted(calibration: Calibration, scenes: Sequence[Scene], rate: float, missed: int) -> str:
    limits = Limits(error_rate=rate)
    passed = [
        decide(s.evidence, _GOOD, limits=limits, calibration=calibration).decision
        is Decision.ACCEPTED
        for s in scenes
    ]
    cards = [(s, ok) for s, ok in zip(scenes, passed, strict=True) if s.is_card]
    alone = [(s, ok) for s, ok in cards if not (s.twins and s.right_look)]
    wrong = [s for s, ok in cards if ok and not s.right_look]
    strangers = Counter(
        s.line["kind"] for s, ok in zip(scenes, passed, strict=True) if ok and not s.is_card
    )
    others = len(scenes) - len(cards)
    single = len(alone) + missed
    return (
        f"{sum(ok for _, ok in cards)} of {len(cards) + missed} cards accepted, "
        f"without identical pictures {sum(ok for _, ok in alone)} of {single} "
        f"({sum(ok for _, ok in alone) / max(single, 1):.1%}), wrong {len(wrong)} "
        f"(artwork {sum(not s.right_artwork for s in wrong)}); "
        f"{sum(strangers.values())} of {others} strangers {dict(strangers) or ''}"
    )
