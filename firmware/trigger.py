"""Hands-free: motion, then stillness, asks for exactly one scan of each card that is laid. Pure.

It remembers how the card scanned last looks and follows it while something moves. A card that lay
there all the time, under a passing hand or in another light, is the same card; so is one that was
dragged or nudged, because it can be followed. A card that looks the same but came after the table
was seen empty, or out of a hand that had covered everything, lying elsewhere, is a second copy.
Where the picture alone can't tell (a finger rests on the card, the next card of the same game has
the same frame, or another card came to lie beside it), it asks for a look, and the names decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum, auto

import numpy as np

from firmware.sameness import Blocks, Grey, KnownCard, Mask, Pose, agrees, is_dark, same_table

STILL_S = 0.25
MOVED_LEVELS = 10
MOVED_SHARE = 0.003
HIDDEN_BELOW = 0.15
HIDDEN_FRAMES = 2
SAME_FROM = 0.8
ALIKE_FROM = 0.4
GLIMPSE = 0.1
NUDGE_PX = 1.5
BESIDE_SHARE = 0.02
PAGE_CARDS = 4


class Ask(Enum):
    """What is due: nothing; a scan; or a scan that counts only if it names another card."""

    NOTHING = auto()
    SCAN = auto()
    LOOK_AGAIN = auto()


class Trigger:
    """Feed it every frame; after a scan, `learn` what it found before the next frame."""

    def __init__(self) -> None:
        self._last: Grey | None = None
        self._still_since_s = 0.0
        self._waits_for_stillness = True
        self._table: Blocks | None = None
        self._card: KnownCard | None = None
        self._asked: Blocks | None = None
        self._asked_for = Ask.NOTHING
        self._names: list[str] = []
        self._seen = 0.0
        self._gone = False
        self._hidden_frames = 0
        self._was_hidden = False

    def feed(self, grey: Grey, now_mono_s: float) -> Ask:
        """Look at one frame, `(H, W) uint8`, about 160×90, and say whether a scan is due now."""
        frame = Blocks.of(grey)
        if self._moves(grey) or self._last is None:
            self._still_since_s = now_mono_s
            self._waits_for_stillness = True
        self._last = grey
        if not self._waits_for_stillness:
            return Ask.NOTHING
        if is_dark(frame):
            self._still_since_s = now_mono_s
            return Ask.NOTHING
        if now_mono_s - self._still_since_s < STILL_S:
            self._watch(frame)
            return Ask.NOTHING
        self._waits_for_stillness = False
        self._asked_for = self._judge(frame)
        if self._asked_for is not Ask.NOTHING:
            self._asked = frame
        return self._asked_for

    def learn_card(self, names: Sequence[str], region: Mask | None = None) -> bool:
        """The scan found a card, named (likeliest first); True when it is to be counted.

        `region` `(H, W) bool` marks the card, where that is known.
        """
        if self._asked is None:
            return True
        before = [name for name in self._names if name]
        known = False
        if self._asked_for is Ask.LOOK_AGAIN:
            # A card without a name is told by its look alone, even if a finger hides half of it.
            seen = self._seen >= ALIKE_FROM
            known = any(name in names for name in before) if names and before else seen
        elif len(self._names) > 1 and not self._gone:
            known = any(name in names for name in before)  # the others were taken away
        self._remember(self._asked, names[:1] or [""], region)
        return not known

    def learn_page(self, names: Sequence[str], region: Mask | None = None) -> list[bool]:
        """The scan found several cards ("" for one without a name); which are to be counted.

        Those that lay there before are not; on a page that was turned all cards are new.
        """
        if self._asked is None:
            return [True] * len(names)
        before = Counter(self._names)
        remain = (before & Counter(names)).total()
        hidden = self._asked_for is Ask.SCAN and len(names) >= PAGE_CARDS
        same_again = hidden and remain == len(names) == before.total()
        if self._card is None or self._gone or 2 * remain < before.total() or same_again:
            before.clear()
        new = []
        for name in names:
            new.append(before[name] <= 0)
            before[name] -= 1
        self._remember(self._asked, list(names), region)
        return new

    @property
    def pose(self) -> Pose | None:
        """Where the card scanned last lies now, from where it was scanned; None when it is gone."""
        return None if self._card is None else self._card.pose

    def learn_nothing(self) -> None:
        """The scan found no card: this is how the table looks, or a hand rests on it."""
        if self._asked is not None and self._seen < GLIMPSE:
            self._table = self._asked

    def _likely_region(self, frame: Blocks) -> Mask:
        """Where the card may be: what differs from the table, else the middle of the frame."""
        if self._table is not None:
            differs = ~agrees(self._table, frame)
            if differs.any():
                return differs
        height_px, width_px = frame.picture.shape
        middle = np.zeros((height_px, width_px), np.bool_)
        middle[height_px // 5 : -height_px // 5, width_px // 3 : -width_px // 3] = True
        return middle

    def _moves(self, grey: Grey) -> bool:
        if self._last is None:
            return True
        apart = np.abs(grey.astype(np.int16) - self._last)
        return float(np.mean(apart > MOVED_LEVELS)) > MOVED_SHARE

    def _watch(self, frame: Blocks) -> None:
        """While something moves: where is the known card?"""
        if self._card is None:
            return
        seen = self._card.follow(frame)
        if seen >= HIDDEN_BELOW:
            self._hidden_frames = 0
            return
        self._hidden_frames += 1
        self._was_hidden |= self._hidden_frames >= HIDDEN_FRAMES
        if self._table is not None and self._card.place_is_empty(self._table, frame):
            self._gone = True

    def _judge(self, frame: Blocks) -> Ask:
        """Now that all is still: is there a card that was not scanned yet?"""
        self._seen = 0.0
        if self._table is not None and same_table(self._table, frame):
            self._card = None
            return Ask.NOTHING
        if self._card is None:
            return Ask.SCAN
        self._seen = self._card.settle(frame)
        if self._gone or (self._was_hidden and self._card.moved_px() > NUDGE_PX):
            return Ask.SCAN
        if self._seen < SAME_FROM or self._card.changed_beside(frame) > BESIDE_SHARE:
            return Ask.LOOK_AGAIN
        self._forget_motion()
        return Ask.NOTHING

    def _remember(self, frame: Blocks, names: Sequence[str], region: Mask | None) -> None:
        if region is None or not region.any():
            region = self._likely_region(frame)
        self._card = KnownCard(frame, region)
        self._names = list(names)
        self._forget_motion()

    def _forget_motion(self) -> None:
        self._gone = self._was_hidden = False
        self._hidden_frames = 0
