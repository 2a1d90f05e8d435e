"""The feed loop: performs what `states.step` decides, one card after another.

One thread owns camera, recogniser and store. Sensors and the page only add events and commands;
between two cards the loop reads the command table. A card leaves the camera only after its scan is
on disk, and the motors are off whenever the loop is left, however it is left.
"""

from __future__ import annotations

import logging
import time
from collections import deque

from firmware.camera import Frame
from firmware.clock import Inbox
from firmware.desk import Desk, PageCommand, expected_cards
from firmware.events import (
    Action,
    Announce,
    Bay,
    CameraBack,
    CameraFailed,
    Capture,
    Commit,
    Committed,
    DiskFilled,
    Eject,
    EndBatch,
    Event,
    Feed,
    FrameTaken,
    Identified,
    Identify,
    MakeSafe,
    NothingThere,
    RecordEjected,
    Resume,
    Start,
    Tick,
    TryCamera,
)
from firmware.frames import combine, is_enough
from firmware.idle_view import show_the_table, watch_the_table
from firmware.lights import capture_lit
from firmware.machine import Machine
from firmware.phases import AT_WORK, Phase, State
from firmware.states import step
from scanner.errors import CameraError, MachineError, StoreFullError
from scanner.records import Identification, View

COMMAND_INTERVAL_S = 0.2
TICK_S = 0.2
FRAME_INTERVAL_S = 1 / 15
IDLE_FRAME_INTERVAL_S = 1.0

log = logging.getLogger(__name__)


class FeedLoop:
    """See the module. `run` returns after `end`; an error that needs a restart leaves it."""

    def __init__(self, machine: Machine):
        self._machine = machine
        self._desk = Desk(machine.store, machine.driver)
        self.inbox = Inbox()
        self.state = State(limits=machine.limits)
        self._frame: Frame | None = None
        self._other_light: Frame | None = None
        self._answer: Identification | None = None
        self._card_ms = 0.0
        self._commands_at_s = 0.0
        self._idle_frame_at_s = 0.0
        self._lying_at_restart = ""
        self._ended = False
        self._died: BaseException | None = None

    def end(self) -> None:
        """Leave the loop after the action in hand. May be called from any thread or signal."""
        self._ended = True
        self.inbox.put(Tick())

    def worker_died(self, error: BaseException) -> None:
        """A thread that the machine relies on is dead: leave the loop with its error."""
        self._died = error
        self.inbox.put(Tick())

    def run(self) -> None:
        """Work until `end`. Raises CameraError at the start when there is no camera."""
        machine = self._machine
        try:
            machine.camera.start()
            machine.feeder.listen(self.inbox.put)
            if machine.watchdog is not None:
                machine.watchdog.start()
            self.go_on_with_open_batch()
            while not self._ended:
                self.turn()
        finally:
            try:
                machine.make_safe()
            finally:
                machine.camera.close()
                if machine.watchdog is not None:
                    machine.watchdog.close()
                if machine.preview is not None:
                    machine.preview.close()

    def turn(self) -> None:
        """Obey commands, wait for one event and deal with it."""
        machine = self._machine
        if machine.watchdog is not None:
            machine.watchdog.beat()
        if self._died is not None:
            raise MachineError("A part of the feed process has failed.") from self._died
        now_s = machine.clock.now_s()
        if now_s - self._commands_at_s >= COMMAND_INTERVAL_S:
            self._commands_at_s = now_s
            self._obey_commands()
        waiting_for_hand = self.state.phase is Phase.FEEDING and machine.feeder.wants_frames
        if waiting_for_hand:
            failed = watch_the_table(machine)
            if failed is not None:
                self.handle(failed)
        elif self._is_idle() and now_s - self._idle_frame_at_s >= IDLE_FRAME_INTERVAL_S:
            self._idle_frame_at_s = now_s
            show_the_table(machine)
        wait_s = FRAME_INTERVAL_S if waiting_for_hand else self._until_tick_s()
        self.handle(machine.clock.wait(self.inbox, wait_s) or Tick())

    def handle(self, event: Event) -> None:
        """Let one event have all its consequences."""
        events = deque([event])
        while events:
            before = self.state
            now_s = self._machine.clock.now_s()
            self.state, actions = step(before, events.popleft(), now_s)
            if self.state.phase is not before.phase:
                log.debug("%s → %s", before.phase, self.state.phase)
                if self._machine.on_phase is not None:
                    self._machine.on_phase(self.state.phase)
            for action in actions:
                follows = self._perform_or_hold(action)
                if follows is not None:
                    events.append(follows)
                if isinstance(follows, DiskFilled | CameraFailed):
                    break
        if self._machine.preview is not None:
            phase = self.state.phase
            self._machine.preview.show_state("running" if phase in AT_WORK else phase.value)

    def _perform_or_hold(self, action: Action) -> Event | None:
        try:
            return self._perform(action)
        except StoreFullError as error:
            if isinstance(action, Announce):
                log.error("%s", error)
                return None
            return DiskFilled(str(error))

    def _perform(self, action: Action) -> Event | None:
        machine = self._machine
        match action:
            case MakeSafe():
                machine.make_safe()
            case Feed():
                if machine.feeder.has_bay_sensor:
                    self._desk.before_feeding()
                self._answer = None
                machine.feeder.feed()
            case Eject():
                machine.feeder.eject()
            case RecordEjected():
                if machine.feeder.has_bay_sensor:
                    self._desk.after_ejecting()
            case Capture():
                return self._capture()
            case Identify():
                return self._identify()
            case Commit():
                return self._commit()
            case TryCamera():
                return self._try_camera()
            case Announce():
                log.info("%s. %s", action.kind, action.detail)
                self._desk.announce(action.kind, action.detail)
            case EndBatch():
                self._desk.end_batch(action.kind)
        return None

    def _capture(self) -> Event:
        if self.state.frames <= 1:
            self._answer, self._card_ms = None, 0.0
        try:
            self._frame, self._other_light = capture_lit(self._machine.camera, self._machine.lights)
        except CameraError as error:
            log.warning("%s", error)
            return CameraFailed(str(error))
        return FrameTaken()

    def _identify(self) -> Event:
        assert self._frame is not None
        began_s = time.perf_counter()
        other = None if self._other_light is None else self._other_light.picture
        answer = self._machine.recognizer.identify(self._frame.picture, other)
        self._card_ms += (time.perf_counter() - began_s) * 1000
        if self._machine.preview is not None:
            self._machine.preview.show_frame(
                self._frame.picture, answer.corners_px, answer.view.value
            )
        by_hand = self._machine.feeder.wants_frames and self.state.frames <= 1
        if by_hand and not self._is_new_card(answer):
            return NothingThere()
        self._answer = combine(self._answer, answer)
        return Identified(is_enough(self._answer))

    def _is_new_card(self, answer: Identification) -> bool:
        """Hands-free: tell the feeder what its card was, and whether it is one to be logged."""
        lying, self._lying_at_restart = self._lying_at_restart, ""
        if answer.view is View.NOTHING:
            self._machine.feeder.saw_nothing()
            return False
        if answer.view is View.SEVERAL:
            return False  # a card is being exchanged; the next stillness shows one
        if not self._machine.feeder.saw_card(answer):
            return False
        # After a power cut the card in view may be the last one logged, still lying there.
        return not lying or answer.printing is None or answer.printing.card_id != lying

    def _commit(self) -> Event:
        assert self._frame is not None
        assert self._answer is not None
        machine = self._machine
        began_s = time.perf_counter()
        scan = self._desk.commit(
            self._answer, self._frame.captured_mono_ns, counted=machine.feeder.has_bay_sensor
        )
        self._card_ms += (time.perf_counter() - began_s) * 1000
        if machine.on_scan is not None:
            machine.on_scan(scan, self._card_ms)
        return Committed()

    def _try_camera(self) -> Event | None:
        try:
            self._machine.camera.start()
            self._machine.camera.capture()
        except CameraError as error:
            log.debug("%s", error)
            return None
        return CameraBack()

    def _is_idle(self) -> bool:
        return self.state.phase not in AT_WORK and self.state.phase is not Phase.CAMERA_LOST

    def _until_tick_s(self) -> float:
        if self.state.phase is not Phase.SETTLING:
            return TICK_S
        rested_s = self._machine.clock.now_s() - self.state.since_mono_s
        # A millisecond more, so that rounding never makes the rest last one more turn.
        return max(0.0, self.state.limits.settle_s - rested_s) + 0.001

    def _bay(self) -> Bay:
        feeder = self._machine.feeder
        return self._desk.bay(feeder.card_seated) if feeder.has_bay_sensor else Bay.EMPTY

    def go_on_with_open_batch(self) -> None:
        """Take up the batch that the last run of the process left open, if there is one."""
        found = self._desk.find_open_batch()
        if found is None:
            return
        if not found.paused:
            self._desk.announce("resumed", "The feed process was restarted.")
        self._lying_at_restart = found.last_card_id
        log.info("going on with batch %r at card %d", found.name, found.logged + 1)
        self.handle(Start(self._bay(), found.expected, found.logged, found.paused))

    def _obey_commands(self) -> None:
        for command in self._desk.commands():
            try:
                outcome = self._obey(command)
            except StoreFullError as error:
                outcome = str(error)
            self._desk.answer(command, outcome)

    def _obey(self, command: PageCommand) -> str:
        before = self.state
        if command.kind == "start" and before.phase in (Phase.IDLE, Phase.FINISHED):
            expected = expected_cards(command.argument)
            if self._machine.before_batch is not None:
                expected = self._machine.before_batch(expected)
            self._desk.begin_batch(command.argument, expected)
            self.handle(Start(self._bay(), expected))
        elif command.kind == "resume":
            self.handle(Resume(self._bay()))
        elif command.event is not None:
            self.handle(command.event)
        if self.state == before:
            return f"The machine can't {command.kind} while it is {before.phase.value}."
        return "done"
