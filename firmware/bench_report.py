"""What a recognition benchmark measured, counted: plain values for the page and for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from firmware.bench_corners import corner_summary
from firmware.bench_judged import Judged
from scanner.records import Decision, View
from scanner.reliability import (
    Point,
    accept_curve,
    accepted_share_at,
    expected_calibration_error,
    reliability_bins,
)

STATED_ERROR_RATE = 0.001
_YARDSTICKS = {
    "hash": "256-bit perceptual hash",
    "orb": "ORB on the hash's 20 nearest",
}

Json = dict[str, Any]


def summarise(judged: Sequence[Judged]) -> Json:
    """Everything that the report says in numbers, apart for each kind of question."""
    cards = [one for one in judged if one.expects == "card"]
    return {
        "pictures": len(judged),
        "all": count_cards(cards),
        "photos": count_cards([one for one in cards if one.source == "photo"]),
        "scenes": count_cards([one for one in cards if one.source == "scene"]),
        "games": _by(cards, lambda one: [f"{one.game or 'no game'} · {one.source}s"]),
        "conditions": _by(cards, lambda one: one.conditions),
        "finish": _told(cards, lambda one: (one.true_finish, one.finish)),
        "language": _told(cards, lambda one: (one.true_language, one.language)),
        "open_set": _open_set(judged),
        "yardsticks": _yardsticks(cards),
        "corners": corner_summary([one.corners for one in cards if one.has_true_corners]),
        "stages_ms": stage_times(judged),
        "decision": _decision(judged),
    }


def count_cards(cards: Sequence[Judged]) -> Json:
    """Shares of the cards that the catalog has: name, artwork, printing; accepted, and wrong."""
    total = len(cards)
    if not total:
        return {"cards": 0}
    accepted = [one for one in cards if one.accepted]
    with_corners = [one.corners for one in cards if one.has_true_corners]
    elapsed = [one.elapsed_ms for one in cards]
    return {
        "cards": total,
        "name": _share(one.right_name for one in cards),
        "artwork": _share(one.right_artwork for one in cards),
        "printing": _share(one.right_printing for one in cards),
        "accepted": len(accepted),
        "accepted_share": len(accepted) / total,
        "wrong_accepted": sum(one.wrong_accepted for one in accepted),
        "wrong_accepted_artwork": sum(not one.right_artwork for one in accepted),
        "review_share": _share(one.answer.decision is Decision.REVIEW for one in cards),
        "unknown_share": _share(one.answer.decision is Decision.UNKNOWN for one in cards),
        "hash_artwork": _share(one.yardsticks["hash"].right_artwork for one in cards),
        "orb_artwork": _share(one.yardsticks["orb"].right_artwork for one in cards),
        "ms_p50": float(np.percentile(elapsed, 50)),
        "ms_p95": float(np.percentile(elapsed, 95)),
        **(corner_summary(with_corners) if with_corners else {}),
    }


def _by(cards: Sequence[Judged], groups_of: Callable[[Judged], Iterable[str]]) -> Json:
    """The same counts for each group; a card may be in several. The largest group comes first."""
    groups: dict[str, list[Judged]] = {}
    for one in cards:
        for group in groups_of(one):
            groups.setdefault(group, []).append(one)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return {group: count_cards(members) for group, members in ranked}


def _told(cards: Sequence[Judged], pair: Callable[[Judged], tuple[str, str]]) -> Json:
    """How often the answer tells a property that the truth has, and how often rightly."""
    pairs = [pair(one) for one in cards if pair(one)[0]]
    told = [(true, said) for true, said in pairs if said]
    right = sum(true == said for true, said in told)
    confusion: dict[str, dict[str, int]] = {}
    for true, said in pairs:
        row = confusion.setdefault(true, {})
        row[said or "unknown"] = row.get(said or "unknown", 0) + 1
    return {
        "measured": len(pairs),
        "told": len(told),
        "right": right,
        "wrong": len(told) - right,
        "right_share_of_told": right / len(told) if told else None,
        "confusion": confusion,
    }


def _open_set(judged: Sequence[Judged]) -> Json:
    """What may not be named, by what it is: how much was seen as what, how much was accepted."""
    found: Json = {}
    for expects in ("stranger", "back", "nothing", "unlabelled"):
        group = [one for one in judged if one.expects == expects]
        if group:
            found[expects] = {
                "pictures": len(group),
                "accepted": sum(one.accepted for one in group),
                "review": sum(one.answer.decision is Decision.REVIEW for one in group),
                "seen_as": {
                    view.value: count
                    for view in View
                    if (count := sum(one.answer.view is view for one in group))
                },
            }
    return found


def _yardsticks(cards: Sequence[Judged]) -> list[Json]:
    """Accuracy and time of the recognizer and of the yardsticks, over the crops that there are."""
    cropped = [one for one in cards if one.yardsticks and one.cropped]
    if not cropped:
        return []
    rows = [
        {
            "method": "Counterscan, after the crop",
            "artwork": _share(one.right_artwork for one in cropped),
            "ms_p50": float(np.median([_after_crop_ms(one) for one in cropped])),
        }
    ]
    for name, title in _YARDSTICKS.items():
        rows.append(
            {
                "method": title,
                "artwork": _share(one.yardsticks[name].right_artwork for one in cropped),
                "ms_p50": float(np.median([one.yardsticks[name].ms for one in cropped])),
            }
        )
    return [{**row, "crops": len(cropped)} for row in rows]


def _after_crop_ms(one: Judged) -> float:
    stages = one.answer.stages_ms
    return sum(ms for stage, ms in stages.items() if stage not in ("locate", "rectify"))


def stage_times(judged: Sequence[Judged]) -> Json:
    """Median and 95th percentile of each stage over the pictures that reached it, in order."""
    stages: dict[str, list[float]] = {}
    for one in judged:
        for stage, ms in one.answer.stages_ms.items():
            stages.setdefault(stage, []).append(ms)
    stages["whole frame"] = [one.elapsed_ms for one in judged]
    return {
        stage: {
            "pictures": len(times),
            "p50": float(np.percentile(times, 50)),
            "p95": float(np.percentile(times, 95)),
        }
        for stage, times in stages.items()
        if times
    }


def _decision(judged: Sequence[Judged]) -> Json:
    """Curves over everything that has a truth, and over the cards that a picture can tell from
    all others; reliability of every chance that was stated. By the score while there is no
    calibrated chance."""
    known = [one for one in judged if one.expects != "unlabelled"]
    calibrated = any(one.answer.probability > 0 for one in known)
    if not known:
        return {"answers": 0, "calibrated": calibrated}
    cards = [one for one in known if one.expects == "card"]
    # No picture tells which of two printings with one picture a card is: a person must.
    alone = [one for one in cards if not one.has_twin]
    among_alone = accept_curve(*_said_and_right(alone, calibrated))
    # A back or an empty table is turned away before a chance is reckoned: it states none.
    stated = [one for one in known if one.answer.probability > 0] if calibrated else known
    said, right = _said_and_right(stated, calibrated)
    return {
        "answers": len(known),
        "calibrated": calibrated,
        "curve": _points(accept_curve(*_said_and_right(known, calibrated))),
        "curve_alone": _points(among_alone),
        "stated_error_rate": STATED_ERROR_RATE,
        "cards_with_a_twin": len(cards) - len(alone),
        "cards_alone": len(alone),
        "accepted_share_at_stated": accepted_share_at(among_alone, STATED_ERROR_RATE),
        "chances_stated": len(stated),
        "calibration_error": expected_calibration_error(said, right),
        "bins": [
            {
                "low": one.low,
                "high": one.high,
                "count": one.count,
                "said": one.mean_probability,
                "right": one.share_right,
            }
            for one in reliability_bins(said, right)
        ],
    }


def _said_and_right(judged: Sequence[Judged], calibrated: bool) -> tuple[list[float], list[bool]]:
    """What each answer said of itself, 0 where it said nothing, and whether it was right."""
    if calibrated:
        said = [one.answer.probability for one in judged]
    else:
        said = [min(1.0, one.score) if one.found else 0.0 for one in judged]
    return said, [bool(one.right_printing) for one in judged]


def _points(curve: Sequence[Point]) -> list[list[float]]:
    return [[p.threshold, p.accepted_share, p.error_rate] for p in curve]


def _share(values: Iterable[bool | None]) -> float:
    counted = [bool(value) for value in values]
    return sum(counted) / len(counted) if counted else 0.0
