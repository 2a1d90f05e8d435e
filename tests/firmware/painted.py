"""Cards with their number painted on, a camera that sees them and a recogniser that reads them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from firmware.camera import Frame, checked_frame
from scanner.records import (
    Candidate,
    Decision,
    Identification,
    Picture,
    Printing,
    View,
)

BITS = 12
SQUARE_PX = 16


def paint(number: int | None) -> Picture:
    """A dark table, or a light card with its number as squares."""
    picture = np.full((96, BITS * SQUARE_PX, 3), 40, np.uint8)
    if number is not None:
        picture[16:80] = 220
        for bit in range(BITS):
            if number >> bit & 1:
                picture[32:64, bit * SQUARE_PX : (bit + 1) * SQUARE_PX] = 0
    return picture


def read(picture: Picture) -> int | None:
    """The number on the card, None when there is no card."""
    if picture[20, 8, 0] < 128:
        return None
    middles = picture[48, SQUARE_PX // 2 :: SQUARE_PX, 0]
    return sum(1 << bit for bit, value in enumerate(middles) if value < 128)


class PaintedCamera:
    """Sees the card that `card_in_view` names."""

    def __init__(self, card_in_view: Callable[[], int | None]):
        self.name = "painted camera"
        self._card_in_view = card_in_view
        self.faults: list[object] = []
        self.starts = 0

    def start(self) -> None:
        self.starts += 1

    def capture(self) -> Frame:
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return checked_frame(fault)
        return checked_frame(paint(self._card_in_view()))

    def close(self) -> None:
        pass


class PaintedRecognizer:
    """Reads the painted number; `unsure` numbers need a second look."""

    def __init__(self, unsure: frozenset[int] = frozenset()):
        self.unsure = unsure
        self.seen: list[int | None] = []

    def describe(self) -> str:
        return "reads painted numbers"

    def identify_all(self, frame: Picture) -> list[Identification]:
        return [self.identify(frame)]

    def identify(self, frame: Picture, other_light: Picture | None = None) -> Identification:
        number = read(frame)
        self.seen.append(number)
        if number is None:
            return Identification(Decision.UNKNOWN, ("Nothing is there.",), View.NOTHING)
        printing = Printing(f"card-{number}", "test", f"Card {number}")
        first_look = number in self.unsure and self.seen.count(number) < 2
        return Identification(
            Decision.REVIEW if first_look else Decision.ACCEPTED,
            (),
            View.CARD,
            printing,
            (Candidate(printing, 0.9),),
        )
