"""What every feeder can do. Drivers are one file each; the loop knows only this protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from firmware.events import Event
from scanner.records import Corners, Identification, Picture

Listener = Callable[[Event], None]
"""Called from any thread with `CardEntered`, `CardPassed`, `CardSeated`, `TwoCards`, `CardSlipped`,
`CardLeft`, `HopperRanOut`, and the door's and the emergency stop's events. It must return at once:
the loop's listener only queues."""


class Feeder(Protocol):
    """Brings one card under the camera and lets it go again; its news arrive at the listener.

    `name` is shown loudly at the start. `has_bay_sensor` is True when `card_seated` can be
    trusted after a restart; `wants_frames` is True when the feeder watches the camera's pictures
    because it has no sensors of its own (hands-free).
    """

    name: str
    has_bay_sensor: bool
    wants_frames: bool

    def listen(self, listener: Listener) -> None:
        """Send all further news to `listener`, starting with a door or stop that is active."""

    def feed(self) -> None:
        """Begin to bring the next card; it waits at the entry until `permit`.

        A card already seated, or a hopper seen to be empty, is reported at once.
        """

    def permit(self) -> None:
        """Let the card that is being fed go on into the bay: it is written down."""

    def stage(self) -> None:
        """Begin to bring the next card to the entry and no further, whatever lies in the bay."""

    def eject(self) -> None:
        """Begin to let the card go; a bay already empty is reported at once as `CardLeft`."""

    @property
    def card_seated(self) -> bool:
        """Whether any card lies in the bay, or half-way out of it."""

    def see(self, picture: Picture, now_mono_s: float) -> None:
        """Look at a frame; only called when `wants_frames`."""

    @property
    def outlines_px(self) -> Sequence[Corners]:
        """Where the cards scanned last lie now, if the feeder watches them; for the preview."""

    def saw_card(self, answer: Identification) -> bool:
        """Learn what the last `CardSeated` was, and tell whether it is a card not counted yet.

        Only called when `wants_frames`.
        """

    def saw_page(self, answers: Sequence[Identification]) -> list[bool]:
        """Learn that the last `CardSeated` was several cards; which were not counted yet.

        Only called when `wants_frames`.
        """

    def saw_nothing(self) -> None:
        """Learn that the last `CardSeated` was no card; only called when `wants_frames`."""

    def stop_safe(self) -> None:
        """All motors off. May be called from any thread, at any time, any number of times."""

    def close(self) -> None:
        """Motors off and hardware released."""
