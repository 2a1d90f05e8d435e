"""What `counterscan bench scenes` saw, counted: shares per game, corner errors, the worst cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from firmware.bench_corners import CornerError, corner_summary
from scanner.records import Decision


@dataclass(frozen=True, slots=True)
class Seen:
    """One scene and the recognizer's answer.

    `named` tells whether the card may be named at all; `corner_error` is None when no
    corners were found.
    """

    place: int
    card_id: str
    name: str
    game: str
    decision: str
    view: str
    reasons: tuple[str, ...]
    found: str
    score: float
    right_artwork: bool
    right_printing: bool
    named: bool
    corner_error: CornerError | None
    plan: str
    elapsed_ms: float

    @property
    def accepted(self) -> bool:
        """Whether the card would pass without a person."""
        return self.decision == Decision.ACCEPTED

    @property
    def wrong(self) -> bool:
        """Accepted, though it is another printing or nothing that may be named."""
        return self.accepted and not self.right_printing

    def badness(self) -> float:
        """0 for a good answer; worst are wrong names among the accepted."""
        if not self.named:
            return 3 + self.score if self.accepted else 0.0
        if self.wrong:
            return 3 + self.score
        if not self.right_artwork:
            return 2 + self.score
        return 0.0 if self.accepted else 1 + (self.corner_error.mean if self.corner_error else 0.0)


def summarise(seen: Sequence[Seen], worst: int) -> dict[str, Any]:
    """The whole, each game, and the `worst` cases by name, as plain values for JSON."""
    games = sorted({one.game for one in seen})
    bad = sorted((one for one in seen if one.badness() > 0), key=Seen.badness, reverse=True)
    return {
        **_count(seen),
        "games": {game: _count([one for one in seen if one.game == game]) for game in games},
        "worst": [
            {
                "scene": one.place,
                "card_id": one.card_id,
                "name": one.name,
                "found": one.found,
                "score": round(one.score, 4),
                "decision": one.decision,
                "view": one.view,
                "reasons": list(one.reasons),
                "corner_error_percent": _percent(one.corner_error),
                "scene_kind": one.plan,
            }
            for one in bad[:worst]
        ],
    }


def _count(seen: Sequence[Seen]) -> dict[str, Any]:
    total = len(seen)
    accepted = [one for one in seen if one.accepted]
    report: dict[str, Any] = {
        "scenes": total,
        "accepted": len(accepted),
        "accepted_share": len(accepted) / total,
        "review_share": sum(one.decision == Decision.REVIEW for one in seen) / total,
        "views": dict(Counter(one.view for one in seen)),
        "ms_p50": float(np.percentile([one.elapsed_ms for one in seen], 50)),
        "ms_p95": float(np.percentile([one.elapsed_ms for one in seen], 95)),
    }
    if not all(one.named for one in seen):
        return report
    wrong = sum(one.wrong for one in accepted)
    return {
        **report,
        "top1_artwork": sum(one.right_artwork for one in seen) / total,
        "top1_printing": sum(one.right_printing for one in seen) / total,
        "wrong_accepted": wrong,
        "wrong_accepted_artwork": sum(not one.right_artwork for one in accepted),
        "wrong_share_of_accepted": wrong / len(accepted) if accepted else 0.0,
        **corner_summary([one.corner_error for one in seen]),
    }


def _percent(error: CornerError | None) -> float | None:
    return None if error is None else round(error.mean * 100, 2)


def text_of(report: Mapping[str, Any]) -> str:
    """The report for people."""
    head = f"{report['scenes']} {report['difficulty']} scenes, {report['kind']}"
    lines = [f"{head}; {report['recognizer']}"]
    rows = dict(report["games"]) if len(report["games"]) > 1 else {}
    for title, row in [*rows.items(), ("all", report)]:
        line = f"{title or 'all'}: {row['scenes']} scenes, accepted {row['accepted_share']:.1%}"
        if "top1_artwork" in row:
            line += (
                f", wrong among them {row['wrong_accepted']}"
                f" (artwork {row['wrong_accepted_artwork']}), artwork right"
                f" {row['top1_artwork']:.1%}, printing right {row['top1_printing']:.1%},"
                f" corners off by {row['corner_error_percent_p50']}% of the width"
                f" (99th percentile {row['corner_error_percent_p99']}%; the worst corner by"
                f" {row['worst_corner_percent_p50']}%, 99th {row['worst_corner_percent_p99']}%;"
                f" not found {row['corners_missed']})"
            )
        views = ", ".join(f"{view} {count}" for view, count in sorted(row["views"].items()))
        lines.append(f"{line}; seen as {views}; p50 {row['ms_p50']:.1f} ms")
    lines += [_worst_line(case) for case in report["worst"]]
    return "\n".join(lines)


def _worst_line(case: Mapping[str, Any]) -> str:
    return (
        f"  scene {case['scene']}: {case['name']} ({case['card_id']}) → "
        f"{case['found'] or '-'} {case['score']:.3f}, {case['decision']}, corners off by "
        f"{case['corner_error_percent']}%, {case['scene_kind']}; {'; '.join(case['reasons'])}"
    )
