"""The feed loop: performs what `states.step` decides, one card after another.

One thread owns camera, recogniser and store. Sensors and the page only add events and commands;
between two cards the loop reads the command table. A card leaves the camera only after its scan is
on disk, and the motors are off whenever the loop is left, however it is left.
"""

from __future__ import annotations

import logging
import queue
from collections import deque
from contextlib import suppress

from firmware.chute import Chute
from firmware.clock import Inbox
from firmware.desk import Desk
from firmware.events import (
    Action,
    Aim,
    Announce,
    BinEmptied,
    ButtonHeld,
    ButtonPressed,
    CameraBack,
    CameraFailed,
    Capture,
    CardLeft,
    Commit,
    DiskFilled,
    Eject,
    EndBatch,
    Event,
    Feed,
    FrameTaken,
    Identified,
    Identify,
    MakeSafe,
    RecordEjected,
    Stage,
    Start,
    Tick,
    TryCamera,
)
from firmware.hand import CardInHand
from firmware.idle_view import show_pairing_code, show_the_table, watch_the_table
from firmware.machine import Machine
from firmware.orders import Orders
from firmware.phases import AT_WORK, Phase, State
from firmware.signals import SIGNALS
from firmware.states import step
from scanner.errors import CameraError, MachineError, StoreFullError

COMMAND_INTERVAL_S = 0.2
TICK_S = 0.2
FRAME_INTERVAL_S = 1 / 15
IDLE_FRAME_INTERVAL_S = 1.0

log = logging.getLogger(__name__)


class FeedLoop:
    """See the module. `run` returns after `end`; an error that needs a restart leaves it.

    `restarts` says that it ended because the page asked for a restart of the process.
    """

    def __init__(self, machine: Machine):
        self._machine = machine
        self._desk = Desk(
            machine.store,
            machine.driver,
            machine.router,
            has_bins=machine.gate is not None,
            on_batch=machine.on_batch,
        )
        self.inbox = Inbox()
        self.state = State(limits=machine.limits)
        self._hand = CardInHand(machine, self._desk)
        self._chute = Chute(machine, self._desk)
        self._orders = Orders(
            machine, self._desk, lambda: self.state, self.handle, self._look_after_bins
        )
        self._commands_at_s = 0.0
        self._idle_frame_at_s = 0.0
        self._ended = False
        self.restarts = False
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
            if machine.signals is not None:
                machine.signals.listen(self.inbox.put)
                machine.signals.show(SIGNALS[self.state.phase])
            if machine.watchdog is not None:
                machine.watchdog.start()
            if machine.alerts is not None:
                machine.alerts.start()
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
                if machine.alerts is not None:
                    machine.alerts.close()
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
            self._orders.obey_page()
            if self._orders.wants_restart:
                self.restarts = True
                self.end()
            self._look_after_bins()
        waiting_for_hand = self.state.phase is Phase.FEEDING and machine.feeder.wants_frames
        if waiting_for_hand:
            failed = watch_the_table(machine)
            if failed is not None:
                self.handle(failed)
        elif self._is_idle() and now_s - self._idle_frame_at_s >= IDLE_FRAME_INTERVAL_S:
            self._idle_frame_at_s = now_s
            show_the_table(machine)
            show_pairing_code(machine, self.state.phase)
        if self.state.phase is Phase.FEEDING:
            self._chute.wait_in_the_middle()
        wait_s = FRAME_INTERVAL_S if waiting_for_hand else self._until_tick_s()
        event = machine.clock.wait(self.inbox, wait_s) or self._time_passed()
        if isinstance(event, ButtonPressed | ButtonHeld):
            self._orders.obey_button(event)
        else:
            self.handle(event)

    def handle(self, event: Event) -> None:
        """Let one event have all its consequences.

        What the sensors tell while a card is being recognised counts before the answer does.
        """
        events = deque([event])
        while events:
            if isinstance(events[0], FrameTaken | Identified):
                self._hear_first(events)
            before = self.state
            event = events.popleft()
            now_s = self._machine.clock.now_s()
            if isinstance(event, CardLeft):
                self._chute.card_left()
            self.state, actions = step(before, event, now_s)
            if self.state.phase is not before.phase:
                self._tell_phase(before.phase)
            for action in actions:
                follows = self._perform_or_hold(action)
                if follows is not None:
                    events.append(follows)
                if isinstance(follows, DiskFilled | CameraFailed):
                    break
        if self._machine.preview is not None:
            phase = self.state.phase
            self._machine.preview.show_state("running" if phase in AT_WORK else phase.value)

    def _tell_phase(self, before: Phase) -> None:
        machine, phase = self._machine, self.state.phase
        log.debug("%s → %s", before, phase)
        if machine.signals is not None:
            machine.signals.show(SIGNALS[phase])
        if machine.on_phase is not None:
            machine.on_phase(phase)

    def _hear_first(self, events: deque[Event]) -> None:
        heard: list[Event] = []
        buttons: list[Event] = []
        with suppress(queue.Empty):
            while True:
                news = self.inbox.get_nowait()
                (buttons if isinstance(news, ButtonPressed | ButtonHeld) else heard).append(news)
        events.extendleft(reversed(heard))
        for pressed in buttons:
            self.inbox.put(pressed)

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
                self._hand.forget()
                # The roller turns while this is written; the card waits at the entry for it.
                machine.feeder.feed()
                if machine.feeder.has_bay_sensor:
                    self._desk.before_feeding()
                machine.feeder.permit()
            case Stage():
                machine.feeder.stage()
            case Aim():
                return self._chute.aim(self.state.bin)
            case Eject():
                machine.feeder.eject()
            case RecordEjected():
                if machine.feeder.has_bay_sensor:
                    self._desk.after_ejecting()
            case Capture():
                return self._hand.capture(self.state.frames)
            case Identify():
                return self._hand.identify(self.state.frames)
            case Commit():
                return self._hand.commit()
            case TryCamera():
                return self._try_camera()
            case Announce():
                log.info("%s. %s", action.kind, action.detail)
                self._desk.announce(action.kind, action.detail)
            case EndBatch():
                self._desk.end_batch(action.kind)
        return None

    def _time_passed(self) -> Event:
        news = self._chute.news(self.state.bin) if self.state.phase is Phase.ROUTING else None
        return news or Tick()

    def _look_after_bins(self) -> None:
        if self._chute.is_released(self.state):
            self.handle(BinEmptied())

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
        if self.state.phase is Phase.ROUTING:
            return self._chute.opens_in_s(TICK_S)
        if self.state.phase is Phase.FEEDING:
            return self._chute.clears_in_s(TICK_S)
        if self.state.phase is not Phase.SETTLING:
            return TICK_S
        rested_s = self._machine.clock.now_s() - self.state.since_mono_s
        # A millisecond more, so that rounding never makes the rest last one more turn.
        return max(0.0, self.state.limits.settle_s - rested_s) + 0.001

    def go_on_with_open_batch(self) -> None:
        """Take up the batch that the last run of the process left open, if there is one."""
        found = self._desk.find_open_batch()
        if found is None:
            return
        if not found.paused:
            self._desk.announce("resumed", "The feed process was restarted.")
        self._hand.lying_at_restart = found.last_card_ids
        log.info("going on with batch %r at card %d", found.name, found.logged + 1)
        bay = self._orders.bay()
        bin_number = self._orders.bin_of(bay)
        self.handle(Start(bay, found.expected, found.logged, found.paused, bin_number))
