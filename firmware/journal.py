"""Whether the card under the camera is already in the log, also after a power cut.

Cardboard has no serial number and sensors have no memory, so the machine writes down its own
movements. `feeding` is on disk before a card may pass the entry; `ejected` is written once the exit
beam has cleared, together with the next `feeding` where one follows at once; that only follows when
the bay was seen empty. Since the two motors can't move two cards at once, whatever lies in the bay
is the card of the last `feeding`:

| last movement | its scan | bay | then |
|---|---|---|---|
| feeding n | none | occupied | it is card n: scan it |
| feeding n | none | empty | card n never arrived (or a hand took it): feed, again as n |
| feeding n | in the log | occupied | the power went before it left: let it go, unscanned |
| feeding n | in the log | empty | it left: the next card is n + 1 |
| ejected n, or none | | occupied | a hand laid it there: scan it as n + 1 |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from firmware.events import Bay
from scanner.tables import FeedMovement

FEEDING = "feeding"
EJECTED = "ejected"


class MovementLog(Protocol):
    """The part of the store that the journal needs."""

    def add_movements(self, batch_id: int | None, movements: Sequence[tuple[str, str]]) -> None:
        """Put movements (kind and feed key) on disk, all of them or none."""

    def last_movement(self) -> FeedMovement | None:
        """The newest movement."""

    def has_feed_key(self, key: str) -> bool:
        """Whether the scan of that card is on disk."""


class Journal:
    """Numbers the cards. The running number goes through all batches and restarts."""

    def __init__(self, store: MovementLog):
        self._store = store
        last = store.last_movement()
        self._number = int(last.feed_key) if last else 0
        self._open = last is not None and last.kind == FEEDING
        self._logged = ""

    @property
    def key(self) -> str:
        """The feed key of the card that was fed last."""
        return str(self._number)

    def card_logged(self) -> None:
        """The scan of the card that was fed last is on disk: nobody need ask the log for it."""
        self._logged = self.key

    def before_feeding(self, batch_id: int | None) -> None:
        """Put on disk that a card is about to be fed; the same key again if it never arrived."""
        movements = [(FEEDING, str(self._number + 1))]
        if self._open:
            if not self._is_logged():
                return
            movements.insert(0, (EJECTED, self.key))
        self._store.add_movements(batch_id, movements)
        self._number, self._open = self._number + 1, True

    def after_ejecting(self, batch_id: int | None) -> None:
        """Put on disk that the card has left."""
        if self._open:
            self._store.add_movements(batch_id, [(EJECTED, self.key)])
            self._open = False

    def bay(self, occupied: bool, batch_id: int | None) -> Bay:
        """Say what lies in the bay (see the table), and note what a hand did meanwhile."""
        logged = self._open and self._is_logged()
        if not occupied:
            if logged:
                self.after_ejecting(batch_id)
            return Bay.EMPTY
        if not self._open:
            self.before_feeding(batch_id)
        return Bay.LOGGED if logged else Bay.UNLOGGED

    def _is_logged(self) -> bool:
        return self._logged == self.key or self._store.has_feed_key(self.key)
