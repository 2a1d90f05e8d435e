"""How far found corners are from the true ones, in widths of the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scanner.records import Corners


@dataclass(frozen=True, slots=True)
class CornerError:
    """Distance of the found corners from the true ones: `mean` of the four, and the `worst`."""

    mean: float
    worst: float


def card_width_px(corners_px: Corners) -> float:
    """The mean length of the card's top and bottom edge."""
    top = np.linalg.norm(corners_px[1] - corners_px[0])
    bottom = np.linalg.norm(corners_px[2] - corners_px[3])
    return float(top + bottom) / 2


def corner_error(true_px: Corners, found_px: Corners) -> CornerError:
    """The error of found corners, both `(4, 2)` clockwise, in widths of the card.

    Which of its corners comes first does not matter here: a card found the other way up is
    judged by its name.
    """
    width_px = card_width_px(true_px)
    distances = min(
        (np.linalg.norm(np.roll(found_px, turn, axis=0) - true_px, axis=1) for turn in range(4)),
        key=lambda four: float(four.mean()),
    )
    return CornerError(float(distances.mean()) / width_px, float(distances.max()) / width_px)


def corner_summary(errors: Sequence[CornerError | None]) -> dict[str, Any]:
    """Median and 99th percentile of those that were found, in per cent, and how many were not."""
    found = [error for error in errors if error is not None]
    summary: dict[str, Any] = {
        "corners_found": len(found) / len(errors) if errors else None,
        "corners_missed": len(errors) - len(found),
    }
    for name, values in (
        ("corner_error", [error.mean for error in found]),
        ("worst_corner", [error.worst for error in found]),
    ):
        for rank in (50, 99):
            value = round(float(np.percentile(values, rank)) * 100, 2) if values else None
            summary[f"{name}_percent_p{rank}"] = value
    return summary
