"""What the feed benchmark puts in the place of camera and recogniser, with their real times.

The real recogniser names a sample of rendered cards first. During the run a card's number is read
from its frame, and the answer takes as long, and is as sure, as the real one was for one card of
the sample; its crop is that card's, so that the disk gets real pictures to write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from firmware.camera import Frame, checked_frame
from firmware.demo_setup import build_demo_pack, demo_pool
from firmware.frames import is_enough
from firmware.simulated.camera import SimulatedCamera
from firmware.simulated.deck import DeckCard, draw_deck
from firmware.simulated.virtual_time import WorkingClock
from scanner.errors import CameraError
from scanner.recognize import open_packs, open_recognizer
from scanner.records import Candidate, Decision, Identification, Picture, Printing, View

LOOKS = 3
GAME = "bench"
_MARK_PX = 64
_BITS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One answer of the real recogniser: how long it took and whether it was enough."""

    seconds: float
    enough: bool
    answer: Identification


def sample_looks(
    cards: int, size_px: tuple[int, int], seed: int, say: Callable[[str], None]
) -> list[list[Look]]:
    """Let the real recogniser name rendered cards, each `LOOKS` times; prints the game if need be.

    Raises StoreError and the PackError tree.
    """
    path, _ = build_demo_pack(say)
    packs = open_packs([path])
    recognizer = open_recognizer(packs)
    in_view: list[DeckCard | None] = [None]
    camera = SimulatedCamera(lambda: (in_view[0], 0.0), size_px)
    found: list[list[Look]] = []
    for card in draw_deck(demo_pool(), cards + 1, seed):
        in_view[0] = card
        looks = []
        for _ in range(LOOKS):
            frame = camera.capture().picture
            began_s = time.perf_counter()
            answer = recognizer.identify(frame)
            looks.append(Look(time.perf_counter() - began_s, is_enough(answer), answer))
        found.append(looks)
    for pack in packs:
        pack.close()
    return found[1:]  # the first one warms up


class NumberCamera:
    """Sees the number of the card in view; a frame takes `frame_s`. `unplugged` gives no frame."""

    def __init__(self, card_in_view: Callable[[], int | None], clock: WorkingClock, frame_s: float):
        self.name = "simulated camera"
        self.unplugged = False
        self._card_in_view = card_in_view
        self._clock = clock
        self._frame_s = frame_s

    def start(self) -> None:
        """Open it. Raises CameraError while it is unplugged."""
        if self.unplugged:
            raise CameraError("The camera is not there.")

    def capture(self) -> Frame:
        """Take a frame. Raises CameraError while it is unplugged."""
        if self.unplugged:
            raise CameraError("The camera gives no picture.")
        self._clock.spend(self._frame_s)
        frame = checked_frame(_mark(self._card_in_view()))
        self._clock.leave_out()
        return frame

    def close(self) -> None:
        """There is nothing to close."""


class SampledRecognizer:
    """Reads a frame's number; takes as long, and is as sure, as the real one for the sample."""

    def __init__(self, sample: Sequence[Sequence[Look]], clock: WorkingClock, slower: float):
        self._sample = sample
        self._clock = clock
        self._slower = slower
        self._last: int | None = None
        self._look = 0
        self.spent_s: list[float] = []
        self.looks = 0

    def describe(self) -> str:
        """One line that says what recognises."""
        return f"the trained model's times, measured over {len(self._sample)} cards"

    def identify_all(self, frame: Picture) -> list[Identification]:
        """One card lies in the bay."""
        return [self.identify(frame)]

    def identify(self, frame: Picture, other_light: Picture | None = None) -> Identification:  # noqa: ARG002
        """The truth about the card, as sure as the real answer was."""
        number = _read_mark(frame)
        self._look = self._look + 1 if number == self._last else 0
        self._last = number
        looks = self._sample[(number or 0) % len(self._sample)]
        look = looks[min(self._look, LOOKS - 1)]
        self.spent_s.append(look.seconds * self._slower)
        self.looks += 1
        self._clock.leave_out()
        self._clock.spend(look.seconds * self._slower)
        if number is None:
            return Identification(Decision.UNKNOWN, ("Nothing is there.",), View.NOTHING)
        printing = Printing(str(number), GAME, f"Card {number}")
        candidates = tuple(
            Candidate(replace(one.printing, card_id=str(number)), one.score)
            for one in look.answer.candidates[:5]
        )
        return replace(
            look.answer,
            decision=Decision.ACCEPTED if look.enough else Decision.REVIEW,
            view=View.CARD,
            printing=printing,
            candidates=(Candidate(printing, 0.99), *candidates[1:]),
        )


def _mark(number: int | None) -> Picture:
    """A small frame that shows a number as squares, 0 for no card."""
    value = 0 if number is None else number + 1
    bits = np.array([value >> bit & 1 for bit in range(_BITS)], np.uint8)
    return np.repeat(np.repeat(bits[None, :, None] * 255, _MARK_PX, 0), 3, 2).repeat(2, 1)


def _read_mark(frame: Picture) -> int | None:
    bits = frame[0, ::2, 0] > 127
    value = int(sum(1 << bit for bit, lit in enumerate(bits) if lit))
    return value - 1 if value else None
