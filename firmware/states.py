"""The machine's one decision: `step(state, event, now) -> (state, actions)`. Pure.

A card's way: feeding → settling → capturing → recognising → committing → ejecting → feeding.
Two promises hold from every state: an emergency stop makes the machine safe at once, and a card
is let go only when its scan is on disk (`Bay.LOGGED`).
"""

from __future__ import annotations

from dataclasses import replace

from firmware.events import (
    Action,
    Announce,
    Bay,
    BinEmptied,
    BinFilled,
    CameraBack,
    CameraFailed,
    Capture,
    CardEntered,
    CardLeft,
    CardSeated,
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
    Identified,
    Identify,
    MakeSafe,
    NothingThere,
    Pause,
    RecordEjected,
    Resume,
    Start,
    Stop,
    Tick,
    TryCamera,
    TwoCards,
)
from firmware.phases import AT_WORK, WAITS_FOR_RESUME, WHAT_TO_DO, Phase, State, Wish

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
        case BinFilled():
            return replace(state, bin_full=True), ()
        case BinEmptied():
            emptied = replace(state, bin_full=False)
            if state.phase is not Phase.BIN_FULL:
                return emptied, ()
            emptied, actions = go_on(replace(emptied, told=None), now_mono_s)
            return emptied, (Announce("resumed", "The bin has room again."), *actions)
        case Start() if not state.running:
            return _start(state, event, now_mono_s)
        case Pause() if state.phase in AT_WORK:
            return _between_cards(replace(state, wish=Wish.PAUSE), now_mono_s)
        case Stop() if state.phase in AT_WORK:
            return _between_cards(replace(state, wish=Wish.STOP), now_mono_s)
        case Stop() if state.running:
            return _end(state, _how_it_ends(state), now_mono_s)
        case Resume() if state.phase in WAITS_FOR_RESUME:
            woken = replace(state, bay=event.bay, wish=Wish.NONE, bin_full=False, told=None)
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
        return _enter(replace(state, frames=0), Phase.SETTLING, now_mono_s), ()
    if state.bay is Bay.LOGGED:
        if state.bin_full:
            return _fault(state, Phase.BIN_FULL, now_mono_s)
        return _enter(state, Phase.EJECTING, now_mono_s), (Eject(),)
    if state.expected and state.logged >= state.expected:
        return _end(state, "finished", now_mono_s)
    if state.wish is Wish.STOP:
        return _end(state, "stopped", now_mono_s)
    if state.wish is Wish.PAUSE:
        return _rest(state, now_mono_s)
    feeding = _enter(replace(state, entered=False), Phase.FEEDING, now_mono_s)
    return feeding, (Feed(),)


def _way_of_the_card(state: State, event: Event, now: float) -> Step:
    waited_s = now - state.since_mono_s
    match state.phase, event:
        case Phase.FEEDING, CardEntered():
            return replace(_enter(state, Phase.FEEDING, now), entered=True), ()
        case Phase.FEEDING, TwoCards():
            return _fault(state, Phase.DOUBLE_FEED, now)
        case Phase.FEEDING, CardSeated():
            return go_on(replace(state, bay=Bay.UNLOGGED), now)
        case Phase.FEEDING, Tick():
            return _feeding_takes_long(state, now, waited_s)
        case Phase.SETTLING, TwoCards():
            return _fault(state, Phase.DOUBLE_FEED, now)
        case Phase.SETTLING, Tick() if waited_s >= state.limits.settle_s:
            return _enter(replace(state, frames=1), Phase.CAPTURING, now), (Capture(),)
        case Phase.CAPTURING, FrameTaken():
            return _enter(state, Phase.RECOGNISING, now), (Identify(),)
        case Phase.RECOGNISING, Identified():
            if event.enough or state.frames >= state.limits.max_frames:
                return _enter(state, Phase.COMMITTING, now), (Commit(),)
            again = replace(state, frames=state.frames + 1)
            return _enter(again, Phase.CAPTURING, now), (Capture(),)
        case Phase.RECOGNISING, NothingThere():
            return go_on(replace(state, bay=Bay.EMPTY), now)
        case Phase.COMMITTING, Committed():
            logged = replace(state, bay=Bay.LOGGED, logged=state.logged + 1, told=None)
            recovered = state.told is Phase.DISK_FULL
            logged, actions = go_on(logged, now)
            news = (Announce("resumed", "There is space on the disk again."),) if recovered else ()
            return logged, (*news, *actions)
        case Phase.EJECTING, CardLeft():
            state, actions = go_on(replace(state, bay=Bay.EMPTY), now)
            return state, (RecordEjected(), *actions)
        case Phase.EJECTING, Tick() if waited_s >= state.limits.jam_timeout_s:
            return _fault(state, Phase.JAM, now)
        case Phase.CAMERA_LOST, Tick() if waited_s >= state.limits.retry_s:
            return _enter(state, Phase.CAMERA_LOST, now), (TryCamera(),)
        case Phase.CAMERA_LOST, CameraBack():
            state, actions = go_on(state, now)
            return state, (Announce("resumed", "The camera is back."), *actions)
        case Phase.DISK_FULL, Tick() if waited_s >= state.limits.retry_s:
            return go_on(state, now)
    return state, ()


def _start(state: State, event: Start, now: float) -> Step:
    begun = State(
        since_mono_s=now,
        bay=event.bay,
        running=True,
        expected=event.expected,
        logged=event.logged,
        bin_full=state.bin_full,
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
        return _fault(state, Phase.JAM, now)
    timeout_s = state.limits.feed_timeout_s
    if state.entered or timeout_s is None or waited_s < timeout_s:
        return state, ()
    if state.wish is Wish.STOP:
        return _end(state, _how_it_ends(state), now)
    return _fault(state, Phase.HOPPER_EMPTY, now)


def _disk_full(state: State, now: float) -> Step:
    """Hold everything; a batch that could not even be closed is closed when there is space."""
    wish = Wish.STOP if state.phase is Phase.FINISHED else state.wish
    return _fault(replace(state, running=True, wish=wish), Phase.DISK_FULL, now)


def _fault(state: State, phase: Phase, now: float, detail: str = "") -> Step:
    sentence = f"{WHAT_TO_DO[phase]} ({detail})" if detail else WHAT_TO_DO[phase]
    news = () if state.told is phase else (Announce(phase.value, sentence),)
    return replace(_enter(state, phase, now), told=phase), (MakeSafe(), *news)


def _rest(state: State, now: float) -> Step:
    if not state.running:
        return _enter(replace(state, told=None), Phase.IDLE, now), (MakeSafe(),)
    resting = _enter(replace(state, wish=Wish.NONE, told=None), Phase.PAUSED, now)
    return resting, (MakeSafe(), Announce("paused"))


def _how_it_ends(state: State) -> str:
    done = state.expected and state.logged >= state.expected
    return "finished" if done or state.phase is Phase.HOPPER_EMPTY else "stopped"


def _end(state: State, kind: str, now: float) -> Step:
    ended = _enter(replace(state, running=False, wish=Wish.NONE, told=None), Phase.FINISHED, now)
    return ended, (MakeSafe(), EndBatch(kind))


def _enter(state: State, phase: Phase, now: float) -> State:
    return replace(state, phase=phase, since_mono_s=now)
