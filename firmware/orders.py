"""What people ask of the machine: the page's commands, the start/stop button, the foot pedal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firmware.desk import Desk, PageCommand, expected_cards, mode_asked
from firmware.events import (
    Bay,
    BinEmptied,
    ButtonHeld,
    ButtonPressed,
    Event,
    Pause,
    Resume,
    Start,
    Stop,
)
from firmware.machine import Machine
from firmware.phases import AT_WORK, WAITS_FOR_RESUME, Phase, State
from scanner.errors import StoreFullError
from scanner.routing import Mode

Handle = Callable[[Event], None]
Asked = Mapping[str, str | int]


class Orders:
    """Turns orders into events.

    `state` tells what the machine does now, `handle` takes events. `wants_restart` is set once the
    page has asked for one and was answered: an order that is not answered on disk is read again.
    """

    def __init__(
        self,
        machine: Machine,
        desk: Desk,
        state: Callable[[], State],
        handle: Handle,
        look_at_bins: Callable[[], None],
    ) -> None:
        self._machine = machine
        self._desk = desk
        self._state = state
        self._handle = handle
        self._look_at_bins = look_at_bins
        self._restart_asked = False

    @property
    def wants_restart(self) -> bool:
        """Whether the process is to end, and to be started again."""
        return self._restart_asked and self._desk.all_answered

    def obey_page(self) -> None:
        """Do what the page has asked since the last look, and answer each command."""
        for command in self._desk.commands():
            try:
                outcome = self._obey(command)
            except StoreFullError as error:
                outcome = str(error)
            self._desk.answer(command, outcome)

    def obey_button(self, pressed: ButtonPressed | ButtonHeld) -> None:
        """Start, pause or resume, whichever fits; a button held down ends the batch."""
        phase = self._state().phase
        if isinstance(pressed, ButtonHeld):
            self._handle(Stop())
        elif phase in WAITS_FOR_RESUME:
            self.resume()
        elif phase in AT_WORK:
            self._handle(Pause())
        elif phase in (Phase.IDLE, Phase.FINISHED) and not pressed.pedal:
            self._start({})

    def resume(self) -> None:
        """Go on with what lies there now, in the bay and in the bins."""
        self._look_at_bins()
        held = self._machine.router.waits_for()
        if held and self._state().phase is Phase.BIN_FULL:
            # No sensor sees that a bin within its limit was emptied: pressing Resume says so.
            self._desk.bin_emptied(held, self._desk.fallen_up_to(card_waits=True))
        bay = self.bay()
        self._handle(Resume(bay, self.bin_of(bay)))

    def bay(self) -> Bay:
        """What lies in the bay, by sensors and log."""
        feeder = self._machine.feeder
        return self._desk.bay(feeder.card_seated) if feeder.has_bay_sensor else Bay.EMPTY

    def bin_of(self, bay: Bay) -> int:
        """Where the card in the bay is to go; 0 when it has no bin yet or there is no diverter."""
        if bay is not Bay.LOGGED or self._machine.gate is None:
            return 0
        return self._desk.bin_of_card()

    def _obey(self, command: PageCommand) -> str:
        before = self._state()
        if command.kind == "bin_emptied":
            return self._bin_emptied(command.argument)
        if command.kind == "restart":
            return self._restart()
        if command.kind == "start" and before.phase in (Phase.IDLE, Phase.FINISHED):
            refused = self._start(command.argument, command.said)
            if refused:
                return refused
        elif command.kind == "resume":
            self.resume()
        elif command.event is not None:
            self._handle(command.event)
        if self._state() == before:
            return f"The machine can't {command.kind} while it is {before.phase.value}."
        return "done"

    def _restart(self) -> str:
        if not self._machine.is_kept_alive:
            return "Nobody would start the scanner again: end it and start it where it was started."
        self._restart_asked = True
        return "done"

    def _start(self, asked: Asked, said: str = "") -> str:
        """Begin a batch; says why not when it can't. `said`: see `PageCommand`."""
        mode = mode_asked(asked)
        if mode is None:
            return f"There is no such mode; choose one of {', '.join(Mode)}."
        expected = expected_cards(asked)
        if self._machine.before_batch is not None:
            expected = self._machine.before_batch(expected)
        self._desk.begin_batch(asked, expected, mode, said)
        bay = self.bay()
        self._handle(Start(bay, expected, bin=self.bin_of(bay)))
        return ""

    def _bin_emptied(self, asked: Asked) -> str:
        number = str(asked.get("bin", ""))
        if not number.isdecimal() or int(number) < 1:
            return "Say which bin was emptied: a number from 1 on."
        waits = self._state().bay is Bay.LOGGED
        held = self._machine.router.waits_for()
        self._desk.bin_emptied(int(number), self._desk.fallen_up_to(card_waits=waits))
        if held == int(number) and not self._machine.is_full(held):
            self._handle(BinEmptied())
        return "done"
