"""The records that pass between the stages of one card's way. Frozen, typed, free of I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""`(H, W, 3) uint8`, channels in OpenCV's order B, G, R."""

Corners = NDArray[np.float32]
"""`(4, 2) float32`, pixels (x, y) of the full frame, from the card's own top left, clockwise.

Before the orientation is known, "top left" is the corner that would be it were the card upright.
"""

Trust = tuple[float, float, float, float]
"""How sure the place of each of four corners is, 0…1, in the order of the corners."""

BACK_VARIANT = "back"
"""The variant of a catalog row that is the back of the game's cards: named, never accepted."""

CROP_WIDTH_PX = 448
CROP_HEIGHT_PX = 640


class Decision(StrEnum):
    """What may be done with a scan without a person."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    UNKNOWN = "unknown"


class Finish(StrEnum):
    """How the card's surface shines; `unknown` unless the picture or the catalog proves one.

    `holo` shines on the artwork alone, `reverse` everywhere but there, `foil` all over.
    """

    NORMAL = "normal"
    HOLO = "holo"
    REVERSE = "reverse"
    FOIL = "foil"
    UNKNOWN = "unknown"


class View(StrEnum):
    """What the locator saw in the frame."""

    NOTHING = "nothing"
    CARD = "card"
    SEVERAL = "several"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Printing:
    """Game, set, collector number and variant of one card: what a price belongs to."""

    card_id: str
    game: str
    name: str
    set: str = ""
    number: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One printing the card may be, and how much speaks for it (`score` in 0…1)."""

    printing: Printing
    score: float
    pack_id: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """What is in the frame: the view and the corners of each card found, best first.

    `strengths` says of each card, 0…1, how sharp its corners are; `several_chance`, 0…1, how
    likely more than one card is in view. `cut` says that the first card reaches beyond the
    frame, so that some of its corners are only where they would be. `corner_trust` holds, for each
    corner of each card, how sure its place is, 0…1.
    """

    view: View
    corners_px: tuple[Corners, ...] = ()
    confidence: float = 0.0
    strengths: tuple[float, ...] = ()
    several_chance: float = 0.0
    cut: bool = False
    corner_trust: tuple[Trust, ...] = ()


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer for one frame.

    `candidates` is best first; `printing` is the best candidate's when the decision is accepted
    or review, else None. `reasons` are short sentences for the clerk. `stages_ms` holds the time
    of each stage in milliseconds. `recognizer` is `embedder` or `phash` (the loud fallback).
    `cut_crop` gives the upright `(640, 448, 3)` picture of the card, None when no card was found;
    it holds on to the frame, so an answer that is kept for long must let go of it.
    `probability` is the calibrated chance, 0…1, that `candidates[0]` is the card's printing, and
    `printing_certain` says that none of its other printings is left in question. `accept_from` is
    the probability from which the shop's limits let this answer pass, infinite where being surer
    does not help: printings that look the same, prices too far apart, too little of the picture.
    """

    decision: Decision
    reasons: tuple[str, ...]
    view: View
    printing: Printing | None = None
    candidates: tuple[Candidate, ...] = ()
    corners_px: Corners | None = None
    upside_down: bool = False
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    recognizer: str = "embedder"
    model_id: str = ""
    pack_id: str = ""
    cut_crop: Callable[[], Picture] | None = None
    probability: float = 0.0
    printing_certain: bool = False
    accept_from: float = math.inf
    finish: Finish = Finish.UNKNOWN

    @property
    def crop(self) -> Picture | None:
        """The upright `(640, 448, 3) uint8` picture of the card, cut when it is wanted."""
        return None if self.cut_crop is None else self.cut_crop()
