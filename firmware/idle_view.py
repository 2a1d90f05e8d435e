"""What the loop does with camera and lamp while no card is in hand."""

from __future__ import annotations

from firmware.events import CameraFailed
from firmware.machine import Machine
from firmware.phases import Phase
from firmware.signals import SIGNALS, Signal
from scanner.errors import CameraError
from scanner.records import View


def watch_the_table(machine: Machine) -> CameraFailed | None:
    """Hands-free: show the feeder what lies there, until it says that a card does."""
    try:
        frame = machine.camera.capture()
    except CameraError as error:
        return CameraFailed(str(error))
    machine.feeder.see(frame.picture, machine.clock.now_s())
    if machine.preview is not None:
        outlines_px = machine.feeder.outlines_px
        view = (View.NOTHING, View.CARD, View.SEVERAL)[min(2, len(outlines_px))]
        machine.preview.show_frame(frame.picture, outlines_px, view.value)
    return None


def show_pairing_code(machine: Machine, phase: Phase) -> None:
    """Before and between batches the lamp shows the code that pairs the page, while it waits."""
    if machine.signals is None or phase not in (Phase.IDLE, Phase.FINISHED):
        return
    digits = machine.pairing_code()
    machine.signals.show(Signal("blue", digits=digits) if digits else SIGNALS[phase])


def show_the_table(machine: Machine) -> None:
    """While nothing moves, the page still shows what the camera sees."""
    if machine.preview is None:
        return
    try:
        frame = machine.camera.capture()
    except CameraError:
        # Nobody waits for this picture; the next card tells whether the camera is lost.
        return
    machine.preview.show_frame(frame.picture, (), View.NOTHING.value)
