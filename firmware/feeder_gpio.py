"""A feeder on GPIO pins: a pick motor, an eject motor, three light beams and what guards them.

Beams, sensors, door and emergency stop pull their pin low when they are broken, touched, open or
pressed; the hopper's sensor does so while it sees a card, the thickness sensor while it feels two.

Two motors, because then letting a card go never pulls the next one in: whatever lies in the bay
after a power cut is the card that was fed last, and the log knows whether it was scanned. For the
same reason a card stops at the entry beam until `permit` says that it is written down. Motor
outputs must be off when undriven (a pull-down at the motor stage), so that a dead process or a
power cut leaves the cards where they are.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from gpiozero import DigitalInputDevice, DigitalOutputDevice
from gpiozero.exc import GPIOZeroError
from gpiozero.pins import Factory

from firmware.events import (
    CardEntered,
    CardLeft,
    CardPassed,
    CardSeated,
    CardSlipped,
    DoorClosed,
    DoorOpened,
    EmergencyPressed,
    EmergencyReleased,
    Event,
    HopperRanOut,
    TwoCards,
)
from firmware.feeder import Listener
from firmware.feeder_pins import FeederPins
from scanner.errors import FeederError
from scanner.records import Corners, Identification, Picture


class GpioFeeder:
    """See `firmware.feeder.Feeder`. Raises FeederError when the pins can't be had."""

    has_bay_sensor = True
    wants_frames = False

    def __init__(self, pins: FeederPins, *, factory: Factory | None = None, name: str = "gpio"):
        self.name = name
        self._lock = threading.RLock()
        self._listener: Listener = _nobody_listens
        self._moving = ""
        self._entered = self._permitted = self._staging = False

        def sensor(pin: int) -> DigitalInputDevice:
            return DigitalInputDevice(pin, pull_up=True, pin_factory=factory)

        def sensor_if_any(pin: int | None) -> DigitalInputDevice | None:
            return None if pin is None else sensor(pin)

        try:
            self._pick = DigitalOutputDevice(pins.pick_motor, pin_factory=factory)
            self._eject = DigitalOutputDevice(pins.eject_motor, pin_factory=factory)
            self._entry, self._seat, self._exit = (
                sensor(pin) for pin in (pins.entry_sensor, pins.seated_sensor, pins.exit_sensor)
            )
            self._door, self._emergency, self._hopper, self._thick = (
                sensor_if_any(pin)
                for pin in (
                    pins.door_switch,
                    pins.emergency_stop,
                    pins.hopper_sensor,
                    pins.thickness_sensor,
                )
            )
        except (GPIOZeroError, OSError) as error:
            raise FeederError(
                f"The feeder's pins can't be used ({error}). Check the pin numbers under [feeder] "
                "in the settings and that this user is in the group gpio."
            ) from error
        self._entry.when_activated = self._on_entry
        self._entry.when_deactivated = self._on_entry_clear
        self._seat.when_activated = self._on_seat
        self._seat.when_deactivated = self._on_seat_clear
        self._exit.when_deactivated = self._on_way_out
        if self._thick is not None:
            self._thick.when_activated = self._on_thick
        if self._door is not None:
            self._door.when_activated = lambda: self._halt(DoorOpened())
            self._door.when_deactivated = lambda: self._tell(DoorClosed())
        if self._emergency is not None:
            self._emergency.when_activated = lambda: self._halt(EmergencyPressed())
            self._emergency.when_deactivated = lambda: self._tell(EmergencyReleased())

    def listen(self, listener: Listener) -> None:
        """Send all further news to `listener`, starting with a door or stop that is active."""
        self._listener = listener
        if self._door is not None and self._door.is_active:
            self._halt(DoorOpened())
        if self._emergency is not None and self._emergency.is_active:
            self._halt(EmergencyPressed())

    def feed(self) -> None:
        """Turn the pick motor until the entry beam breaks, and once permitted until the seat's.

        Refuses while door or stop is active.
        """
        with self._lock:
            if self._blocked():
                return
            self._moving, self._entered, self._permitted = "feed", False, False
            self._staging = False
            if self._seat.is_active:
                self._on_seat()
                return
            if self._thick is not None and self._thick.is_active:
                self._on_thick()
                return
            if self._entry.is_active:
                self._on_entry()
            elif self._hopper is not None and not self._hopper.is_active:
                self.stop_safe()
                self._tell(HopperRanOut())
                return
            self._turn_pick()

    def permit(self) -> None:
        """Let the card that is being fed go on past the entry."""
        with self._lock:
            self._permitted = True
            if self._moving == "feed" and not self._blocked():
                self._turn_pick()

    def stage(self) -> None:
        """Turn the pick motor until the entry beam breaks; the rollers must not touch the bay."""
        with self._lock:
            if self._blocked() or self._entry.is_active or self._moving == "feed":
                return
            self._staging = True
            self._pick.on()

    def eject(self) -> None:
        """Turn the eject motor until seat and exit beams are clear."""
        with self._lock:
            if self._blocked():
                return
            self._moving = "eject"
            if self._on_way_out():
                return
            self._eject.on()

    @property
    def card_seated(self) -> bool:
        """Whether any card lies in the bay, or half-way out of it."""
        return bool(self._seat.is_active or self._exit.is_active)

    def sensors(self) -> dict[str, bool | None]:
        """What each sensor sees at this moment; None where the machine has none."""
        parts = {
            "entry": self._entry,
            "seat": self._seat,
            "exit": self._exit,
            "door": self._door,
            "emergency": self._emergency,
            "hopper": self._hopper,
            "thick": self._thick,
        }
        return {
            name: None if part is None else bool(part.is_active) for name, part in parts.items()
        }

    def see(self, picture: Picture, now_mono_s: float) -> None:
        """Beams watch the bay here; pictures are not needed."""

    @property
    def outlines_px(self) -> Sequence[Corners]:
        """Beams know no outline."""
        return ()

    def saw_card(self, answer: Identification) -> bool:  # noqa: ARG002 - the protocol has it
        """Beams watch the bay here: a card that was seated always counts."""
        return True

    def saw_page(self, answers: Sequence[Identification]) -> list[bool]:
        """Beams watch the bay here: a card that was seated always counts."""
        return [True] * len(answers)

    def saw_nothing(self) -> None:
        """Beams watch the bay here; the answer changes nothing."""

    def stop_safe(self) -> None:
        """Both motors off."""
        with self._lock:
            self._moving, self._staging = "", False
            for motor in (self._pick, self._eject):
                if not motor.closed:
                    motor.off()

    def close(self) -> None:
        """Motors off, pins released."""
        self.stop_safe()
        devices = (self._pick, self._eject, self._entry, self._seat, self._exit)
        for device in (*devices, self._door, self._emergency, self._hopper, self._thick):
            if device is not None:
                device.close()

    def _blocked(self) -> bool:
        return any(
            switch is not None and switch.is_active for switch in (self._door, self._emergency)
        )

    def _turn_pick(self) -> None:
        """Turn the pick motor as far as it may: a card at the entry waits for its permit."""
        if self._entered and not self._permitted:
            self._pick.off()
        else:
            self._pick.on()

    def _on_entry(self) -> None:
        with self._lock:
            if self._staging:
                self._staging = False
                self._pick.off()
            if self._moving != "feed":
                return
            if self._entered:
                self.stop_safe()
                self._tell(TwoCards())
                return
            self._entered = True
            self._turn_pick()
        self._tell(CardEntered())

    def _on_entry_clear(self) -> None:
        with self._lock:
            if self._moving != "feed" or not self._entered:
                return
        self._tell(CardPassed())

    def _on_thick(self) -> None:
        with self._lock:
            if self._moving != "feed":
                return
            self.stop_safe()
        self._tell(TwoCards())

    def _on_seat(self) -> None:
        with self._lock:
            if self._moving != "feed":
                return
            self.stop_safe()
            # A single card has cleared the entry beam by the time it is seated.
            self._tell(TwoCards() if self._entry.is_active else CardSeated())

    def _on_seat_clear(self) -> None:
        with self._lock:
            at_rest = not self._moving
        if at_rest:
            self._tell(CardSlipped())
        else:
            self._on_way_out()

    def _on_way_out(self) -> bool:
        with self._lock:
            if self._moving != "eject" or self.card_seated:
                return False
            self.stop_safe()
        self._tell(CardLeft())
        return True

    def _halt(self, event: Event) -> None:
        """Motors off here and now; the loop hears of it later."""
        self.stop_safe()
        self._tell(event)

    def _tell(self, event: Event) -> None:
        self._listener(event)


def _nobody_listens(_event: Event) -> None:
    """News before `listen` are of no use: the loop reads the sensors when it starts."""
