"""Lamp, buzzer, button and foot pedal on GPIO pins.

The lamp is a common-cathode RGB LED, the buzzer an active one; button and pedal close to ground.
Patterns are played by a thread of their own, so that the loop never waits.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass

from gpiozero import Button, DigitalOutputDevice
from gpiozero.exc import GPIOZeroError
from gpiozero.pins import Factory

from firmware.events import ButtonHeld, ButtonPressed
from firmware.feeder import Listener
from firmware.signals import ALERT_S, Colour, Signal, pattern
from scanner.errors import SignalsError

HELD_S = 2.0
BOUNCE_S = 0.05
BEEP_S = 0.08
_PARTS: dict[Colour, tuple[bool, bool, bool]] = {
    "off": (False, False, False),
    "green": (False, True, False),
    "blue": (False, False, True),
    "yellow": (True, True, False),
    "red": (True, False, False),
    "purple": (True, False, True),
    "white": (True, True, True),
    "cyan": (False, True, True),
}


@dataclass(frozen=True, slots=True)
class SignalPins:
    """BCM numbers; None where the machine has no such part. `lamp` is red, green, blue."""

    lamp: tuple[int, int, int] | None = None
    buzzer: int | None = None
    button: int | None = None
    pedal: int | None = None


class GpioSignals:
    """See `firmware.signals.Signals`. Raises SignalsError when the pins can't be had."""

    def __init__(self, pins: SignalPins, *, factory: Factory | None = None, name: str = "signals"):
        self.name = name
        self._listener: Listener = _nobody_listens
        self._held = False
        self._changed = threading.Condition()
        self._signal = Signal("off")
        self._alert = Signal("off")
        self._alert_until_mono_s = 0.0
        self._beeps = 0
        self._ended = False
        self._closing = ExitStack()

        def output(pin: int) -> DigitalOutputDevice:
            device = DigitalOutputDevice(pin, pin_factory=factory)
            self._closing.callback(device.close)
            return device

        def button(pin: int) -> Button:
            device = Button(pin, bounce_time=BOUNCE_S, hold_time=HELD_S, pin_factory=factory)
            self._closing.callback(device.close)
            return device

        try:
            self._lamp = [output(pin) for pin in pins.lamp or ()]
            self._buzzer = None if pins.buzzer is None else output(pins.buzzer)
            self._buttons: dict[str, Button] = {}
            if pins.button is not None:
                self._buttons["button"] = start_stop = button(pins.button)
                start_stop.when_held = self._on_held
                start_stop.when_released = self._on_released
            if pins.pedal is not None:
                self._buttons["pedal"] = pedal = button(pins.pedal)
                pedal.when_pressed = self._on_pedal
        except (GPIOZeroError, OSError) as error:
            self._closing.close()
            raise SignalsError(
                f"The signals' pins can't be used ({error}). Check the pin numbers under [signals] "
                "in the settings and that this user is in the group gpio."
            ) from error
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
        self._thread.start()

    def listen(self, listener: Listener) -> None:
        """Send what the buttons ask to `listener`."""
        self._listener = listener

    def show(self, signal: Signal) -> None:
        """Show a code from now on; the same one goes on undisturbed."""
        with self._changed:
            if signal != self._signal:
                self._signal = signal
                self._beeps += signal.beeps
                self._changed.notify()

    @property
    def pressed(self) -> tuple[str, ...]:
        """Which of `button` and `pedal` are pressed at this moment."""
        return tuple(name for name, button in self._buttons.items() if button.is_pressed)

    def beep(self) -> None:
        """One short beep."""
        with self._changed:
            self._beeps += 1
            self._changed.notify()

    def alert(self, signal: Signal) -> None:
        """Show a code for a while, unless something wants help."""
        with self._changed:
            self._alert = signal
            self._alert_until_mono_s = time.monotonic() + ALERT_S
            self._beeps += signal.beeps
            self._changed.notify()

    def close(self) -> None:
        """Lamp and buzzer off, pins released."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout=2.0)
        self._closing.close()

    def _run(self) -> None:
        """Play the code that is to be shown, beeps between its flashes, until the end."""
        shown, step = Signal("off"), 0
        while True:
            with self._changed:
                if self._ended:
                    break
                if self._wanted() != shown:
                    shown, step = self._wanted(), 0
                beeps, self._beeps = self._beeps, 0
            self._play_beeps(beeps)
            flashes = pattern(shown)
            colour, for_s = flashes[step % len(flashes)] if flashes else (shown.colour, None)
            self._light(colour)
            step += 1
            self._wait_for_news(shown, for_s)
        self._light("off")

    def _wait_for_news(self, shown: Signal, timeout_s: float | None) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or self._beeps > 0 or self._wanted() != shown, timeout_s
            )

    def _wanted(self) -> Signal:
        """What is to be shown at this moment."""
        is_alert = time.monotonic() < self._alert_until_mono_s and self._signal.colour != "red"
        return self._alert if is_alert else self._signal

    def _play_beeps(self, count: int) -> None:
        if self._buzzer is None:
            return
        for _ in range(count):
            self._buzzer.on()
            self._pause()
            self._buzzer.off()
            self._pause()

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended, BEEP_S)

    def _light(self, colour: Colour) -> None:
        for part, lit in zip(self._lamp, _PARTS[colour], strict=False):
            part.value = lit

    def _on_held(self) -> None:
        self._held = True
        self._listener(ButtonHeld())

    def _on_released(self) -> None:
        # A press counts when it ends, so that one that is held does not pause first.
        held, self._held = self._held, False
        if not held:
            self._listener(ButtonPressed())

    def _on_pedal(self) -> None:
        self._listener(ButtonPressed(pedal=True))


def _nobody_listens(_event: object) -> None:
    """Buttons pressed before `listen` ask nobody."""
