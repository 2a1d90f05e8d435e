"""What can happen to the machine (events) and what it may do (actions). Frozen, without I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Bay(StrEnum):
    """What lies under the camera, as far as sensors and the log can tell.

    `unlogged`: a card whose scan is not on disk yet. `logged`: a card whose scan is on disk.
    """

    EMPTY = "empty"
    UNLOGGED = "unlogged"
    LOGGED = "logged"


@dataclass(frozen=True, slots=True)
class Start:
    """A batch begins or goes on; `expected` is 0 when nobody counted, `logged` counts its scans.

    `bin` is where a logged card in the bay is to go, 0 for nowhere in particular.
    """

    bay: Bay = Bay.EMPTY
    expected: int = 0
    logged: int = 0
    paused: bool = False
    bin: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """The clerk wants the machine to rest after the card in hand; `said` is told with the pause."""

    said: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """The clerk wants to go on; `bay` and `bin` are what the sensors and the log say now."""

    bay: Bay = Bay.EMPTY
    bin: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """The clerk ends the batch."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed and nothing else happened."""


@dataclass(frozen=True, slots=True)
class CardEntered:
    """The entry beam broke: a card has left the hopper."""


@dataclass(frozen=True, slots=True)
class CardPassed:
    """The entry beam is clear again: the whole card is on its way to the bay."""


@dataclass(frozen=True, slots=True)
class CardSlipped:
    """The card under the camera is no longer where it was, and no motor turned."""


@dataclass(frozen=True, slots=True)
class HopperRanOut:
    """The hopper's sensor sees no card."""


@dataclass(frozen=True, slots=True)
class CardSeated:
    """A card lies under the camera."""


@dataclass(frozen=True, slots=True)
class TwoCards:
    """Entry beam, thickness sensor or picture say that more than one card left the hopper."""


@dataclass(frozen=True, slots=True)
class CardLeft:
    """The card has passed the exit beam."""


@dataclass(frozen=True, slots=True)
class FrameTaken:
    """The camera delivered a frame."""


@dataclass(frozen=True, slots=True)
class CameraFailed:
    """The camera delivered nothing, or garbage."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class CameraBack:
    """The camera answers again."""


@dataclass(frozen=True, slots=True)
class Identified:
    """The recogniser answered; `enough` is False when another frame may tell more."""

    enough: bool = True


@dataclass(frozen=True, slots=True)
class NothingThere:
    """The frame shows no card although something moved (hands-free only)."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The scan is on disk, and with it the bin that the card is to go to (0: there are none).

    `cards` counts the scans: a page laid by hand holds several.
    """

    bin: int = 0
    cards: int = 1


@dataclass(frozen=True, slots=True)
class DiskFilled:
    """The log could not be written."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Aimed:
    """The diverter stands, or will stand in time, at the card's bin."""


@dataclass(frozen=True, slots=True)
class SorterFailed:
    """The diverter does not reach its place."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class BinFilled:
    """The card's bin takes no more cards."""


@dataclass(frozen=True, slots=True)
class BinEmptied:
    """The card's bin has room again."""


@dataclass(frozen=True, slots=True)
class DoorOpened:
    """Somebody opened the cover."""


@dataclass(frozen=True, slots=True)
class DoorClosed:
    """The cover is closed again."""


@dataclass(frozen=True, slots=True)
class EmergencyPressed:
    """The emergency stop is pressed."""


@dataclass(frozen=True, slots=True)
class EmergencyReleased:
    """The emergency stop is released."""


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """The start/stop button or the foot pedal was pressed; the loop says what that means."""

    pedal: bool = False


@dataclass(frozen=True, slots=True)
class ButtonHeld:
    """The start/stop button was held down."""


Event = (
    Start | Pause | Resume | Stop | Tick | CardEntered | CardPassed | CardSeated | CardSlipped
    | HopperRanOut | TwoCards | CardLeft | FrameTaken | CameraFailed | CameraBack | Identified
    | NothingThere | Committed | DiskFilled | Aimed | SorterFailed | BinFilled | BinEmptied
    | DoorOpened | DoorClosed | EmergencyPressed | EmergencyReleased | ButtonPressed
    | ButtonHeld
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MakeSafe:
    """Every motor off."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Write that a card is being fed, then bring it under the camera."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Bring the next card as far as the entry as soon as there is room; this one is recognised."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Turn the diverter to the card's bin."""


@dataclass(frozen=True, slots=True)
class Eject:
    """Let the card go. Only ever follows a commit."""


@dataclass(frozen=True, slots=True)
class RecordEjected:
    """Write that the card has gone."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Take one frame."""


@dataclass(frozen=True, slots=True)
class Identify:
    """Name the card in the frame."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Put the scan on disk."""


@dataclass(frozen=True, slots=True)
class TryCamera:
    """See whether the camera answers again."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the page and the log: `kind` is a batch event's name, `detail` a sentence."""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EndBatch:
    """Close the batch: `finished` or `stopped`."""

    kind: str


Action = (
    MakeSafe | Feed | Stage | Aim | Eject | RecordEjected | Capture | Identify | Commit
    | TryCamera | Announce | EndBatch
)  # fmt: skip
