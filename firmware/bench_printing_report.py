"""What `counterscan bench printing` saw, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Seen:
    """One scene of a printing and the recognizer's answer; `right` means the right class."""

    artwork: str
    card_id: str
    name: str
    found: str
    artwork_found: bool
    right: bool
    accepted: bool
    certain: bool
    review: bool
    printing_ms: float


def summarise(seen: Sequence[Seen]) -> dict[str, Any]:
    """Shares over the scenes whose artwork was found, and who was taken for whom, as values."""
    given = [one for one in seen if one.artwork_found]
    certain = [one for one in given if one.certain]
    times = [one.printing_ms for one in given if one.printing_ms > 0]
    return {
        "scenes": len(seen),
        "artwork_found": len(given),
        "right": _share(sum(one.right for one in given), len(given)),
        "certain": _share(len(certain), len(given)),
        "right_of_certain": _share(sum(one.right for one in certain), len(certain)),
        "wrong_certain": sum(not one.right for one in certain),
        "accepted": _share(sum(one.accepted for one in given), len(given)),
        "review": _share(sum(one.review for one in given), len(given)),
        "printing_ms_p50": float(np.percentile(times, 50)) if times else None,
        "printing_ms_p95": float(np.percentile(times, 95)) if times else None,
        "confusions": _confusions(given),
    }


def _confusions(given: Sequence[Seen]) -> list[dict[str, Any]]:
    wrong = Counter(
        (one.artwork, one.name, one.card_id, one.found, one.certain)
        for one in given
        if not one.right
    )
    worst = sorted(wrong.items(), key=lambda item: (not item[0][4], -item[1], item[0][2]))
    return [
        {
            "artwork": artwork, "name": name, "card_id": card_id, "found": found,
            "certain": certain, "times": times,
        }
        for (artwork, name, card_id, found, certain), times in worst
    ]  # fmt: skip


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def text_of(report: Mapping[str, Any]) -> str:
    """The report for people."""
    same = report["same_to_the_eye"]
    head = (
        f"{report['scenes']} {report['difficulty']} scenes of {report['groups_that_differ']} "
        f"artworks with printings that differ to the eye; {report['recognizer']}"
    )
    shares = (
        f"artwork found in {report['artwork_found']}; of these the printing is right in "
        f"{report['right']:.1%}, called certain {report['certain']:.1%}, right among those "
        f"{report['right_of_certain']:.2%} ({report['wrong_certain']} wrong); "
        f"accepted {report['accepted']:.1%}, review {report['review']:.1%}"
    )
    lines = [head, shares]
    if report["printing_ms_p50"] is not None:
        lines.append(
            f"telling apart took p50 {report['printing_ms_p50']:.1f} ms, "
            f"p95 {report['printing_ms_p95']:.1f} ms"
        )
    for row in report["confusions"]:
        certain = "CERTAIN" if row["certain"] else "not certain"
        lines.append(f"{row['card_id']} taken for {row['found']} ({certain}, {row['times']}×)")
    if same:
        lines.append(f"the same to the eye ({len(same)} classes):")
        lines += [f"  {', '.join(ids)}" for ids in same]
    return "\n".join(lines)
