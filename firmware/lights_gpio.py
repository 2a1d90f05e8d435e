"""Two lamps on two GPIO pins, each behind a transistor that is off when its pin is undriven."""

from __future__ import annotations

import time

from gpiozero import DigitalOutputDevice
from gpiozero.exc import GPIOZeroError
from gpiozero.pins import Factory

from firmware.lights import LightPins, Side
from scanner.errors import LightsError


class GpioLights:
    """See `firmware.lights.Lights`. Raises LightsError when the pins can't be had."""

    def __init__(
        self,
        pins: LightPins,
        *,
        settle_s: float = 0.0,
        factory: Factory | None = None,
        name: str = "two lights",
    ):
        self.name = name
        self._settle_s = settle_s
        try:
            self._left = DigitalOutputDevice(pins.left, pin_factory=factory)
            self._right = DigitalOutputDevice(pins.right, pin_factory=factory)
        except (GPIOZeroError, OSError) as error:
            raise LightsError(
                f"The lights' pins can't be used ({error}). Check the pin numbers under [lights] "
                "in the settings and that this user is in the group gpio."
            ) from error

    def light(self, side: Side) -> None:
        """This lamp on, the other one off; returns `settle_s` later."""
        on, off = (self._left, self._right) if side == "left" else (self._right, self._left)
        off.off()
        on.on()
        if self._settle_s > 0:
            time.sleep(self._settle_s)

    def off(self) -> None:
        """Both lamps off."""
        for lamp in (self._left, self._right):
            if not lamp.closed:
                lamp.off()

    def close(self) -> None:
        """Lamps off, pins released."""
        self.off()
        self._left.close()
        self._right.close()
