"""Several cards in one frame: a binder's page, or a table with cards side by side.

The locator is made for one card. So the frame is looked at through windows, each about twice as
large as a card might be; whatever card a window shows whole is cut out with a margin and named as
if it were alone. Pure but for the recognizer that it asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol

import cv2
import numpy as np

from scanner.records import Corners, Decision, Identification, Located, Picture, View

WINDOW_SHARES = (0.5, 0.66, 0.9)
WINDOW_ASPECT = 1.2
STEP_SHARE = 1 / 3
MARGIN_SHARE = 0.18
SAME_SHARE = 0.35
SIZE_SPREAD = 1.35
OVERLAP_SHARE = 0.12
LEAST_STRENGTH = 0.3
_LEAST_SIDE_PX = 32


class Looks(Protocol):
    """The part of `scanner.pipeline.Recognizer` that is needed here."""

    def glance(self, frame: Picture) -> Located:
        """What is in view and about where."""

    def identify(self, frame: Picture) -> Identification:
        """The answer for one card."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    corners_px: Corners
    strength: float

    @property
    def middle(self) -> Corners:
        return np.asarray(self.corners_px.mean(axis=0), np.float32)

    @property
    def side_px(self) -> float:
        return float(np.sqrt(cv2.contourArea(self.corners_px)))


@dataclass(frozen=True, slots=True)
class _Named:
    place: _Place
    answer: Identification


def identify_all(looks: Looks, frame: Picture) -> list[Identification]:
    """Name every card that lies whole in `(H, W, 3) uint8`, from the top left, row by row.

    Empty where cards overlap one another, for then nobody can tell which of them is whole.
    Raises PictureError when the frame is no picture, PackDamagedError when a pack is damaged.
    """
    places = _alike(_distinct(list(_places(looks, frame))))
    found: list[_Named] = []
    for place in places:
        card = _name(looks, frame, place)
        if card is not None and not any(_same(card, other) for other in found):
            found.append(card)
    known = [card for card in found if card.answer.decision is not Decision.UNKNOWN]
    if any(_overlap(card, other) for card, other in combinations(known, 2)):
        return []
    # What nobody knows may be a pair taken for a card; it counts where nothing known lies.
    cards = list(known)
    for card in found:
        if card.answer.decision is Decision.UNKNOWN and not any(
            _overlap(card, other) for other in cards
        ):
            cards.append(card)
    return [card.answer for row in _rows(cards) for card in row]


def _places(looks: Looks, frame: Picture) -> Iterator[_Place]:
    for window, left_px, top_px in _windows(frame):
        seen = looks.glance(window)
        height_px, width_px = window.shape[:2]
        for corners, strength in zip(seen.corners_px, seen.strengths, strict=False):
            whole = bool(
                (corners > 1).all() and (corners < np.array([width_px - 2, height_px - 2])).all()
            )
            if whole and strength >= LEAST_STRENGTH:
                moved = corners + np.array([left_px, top_px], np.float32)
                yield _Place(np.asarray(moved, np.float32), float(strength))


def _windows(frame: Picture) -> Iterator[tuple[Picture, int, int]]:
    """Parts of the frame with their place; they reach beyond its edges as little as they must."""
    height_px, width_px = frame.shape[:2]
    yield frame, 0, 0
    for share in WINDOW_SHARES:
        high_px = max(_LEAST_SIDE_PX, round(min(height_px, width_px) * share))
        wide_px = round(high_px * WINDOW_ASPECT)
        step_px = max(1, round(high_px * STEP_SHARE))
        for top_px in _starts(height_px, high_px, step_px):
            for left_px in _starts(width_px, wide_px, step_px):
                part = frame[top_px : top_px + high_px, left_px : left_px + wide_px]
                yield np.ascontiguousarray(part), left_px, top_px


def _starts(whole_px: int, part_px: int, step_px: int) -> list[int]:
    last_px = max(0, whole_px - part_px)
    return sorted({*range(0, last_px, step_px), last_px})


def _distinct(places: Sequence[_Place]) -> list[_Place]:
    """Each card once: the place where it was seen most sharply."""
    kept: list[_Place] = []
    for place in sorted(places, key=lambda one: -one.strength):
        apart = (
            float(np.linalg.norm(place.middle - other.middle)) > SAME_SHARE * other.side_px
            for other in kept
        )
        if all(apart):
            kept.append(place)
    return kept


def _alike(places: Sequence[_Place]) -> list[_Place]:
    """Cards in one frame are about equally large: the rest are pictures on cards, or pairs."""
    families = [
        [other for other in places if 1 / SIZE_SPREAD < other.side_px / place.side_px < SIZE_SPREAD]
        for place in places
    ]
    return max(families, key=lambda family: sum(one.strength for one in family), default=[])


def _rows(cards: Sequence[_Named]) -> list[list[_Named]]:
    """The cards row by row, each from the left: a row ends where the next card lies lower."""
    rows: list[list[_Named]] = []
    for card in sorted(cards, key=lambda one: float(one.place.middle[1])):
        above = rows[-1][-1].place if rows else None
        if above is None or card.place.middle[1] - above.middle[1] > above.side_px / 2:
            rows.append([])
        rows[-1].append(card)
    return [sorted(row, key=lambda one: float(one.place.middle[0])) for row in rows]


def _same(card: _Named, other: _Named) -> bool:
    """Whether both are one card, seen twice."""
    apart_px = float(np.linalg.norm(card.place.middle - other.place.middle))
    return apart_px < SAME_SHARE * other.place.side_px


def _overlap(card: _Named, other: _Named) -> bool:
    shared, _ = cv2.intersectConvexConvex(card.place.corners_px, other.place.corners_px)
    return bool(shared > OVERLAP_SHARE * min(card.place.side_px, other.place.side_px) ** 2)


def _name(looks: Looks, frame: Picture, place: _Place) -> _Named | None:
    """The answer for one place, its corners in the whole frame; None where there is no card."""
    margin_px = MARGIN_SHARE * place.side_px
    low = np.floor(place.corners_px.min(axis=0) - margin_px).astype(int)
    high = np.ceil(place.corners_px.max(axis=0) + margin_px).astype(int)
    left_px, top_px = (max(0, int(value)) for value in low)
    part = np.ascontiguousarray(frame[top_px : int(high[1]), left_px : int(high[0])])
    if min(part.shape[:2]) < _LEAST_SIDE_PX:
        return None
    answer = looks.identify(part)
    if answer.view not in (View.CARD, View.BACK) or answer.corners_px is None:
        return None
    moved = np.asarray(answer.corners_px + np.array([left_px, top_px], np.float32), np.float32)
    exact = _Place(np.asarray(cv2.convexHull(moved).reshape(-1, 2), np.float32), place.strength)
    return _Named(exact, replace(answer, corners_px=moved))
