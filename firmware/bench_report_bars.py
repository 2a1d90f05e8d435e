"""What the product must reach, and whether a run reached it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ARTWORK_BAR = {"easy": 0.995, "moderate": 0.995, "hard": 0.97}
ACCEPTED_AT_STATED_BAR = 0.98
PHOTO_ARTWORK_BAR, PHOTO_ACCEPTED_BAR = 0.96, 0.85
MEDIAN_CORNER_BAR, LAST_CORNER_BAR = 0.4, 2.0
OPEN_SET_BAR = 0.001


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that was measured, what it must be, over how many pictures, and whether it is."""

    what: str
    value: str
    bar: str
    pictures: int
    met: bool


def bars(summary: Mapping[str, Any], difficulty: str) -> list[Bar]:
    """The bars that this run has something to say about."""
    return [
        *_photo_bars(summary["photos"]),
        *_scene_bars(summary, difficulty),
        *_corner_bars(summary["corners"], summary["scenes"]["cards"]),
        *_open_set_bars(summary["open_set"]),
    ]


def _photo_bars(photos: Mapping[str, Any]) -> Iterator[Bar]:
    count = photos["cards"]
    if not count:
        return
    yield Bar(
        "photos: artwork right", percent(photos["artwork"]), f"at least {PHOTO_ARTWORK_BAR:.0%}",
        count, photos["artwork"] >= PHOTO_ARTWORK_BAR,
    )  # fmt: skip
    yield Bar(
        "photos: wrong among the accepted", str(photos["wrong_accepted"]), "none",
        photos["accepted"], photos["wrong_accepted"] == 0,
    )  # fmt: skip
    yield Bar(
        "photos: accepted", percent(photos["accepted_share"]),
        f"at least {PHOTO_ACCEPTED_BAR:.0%}",
        count, photos["accepted_share"] >= PHOTO_ACCEPTED_BAR,
    )  # fmt: skip


def _scene_bars(summary: Mapping[str, Any], difficulty: str) -> Iterator[Bar]:
    scenes, decision = summary["scenes"], summary["decision"]
    if not scenes["cards"] or difficulty not in ARTWORK_BAR:
        return
    least = ARTWORK_BAR[difficulty]
    yield Bar(
        f"{difficulty} scenes: artwork right", percent(scenes["artwork"]), f"at least {least:.1%}",
        scenes["cards"], scenes["artwork"] >= least,
    )  # fmt: skip
    if difficulty in ("easy", "moderate") and decision["cards_alone"]:
        share = decision["accepted_share_at_stated"]
        yield Bar(
            f"accepted at {decision['stated_error_rate']:.1%} wrong, of cards whose picture is "
            "theirs alone",
            percent(share), f"at least {ACCEPTED_AT_STATED_BAR:.0%}",
            decision["cards_alone"], share >= ACCEPTED_AT_STATED_BAR,
        )  # fmt: skip


def _corner_bars(corners: Mapping[str, Any], scenes: int) -> Iterator[Bar]:
    median, last = corners["worst_corner_percent_p50"], corners["worst_corner_percent_p99"]
    if median is None:
        return
    found = scenes - corners["corners_missed"]
    yield Bar(
        "worst corner, median", f"{median:.2f}% of the width", f"at most {MEDIAN_CORNER_BAR}%",
        found, median <= MEDIAN_CORNER_BAR,
    )  # fmt: skip
    yield Bar(
        "worst corner, 99 of 100 within", f"{last:.2f}% of the width",
        f"at most {LAST_CORNER_BAR}%", found, last <= LAST_CORNER_BAR,
    )  # fmt: skip


def _open_set_bars(open_set: Mapping[str, Any]) -> Iterator[Bar]:
    groups = [open_set[name] for name in ("stranger", "back", "nothing") if name in open_set]
    pictures = sum(group["pictures"] for group in groups)
    if not pictures:
        return
    accepted = sum(group["accepted"] for group in groups)
    yield Bar(
        "not in the catalog, backs, junk: accepted", str(accepted), f"at most {OPEN_SET_BAR:.1%}",
        pictures, accepted / pictures <= OPEN_SET_BAR,
    )  # fmt: skip


def percent(share: float) -> str:
    """A share for people: 100%, 99.4%."""
    return "100%" if share == 1 else f"{share:.1%}"
