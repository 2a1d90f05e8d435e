"""Hands-free: motion, then stillness, asks for exactly one scan of each card that is laid. Pure.

It remembers how the card scanned last looks and follows it while something moves. A card that lay
there all the time, under a passing hand or in another light, is the same card; so is one that was
dragged or nudged, because it can be followed. A card that looks the same but came after the table
was seen empty, or out of a hand that had covered everything, lying elsewhere, is a second copy.
"""

from __future__ import annotations

import numpy as np

from firmware.sameness import Blocks, Grey, KnownCard, Mask, is_dark, same_table

STILL_S = 0.25
MOVED_LEVELS = 10
MOVED_SHARE = 0.003
HIDDEN_BELOW = 0.15
HIDDEN_FRAMES = 2
SAME_FROM = 0.5
COVERED_FROM = 0.25
NUDGE_PX = 1.0


class Trigger:
    """Feed it every frame; after a True, `learn` what the scan found before the next frame."""

    def __init__(self) -> None:
        self._last: Grey | None = None
        self._still_since_s = 0.0
        self._waits_for_stillness = True
        self._table: Blocks | None = None
        self._card: KnownCard | None = None
        self._asked: Blocks | None = None
        self._gone = False
        self._hidden_frames = 0
        self._was_hidden = False

    def feed(self, grey: Grey, now_mono_s: float) -> bool:
        """Look at one frame, `(H, W) uint8`, about 96×54; True when a scan is due now."""
        frame = Blocks.of(grey)
        if self._moves(grey) or self._last is None:
            self._still_since_s = now_mono_s
            self._waits_for_stillness = True
        self._last = grey
        if not self._waits_for_stillness:
            return False
        if is_dark(frame):
            self._still_since_s = now_mono_s
            return False
        if now_mono_s - self._still_since_s < STILL_S:
            self._watch(frame)
            return False
        self._waits_for_stillness = False
        if not self._is_news(frame):
            return False
        self._asked = frame
        return True

    def learn_card(self, region: Mask | None = None) -> None:
        """The scan found a card; `region` `(H, W) bool` marks it, where that is known."""
        if self._asked is None:
            return
        if region is None or not region.any():
            region = np.ones(self._asked.picture.shape, np.bool_)
        self._remember(KnownCard(self._asked, region))

    def learn_nothing(self) -> None:
        """The scan found no card: this is how the table looks, or a hand rests on it."""
        if self._asked is not None:
            self._table = self._asked

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

    def _is_news(self, frame: Blocks) -> bool:
        """Now that all is still: is there a card that was not scanned yet?"""
        if self._table is not None and same_table(self._table, frame):
            self._card = None
            return False
        if self._card is None:
            return True
        seen = self._card.settle(frame)
        if seen < COVERED_FROM or (seen >= SAME_FROM and self._is_second_copy()):
            return True
        if seen >= SAME_FROM:
            self._gone = self._was_hidden = False
            self._hidden_frames = 0
        return False

    def _is_second_copy(self) -> bool:
        assert self._card is not None
        return self._gone or (self._was_hidden and self._card.moved_px() > NUDGE_PX)

    def _remember(self, card: KnownCard) -> None:
        self._card = card
        self._gone = self._was_hidden = False
        self._hidden_frames = 0
