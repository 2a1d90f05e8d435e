"""The machine's one decision: `step(state, event, now) -> (state, actions)`. Pure.

A card's way: feeding → settling → capturing → recognising → committing → routing → ejecting, and
the next one. With `early_look` a first look is taken while the card still settles, and the rest is
waited for only where that look was not enough.
Two promises hold from every state: an emergency stop makes the machine safe at once, and a card
is let go only when its scan is on disk (`Bay.LOGGED`).
"""

from __future__ import annotations

from dataclasses import replace

from firmware.events import (
    Action,
    Aim,
    Aimed,
    Announce,
    Bay,
    BinEmptied,
    BinFilled,
    CameraBack,
    CameraFailed,
    Capture,
    CardEntered,
    CardLeft,
    CardPassed,
    CardSeated,
    CardSlipped,
    Commit,
    Committed,
    DiskFilled,
    DoorClosed,
    DoorOpened,
    Eject,
    EmergencyPressed,
    EmergencyReleased,
    EndBatch,
    Event,
    Feed,
    FrameTaken,
    HopperRanOut,
    Identified,
    Identify,
    MakeSafe,
    NothingThere,
    Pause,
    RecordEjected,
    Resume,
    SorterFailed,
    Stage,
    Start,
    Stop,
    Tick,
    TryCamera,
    TwoCards,
)
from firmware.faults import what_to_do
from firmware.phases import AT_WORK, WAITS_FOR_RESUME, Phase, State, Wish

Step = tuple[State, tuple[Action, ...]]


def step(state: State, event: Event, now_mono_s: float) -> Step:
    """Decide what follows from one event; never raises, and ignores what does not apply."""
    halted = state.phase in (Phase.EMERGENCY_STOP, Phase.DOOR_OPEN)
    match event:
        case EmergencyPressed():
            if state.phase is Phase.EMERGENCY_STOP:
                return state, (MakeSafe(),)
            return _fault(state, Phase.EMERGENCY_STOP, now_mono_s)
        case DoorOpened():
            opened = replace(state, door_open=True)
            return (
                (opened, (MakeSafe(),)) if halted else _fault(opened, Phase.DOOR_OPEN, now_mono_s)
            )
        case DoorClosed():
            closed = replace(state, door_open=False)
            return _rest(closed, now_mono_s) if state.phase is Phase.DOOR_OPEN else (closed, ())
        case EmergencyReleased() if state.phase is Phase.EMERGENCY_STOP:
            if state.door_open:
                return _fault(state, Phase.DOOR_OPEN, now_mono_s)
            return _rest(state, now_mono_s)
        case _ if halted:
            return state, ()
        case BinEmptied() if state.phase is Phase.BIN_FULL:
            emptied, actions = go_on(replace(state, told=None), now_mono_s)
            return emptied, (Announce("resumed", "The bin has room again."), *actions)
        case Start() if not state.running:
            return _start(state, event, now_mono_s)
        case Pause() if state.phase in AT_WORK:
            said = state.said if state.wish is Wish.PAUSE else event.said
            return _between_cards(replace(state, wish=Wish.PAUSE, said=said), now_mono_s)
        case Stop() if state.phase in AT_WORK:
            return _between_cards(replace(state, wish=Wish.STOP), now_mono_s)
        case Stop() if state.running:
            return _end(state, _how_it_ends(state), now_mono_s)
        case Resume() if state.phase in WAITS_FOR_RESUME:
            woken = replace(state, bay=event.bay, bin=event.bin, wish=Wish.NONE, told=None)
            woken, actions = go_on(woken, now_mono_s)
            return woken, (Announce("resumed"), *actions)
        case Resume() if state.phase in AT_WORK and state.wish is Wish.PAUSE:
            return replace(state, wish=Wish.NONE), ()
        case DiskFilled() if state.running or state.phase is Phase.FINISHED:
            return _disk_full(state, now_mono_s)
        case CameraFailed() if state.phase in AT_WORK:
            return _fault(state, Phase.CAMERA_LOST, now_mono_s, event.detail)
    return _way_of_the_card(state, event, now_mono_s)


def go_on(state: State, now_mono_s: float) -> Step:
    """Choose the next movement from what lies in the bay and what the clerk wished."""
    if state.bay is Bay.UNLOGGED:
        settling = _enter(replace(state, frames=0, bin=0), Phase.SETTLING, now_mono_s)
        if not state.limits.early_look:
            return settling, ()
        # The time of settling goes on counting from here: only the phase changes.
        return replace(settling, phase=Phase.CAPTURING), (Capture(),)
    if state.bay is Bay.LOGGED:
        return _enter(state, Phase.ROUTING, now_mono_s), (Aim(),)
    if state.expected and state.logged >= state.expected:
        return _end(state, "finished", now_mono_s)
    if state.wish is Wish.STOP:
        return _end(state, "stopped", now_mono_s)
    if state.wish is Wish.PAUSE:
        return _rest(state, now_mono_s)
    beginning = replace(state, entered=False, passed=False, bin=0)
    return _enter(beginning, Phase.FEEDING, now_mono_s), (Feed(),)


def _way_of_the_card(state: State, event: Event, now: float) -> Step:
    waited_s = now - state.since_mono_s
    match state.phase, event:
        case Phase.FEEDING, _:
            return _on_its_way_in(state, event, now, waited_s)
        case ((Phase.SETTLING | Phase.CAPTURING | Phase.RECOGNISING), TwoCards()):
            return _fault(state, Phase.DOUBLE_FEED, now)
        case ((Phase.SETTLING | Phase.CAPTURING | Phase.RECOGNISING), CardSlipped()):
            return _fault(state, Phase.MIS_SEAT, now)
        case Phase.SETTLING, Tick() if waited_s >= state.limits.settle_s:
            return _enter(replace(state, frames=1), Phase.CAPTURING, now), (Capture(),)
        case Phase.CAPTURING, FrameTaken():
            recognising = replace(state, phase=Phase.RECOGNISING)
            return recognising, (Stage(), Identify()) if _next_is_wanted(state) else (Identify(),)
        case Phase.RECOGNISING, Identified():
            return _look_again_or_commit(state, event.enough, now, waited_s)
        case Phase.RECOGNISING, NothingThere():
            return go_on(replace(state, bay=Bay.EMPTY), now)
        case Phase.COMMITTING, Committed():
            logged = replace(
                state, bay=Bay.LOGGED, bin=event.bin, logged=state.logged + event.cards, told=None
            )
            recovered = state.told is Phase.DISK_FULL
            logged, actions = go_on(logged, now)
            news = (Announce("resumed", "There is space on the disk again."),) if recovered else ()
            return logged, (*news, *actions)
        case ((Phase.ROUTING | Phase.EJECTING), _):
            return _on_its_way_out(state, event, now, waited_s)
        case Phase.CAMERA_LOST, Tick() if waited_s >= state.limits.retry_s:
            return _enter(state, Phase.CAMERA_LOST, now), (TryCamera(),)
        case Phase.CAMERA_LOST, CameraBack():
            state, actions = go_on(state, now)
            return state, (Announce("resumed", "The camera is back."), *actions)
        case Phase.DISK_FULL, Tick() if waited_s >= state.limits.retry_s:
            return go_on(state, now)
    return state, ()


def _next_is_wanted(state: State) -> bool:
    """Whether the next card may be brought to the entry while this one is recognised."""
    more = not state.expected or state.logged + 1 < state.expected
    return state.limits.stage_next and state.frames <= 1 and state.wish is Wish.NONE and more


def _on_its_way_in(state: State, event: Event, now: float, waited_s: float) -> Step:
    match event:
        case CardEntered():
            return replace(_enter(state, Phase.FEEDING, now), entered=True), ()
        case CardPassed() if state.entered:
            return replace(_enter(state, Phase.FEEDING, now), passed=True), ()
        case TwoCards():
            return _fault(state, Phase.DOUBLE_FEED, now)
        case CardSeated():
            return go_on(replace(state, bay=Bay.UNLOGGED), now)
        case HopperRanOut() if not state.entered:
            return _hopper_empty(state, now)
        case Tick():
            return _feeding_takes_long(state, now, waited_s)
    return state, ()


def _look_again_or_commit(state: State, enough: bool, now: float, waited_s: float) -> Step:
    if enough or state.frames >= state.limits.max_frames:
        return _enter(state, Phase.COMMITTING, now), (Commit(),)
    if state.frames == 0 and waited_s < state.limits.settle_s:
        return replace(state, phase=Phase.SETTLING), ()
    again = replace(state, frames=state.frames + 1)
    return _enter(again, Phase.CAPTURING, now), (Capture(),)


def _on_its_way_out(state: State, event: Event, now: float, waited_s: float) -> Step:
    match state.phase, event:
        case Phase.ROUTING, Aimed() if state.bay is Bay.LOGGED:
            return _enter(state, Phase.EJECTING, now), (Eject(),)
        case Phase.ROUTING, BinFilled():
            return _fault(state, Phase.BIN_FULL, now)
        case Phase.ROUTING, SorterFailed():
            return _fault(state, Phase.SORTER_STUCK, now, event.detail)
        case Phase.EJECTING, CardLeft():
            state, actions = go_on(replace(state, bay=Bay.EMPTY), now)
            # Feeding the next card writes that this one has gone, in the same breath.
            return state, actions if Feed() in actions else (RecordEjected(), *actions)
        case Phase.EJECTING, Tick() if waited_s >= state.limits.jam_timeout_s:
            return _fault(state, Phase.JAM, now)
    return state, ()


def _start(state: State, event: Start, now: float) -> Step:
    begun = State(
        since_mono_s=now,
        bay=event.bay,
        running=True,
        expected=event.expected,
        logged=event.logged,
        bin=event.bin,
        door_open=state.door_open,
        limits=state.limits,
    )
    return _rest(begun, now) if event.paused else go_on(begun, now)


def _between_cards(state: State, now: float) -> Step:
    """Obey a wish at once when the machine only waits for a hand, else after this card."""
    if state.phase is Phase.FEEDING and state.limits.feed_timeout_s is None:
        safe, actions = go_on(state, now)
        return safe, (MakeSafe(), *actions)
    return state, ()


def _feeding_takes_long(state: State, now: float, waited_s: float) -> Step:
    if state.entered and waited_s >= state.limits.jam_timeout_s:
        return _fault(state, Phase.MIS_SEAT if state.passed else Phase.JAM, now)
    timeout_s = state.limits.feed_timeout_s
    if state.entered or timeout_s is None or waited_s < timeout_s:
        return state, ()
    if state.limits.has_hopper_sensor:
        return _fault(state, Phase.JAM, now)
    return _hopper_empty(state, now)


def _hopper_empty(state: State, now: float) -> Step:
    if state.wish is Wish.STOP:
        return _end(state, _how_it_ends(state), now)
    return _fault(state, Phase.HOPPER_EMPTY, now)


def _disk_full(state: State, now: float) -> Step:
    """Hold everything; a batch that could not even be closed is closed when there is space."""
    wish = Wish.STOP if state.phase is Phase.FINISHED else state.wish
    return _fault(replace(state, running=True, wish=wish), Phase.DISK_FULL, now)


def _fault(state: State, phase: Phase, now: float, detail: str = "") -> Step:
    sentence = what_to_do(phase, state)
    if detail:
        sentence = f"{sentence} ({detail})"
    news = () if state.told is phase else (Announce(phase.value, sentence),)
    return replace(_enter(state, phase, now), told=phase), (MakeSafe(), *news)


def _rest(state: State, now: float) -> Step:
    if not state.running:
        return _enter(replace(state, told=None), Phase.IDLE, now), (MakeSafe(),)
    resting = _enter(replace(state, wish=Wish.NONE, told=None), Phase.PAUSED, now)
    said = state.said if state.wish is Wish.PAUSE else ""
    return resting, (MakeSafe(), Announce("paused", said))


def _how_it_ends(state: State) -> str:
    done = state.expected and state.logged >= state.expected
    return "finished" if done or state.phase is Phase.HOPPER_EMPTY else "stopped"


def _end(state: State, kind: str, now: float) -> Step:
    ended = _enter(replace(state, running=False, wish=Wish.NONE, told=None), Phase.FINISHED, now)
    return ended, (MakeSafe(), EndBatch(kind))


def _enter(state: State, phase: Phase, now: float) -> State:
    return replace(state, phase=phase, since_mono_s=now)
