"""What `counterscan bench recognition` prints: a line for each labelled photo, then the summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from firmware.bench_judged import Judged
from firmware.bench_report_bars import Bar, percent
from scanner.identify_command import as_json
from scanner.records import Decision


def photo_report(measured: Sequence[Judged], recognizer: str) -> dict[str, Any]:
    """The labelled photos apart, as plain values; empty when there are none."""
    labelled = [one for one in measured if one.source == "photo" and one.card_id]
    if not labelled:
        return {}
    rows = [_row(one) for one in labelled]
    accepted = [row for row in rows if row["decision"] == Decision.ACCEPTED]
    times_ms = [sum(one.answer.stages_ms.values()) for one in labelled]
    return {
        "photos": len(rows),
        "in_catalog": sum(one.expects == "card" for one in labelled),
        "top1": float(np.mean([row["right"] for row in rows])),
        "top3": float(np.mean([row["right_in_3"] for row in rows])),
        "accepted": len(accepted),
        "wrong_accepted": sum(not row["right"] for row in accepted),
        "ms_p50": float(np.percentile(times_ms, 50)),
        "ms_p95": float(np.percentile(times_ms, 95)),
        "recognizer": recognizer,
        "rows": rows,
    }


def _row(one: Judged) -> dict[str, Any]:
    return {
        **as_json(Path(one.title), one.answer),
        "truth": one.card_id,
        "truth_name": one.name,
        "found": one.found or None,
        "right": bool(one.right_artwork),
        "right_in_3": one.right_in_3,
    }


def text_of(summary: Mapping[str, Any], photos: Mapping[str, Any], reached: Sequence[Bar]) -> str:
    """The whole for people."""
    lines = []
    for row in photos.get("rows", ()):
        mark = "right" if row["right"] else "in the top 3" if row["right_in_3"] else "WRONG"
        lines.append(
            f"{row['image']}: {row['truth']} → {row['found'] or '-'} "
            f"({row['decision']}, {mark}; {'; '.join(row['reasons'])})"
        )
    if photos:
        lines.append(
            f"{photos['photos']} photos: artwork right {photos['top1']:.1%}, in the top 3 "
            f"{photos['top3']:.1%}, accepted {photos['accepted']}, wrong among them "
            f"{photos['wrong_accepted']}, p50 {photos['ms_p50']:.1f} ms, p95 "
            f"{photos['ms_p95']:.1f} ms"
        )
    for game, row in summary["games"].items():
        lines.append(
            f"{game}: {row['cards']} cards, name right {percent(row['name'])}, artwork "
            f"{percent(row['artwork'])}, printing {percent(row['printing'])}, accepted "
            f"{percent(row['accepted_share'])}, wrong among them {row['wrong_accepted']}; hash "
            f"{percent(row['hash_artwork'])}, ORB {percent(row['orb_artwork'])}; p50 "
            f"{row['ms_p50']:.1f} ms"
        )
    lines += [
        f"{row['method']}: artwork right {percent(row['artwork'])} of {row['crops']} crops, "
        f"p50 {row['ms_p50']:.2f} ms"
        for row in summary["yardsticks"]
    ]
    lines += [
        f"{'met' if bar.met else 'NOT MET'}: {bar.what} {bar.value} ({bar.bar}; {bar.pictures})"
        for bar in reached
    ]
    return "\n".join(lines)
