"""The card in hand: photographed, recognised, given a bin and put on disk."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from firmware.camera import Frame
from firmware.desk import Desk
from firmware.events import (
    CameraFailed,
    Committed,
    Event,
    FrameTaken,
    Identified,
    NothingThere,
    TwoCards,
)
from firmware.frames import combine, is_enough
from firmware.lights import capture_lit
from firmware.machine import Machine
from scanner.errors import CameraError
from scanner.records import Identification, View
from scanner.tables import Scan

log = logging.getLogger(__name__)


@dataclass(slots=True)
class CardInHand:
    """What is known of the card under the camera; one object sees all cards, one after another."""

    machine: Machine
    desk: Desk
    lying_at_restart: str = ""
    _frame: Frame | None = None
    _other_light: Frame | None = None
    _answer: Identification | None = None
    _card_ms: float = 0.0
    _key_of_two_seen: str = ""

    def forget(self) -> None:
        """The next card comes."""
        self._answer = None

    def capture(self, frames: int) -> Event:
        """Take a frame; `frames` is its number, 0 for a first look that need not count."""
        if frames <= 1:
            self._answer, self._card_ms = None, 0.0
        try:
            self._frame, self._other_light = capture_lit(self.machine.camera, self.machine.lights)
        except CameraError as error:
            log.warning("%s", error)
            return CameraFailed(str(error))
        return FrameTaken()

    def identify(self, frames: int) -> Event:
        """Name the card in the frame."""
        assert self._frame is not None
        machine = self.machine
        began_s = time.perf_counter()
        other = None if self._other_light is None else self._other_light.picture
        answer = machine.recognizer.identify(self._frame.picture, other)
        self._card_ms += (time.perf_counter() - began_s) * 1000
        if machine.preview is not None:
            machine.preview.show_frame(self._frame.picture, answer.corners_px, answer.view.value)
        if machine.feeder.wants_frames and frames <= 1 and not self._is_new_card(answer):
            return NothingThere()
        if machine.feeder.has_bay_sensor and answer.view is View.SEVERAL:
            return self._two_in_the_bay(answer, frames)
        self._answer = combine(self._answer, answer)
        return Identified(is_enough(self._answer))

    def commit(self) -> Committed:
        """Give the card a bin and put both on disk. Raises the store's errors."""
        assert self._frame is not None
        assert self._answer is not None
        machine = self.machine
        began_s = time.perf_counter()
        routing = self.desk.route(self._answer, machine.full_bins)
        if routing is not None and machine.gate is not None:
            # The diverter turns while the disk writes; the card still lies where it is.
            machine.gate.aim(routing.bin)
        scan = self.desk.commit(
            self._answer,
            self._frame.captured_mono_ns,
            routing,
            counted=machine.feeder.has_bay_sensor,
        )
        self._card_ms += (time.perf_counter() - began_s) * 1000
        self._tell(scan)
        return Committed(routing.bin if routing is not None and machine.gate is not None else 0)

    def _tell(self, scan: Scan) -> None:
        if self.machine.signals is not None and self.machine.feeder.wants_frames:
            self.machine.signals.beep()
        if self.machine.on_scan is not None:
            self.machine.on_scan(scan, self._card_ms)

    def _two_in_the_bay(self, answer: Identification, frames: int) -> Event:
        """Two pictures must show two cards, and a person is asked once: then it is one odd card."""
        if frames >= 2 and self._key_of_two_seen != self.desk.feed_key:
            self._key_of_two_seen = self.desk.feed_key
            return TwoCards()
        self._answer = combine(self._answer, answer)
        return Identified(enough=False)

    def _is_new_card(self, answer: Identification) -> bool:
        """Hands-free: tell the feeder what its card was, and whether it is one to be logged."""
        lying, self.lying_at_restart = self.lying_at_restart, ""
        feeder = self.machine.feeder
        if answer.view is View.NOTHING:
            feeder.saw_nothing()
            return False
        if answer.view is View.SEVERAL:
            return False  # a card is being exchanged; the next stillness shows one
        if not feeder.saw_card(answer):
            return False
        # After a power cut the card in view may be the last one logged, still lying there.
        return not lying or answer.printing is None or answer.printing.card_id != lying
