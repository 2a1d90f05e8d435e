"""The card in hand: photographed, recognised, given a bin and put on disk."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

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
    lying_at_restart: Sequence[str] = ()
    _frame: Frame | None = None
    _other_light: Frame | None = None
    _answer: Identification | None = None
    _page: list[Identification] = field(default_factory=list)
    _card_ms: float = 0.0
    _key_of_two_seen: str = ""

    def forget(self) -> None:
        """The next card comes."""
        self._answer = None
        self._page.clear()

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
        if self._page:
            return Identified()  # the disk was full in the middle of a page
        began_s = time.perf_counter()
        other = None if self._other_light is None else self._other_light.picture
        answer = machine.recognizer.identify(self._frame.picture, other)
        self._card_ms += (time.perf_counter() - began_s) * 1000
        self._show(self._frame, [answer], answer.view)
        if machine.feeder.wants_frames and frames <= 1:
            if answer.view is View.SEVERAL:
                answers = machine.recognizer.identify_all(self._frame.picture)
                self._show(self._frame, answers, answer.view)
                return self._take_page(answers)
            if not self._is_new_card(answer):
                return NothingThere()
        if machine.feeder.has_bay_sensor and answer.view is View.SEVERAL:
            return self._two_in_the_bay(answer, frames)
        self._answer = combine(self._answer, answer)
        return Identified(is_enough(self._answer))

    def commit(self) -> Committed:
        """Give the card a bin and put both on disk. Raises the store's errors."""
        if not self._page:
            assert self._answer is not None
            return Committed(self._commit_one(self._answer))
        cards = len(self._page)
        while self._page:
            self._commit_one(self._page[0])
            self._page.pop(0)
        return Committed(cards=cards)

    def _commit_one(self, answer: Identification) -> int:
        """Put one card on disk; the bin for the diverter, 0 without one."""
        assert self._frame is not None
        machine = self.machine
        began_s = time.perf_counter()
        routing = self.desk.route(answer, machine.full_bins)
        if routing is not None and machine.gate is not None:
            # The diverter turns while the disk writes; the card still lies where it is.
            machine.gate.aim(routing.bin)
        scan = self.desk.commit(
            answer,
            self._frame.captured_mono_ns,
            routing,
            counted=machine.feeder.has_bay_sensor,
        )
        self._card_ms += (time.perf_counter() - began_s) * 1000
        self._tell(scan)
        return routing.bin if routing is not None and machine.gate is not None else 0

    def _tell(self, scan: Scan) -> None:
        if self.machine.signals is not None and self.machine.feeder.wants_frames:
            self.machine.signals.beep()
        if self.machine.alerts is not None:
            self.machine.alerts.saw()
        if self.machine.on_scan is not None:
            self.machine.on_scan(scan, self._card_ms)

    def _show(self, frame: Frame, answers: Sequence[Identification], view: View) -> None:
        if self.machine.preview is not None:
            outlines_px = [one.corners_px for one in answers if one.corners_px is not None]
            self.machine.preview.show_frame(frame.picture, outlines_px, view.value)

    def _two_in_the_bay(self, answer: Identification, frames: int) -> Event:
        """Two pictures must show two cards, and a person is asked once: then it is one odd card."""
        if frames >= 2 and self._key_of_two_seen != self.desk.feed_key:
            self._key_of_two_seen = self.desk.feed_key
            return TwoCards()
        self._answer = combine(self._answer, answer)
        return Identified(enough=False)

    def _take_page(self, answers: Sequence[Identification]) -> Event:
        """Hands-free: several cards lie there; those that are to be logged wait for the disk."""
        lying, self.lying_at_restart = Counter(self.lying_at_restart), ()
        if len(answers) < 2:
            return NothingThere()  # a card is being exchanged; the next stillness shows one
        for answer, new in zip(answers, self.machine.feeder.saw_page(answers), strict=True):
            name = answer.printing.card_id if answer.printing else ""
            lying[name] -= 1
            if new and lying[name] < 0:
                self._page.append(answer)
        return Identified() if self._page else NothingThere()

    def _is_new_card(self, answer: Identification) -> bool:
        """Hands-free: tell the feeder what its card was, and whether it is one to be logged."""
        lying, self.lying_at_restart = self.lying_at_restart, ()
        feeder = self.machine.feeder
        if answer.view is View.NOTHING:
            feeder.saw_nothing()
            return False
        if not feeder.saw_card(answer):
            return False
        # After a power cut the card in view may be the last one logged, still lying there.
        return not lying or answer.printing is None or answer.printing.card_id not in lying
