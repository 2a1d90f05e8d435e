"""No feeder: a person lays cards under the camera. See `firmware.feeder.Feeder`."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from firmware.events import CardLeft, CardSeated
from firmware.feeder import Listener
from firmware.sameness import Mask
from firmware.trigger import Ask, Trigger
from scanner.records import Corners, Identification, Picture

WIDTH_PX = 160


class HandsFree:
    """Reports `CardSeated` when the trigger asks for a scan; a card leaves when it is scanned."""

    has_bay_sensor = False
    wants_frames = True

    def __init__(self) -> None:
        self.name = "hands-free"
        self._listener: Listener | None = None
        self._trigger = Trigger()
        self._feeding = False
        self._scale = 1.0
        self._shape = (0, 0)
        self._scanned_px: tuple[Corners, ...] = ()

    def listen(self, listener: Listener) -> None:
        """Send all further news to `listener`."""
        self._listener = listener

    def feed(self) -> None:
        """Begin to wait for a hand."""
        self._feeding = True

    def permit(self) -> None:
        """A person asks nobody."""

    def stage(self) -> None:
        """A person brings the next card when they like."""

    def eject(self) -> None:
        """The person takes the card away or lays the next one on it; nothing to wait for."""
        if self._listener is not None:
            self._listener(CardLeft())

    @property
    def card_seated(self) -> bool:
        """Without sensors nothing is known."""
        return False

    def see(self, picture: Picture, now_mono_s: float) -> None:
        """Show the trigger a small grey copy of the frame."""
        height_px, width_px = picture.shape[:2]
        self._scale = WIDTH_PX / width_px
        size = (WIDTH_PX, max(1, round(height_px * self._scale)))
        # Shrink first: to grey a frame of full size takes ten times as long.
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        self._shape = grey.shape[:2]
        asked = self._trigger.feed(grey, now_mono_s)
        if asked is not Ask.NOTHING and self._feeding and self._listener is not None:
            self._feeding = False
            self._listener(CardSeated())

    def saw_card(self, answer: Identification) -> bool:
        """Learn what the scan found; True when it is a card that was not counted yet."""
        self._scanned_px = _corners_of([answer])
        names = [candidate.printing.card_id for candidate in answer.candidates[:2]]
        return self._trigger.learn_card(names, self._region([answer]))

    def saw_page(self, answers: Sequence[Identification]) -> list[bool]:
        """Learn that the scan found several cards; which were not counted yet."""
        self._scanned_px = _corners_of(answers)
        names = [answer.printing.card_id if answer.printing else "" for answer in answers]
        return self._trigger.learn_page(names, self._region(answers))

    def _region(self, answers: Sequence[Identification]) -> Mask | None:
        """Where the cards lie in the small frame, as far as that is known."""
        canvas = np.zeros(self._shape, np.uint8)
        for corners_px in _corners_of(answers):
            cv2.fillConvexPoly(canvas, np.round(corners_px * self._scale).astype(np.int32), 1)
        region = canvas.astype(np.bool_)
        return region if region.any() else None

    @property
    def outlines_px(self) -> Sequence[Corners]:
        """The cards scanned last, followed to where they lie now; none when they are gone."""
        pose = self._trigger.pose
        if pose is None:
            return ()
        return [
            np.asarray(corners_px @ pose[:, :2].T + pose[:, 2] / self._scale, np.float32)
            for corners_px in self._scanned_px
        ]

    def saw_nothing(self) -> None:
        """The scan found no card."""
        self._trigger.learn_nothing()

    def stop_safe(self) -> None:
        """There is nothing that moves; waiting ends."""
        self._feeding = False

    def close(self) -> None:
        """There is nothing to release."""


def _corners_of(answers: Sequence[Identification]) -> tuple[Corners, ...]:
    return tuple(answer.corners_px for answer in answers if answer.corners_px is not None)
