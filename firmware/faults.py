"""What a clerk must do about each fault, in one sentence or two. Pure.

A sentence tells where the cards belong, because that decides whether one is lost or counted twice:
a card that is in the list goes on to its bin, any other goes back on the hopper.
"""

from __future__ import annotations

from firmware.events import Bay
from firmware.phases import Phase, State

FAULTS = frozenset(
    {
        Phase.JAM,
        Phase.DOUBLE_FEED,
        Phase.MIS_SEAT,
        Phase.HOPPER_EMPTY,
        Phase.BIN_FULL,
        Phase.SORTER_STUCK,
        Phase.CAMERA_LOST,
        Phase.DISK_FULL,
        Phase.DOOR_OPEN,
        Phase.EMERGENCY_STOP,
    }
)


def what_to_do(fault: Phase, before: State) -> str:
    """The sentence for a fault that comes upon the machine in the state `before`."""
    place = f"into bin {before.bin}" if before.bin else "into the bin"
    match fault:
        case Phase.JAM if before.bay is Bay.LOGGED:
            return (
                f"A card is stuck on its way out. It is in the list: take it out, lay it {place} "
                "and press Resume. A card that waits at the hopper stays there."
            )
        case Phase.JAM if before.entered:
            return (
                "A card is stuck on its way in. Take it out, put it back on top of the hopper and "
                "press Resume."
            )
        case Phase.JAM:
            return (
                "The roller can't take the next card. Straighten the stack in the hopper, wipe the "
                "roller and press Resume."
            )
        case Phase.DOUBLE_FEED:
            return (
                "Two cards came at once. Take both out, part them, put them back on top of the "
                "hopper and press Resume."
            )
        case Phase.MIS_SEAT:
            return (
                "A card lies askew and is not in its place under the camera. Take it out, put it "
                "back on top of the hopper and press Resume."
            )
        case Phase.HOPPER_EMPTY:
            return "The hopper is empty. Add cards and press Resume, or press Stop to finish."
        case Phase.BIN_FULL:
            which = f"Bin {before.bin}" if before.bin else "The bin"
            return f"{which} is full. Empty it; the batch goes on by itself, or press Resume."
        case Phase.SORTER_STUCK:
            return (
                "The diverter does not reach its place. Switch it off, free it, switch it on and "
                "press Resume; the card waits."
            )
        case Phase.CAMERA_LOST:
            return "The camera gives no picture. Check its cable; the batch goes on by itself."
        case Phase.DISK_FULL:
            return "The disk is full. Free some space; the card stays where it is until then."
        case Phase.DOOR_OPEN:
            return "The cover is open. Close it and press Resume."
        case Phase.EMERGENCY_STOP:
            return "Emergency stop. Release the button and press Resume."
    return ""
