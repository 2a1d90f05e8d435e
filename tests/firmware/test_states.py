"""The machine's decisions, from every state and for every event."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from firmware import events
from firmware.events import (
    Aim,
    Aimed,
    Announce,
    Bay,
    BinEmptied,
    BinFilled,
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
    Resume,
    SorterFailed,
    Stage,
    Start,
    Stop,
    Tick,
    TwoCards,
)
from firmware.faults import FAULTS, what_to_do
from firmware.phases import AT_WORK, Limits, Phase, State, Wish
from firmware.states import step

PLAIN = [
    getattr(events, name)()
    for name in vars(events)
    if isinstance(getattr(events, name), type)
    and getattr(events, name) in Event.__args__
    and name not in ("Start", "Resume", "Identified")
]
EVENTS: list[Event] = [
    *PLAIN,
    Identified(True),
    Identified(False),
    *(Resume(bay) for bay in Bay),
    *(Start(bay, expected, 0, paused) for bay in Bay for expected in (0, 2) for paused in (0, 1)),
]
STATES = [
    State(
        phase=phase,
        bay=bay,
        wish=wish,
        running=running,
        entered=entered,
        bin=3 if bay is Bay.LOGGED else 0,
        passed=passed,
        expected=expected,
        logged=1,
        frames=1,
    )
    for phase, bay, wish, running, entered, passed, expected in itertools.product(
        Phase, Bay, Wish, (False, True), (False, True), (False, True), (0, 1)
    )
    if running or phase not in AT_WORK
    if phase is Phase.FEEDING or not (entered or passed)
]
STEPS = [
    (state, event, *step(state, event, now_s))
    for state, event, now_s in itertools.product(STATES, EVENTS, (0.0, 100.0))
]


def test_no_event_in_no_state_raises_and_every_fault_says_what_to_do() -> None:
    for _, _, after, actions in STEPS:
        assert isinstance(after, State)
        for action in actions:
            if isinstance(action, Announce) and action.kind in FAULTS:
                assert len(action.detail) > 20


def test_an_emergency_stop_is_safe_from_every_state() -> None:
    for state in STATES:
        after, actions = step(state, EmergencyPressed(), 1.0)
        assert after.phase is Phase.EMERGENCY_STOP
        assert actions[0] == MakeSafe()
        assert after.bay is state.bay


def test_nothing_moves_while_the_stop_is_pressed_or_the_door_is_open() -> None:
    for phase in (Phase.EMERGENCY_STOP, Phase.DOOR_OPEN):
        for state in STATES:
            for event in EVENTS:
                after, actions = step(replace(state, phase=phase, door_open=True), event, 100.0)
                assert not moves(actions), (phase, event)
                if not isinstance(event, EmergencyReleased | EmergencyPressed | DoorClosed):
                    assert after.phase is phase


def test_a_card_is_ejected_only_when_its_scan_is_on_disk() -> None:
    for state, event, after, actions in STEPS:
        if Eject() in actions:
            assert after.bay is Bay.LOGGED
            logged_before = state.bay is Bay.LOGGED or getattr(event, "bay", None) is Bay.LOGGED
            assert logged_before or isinstance(event, Committed)


def test_a_new_card_is_fed_only_into_an_empty_bay() -> None:
    for _, _, after, actions in STEPS:
        if Feed() in actions:
            assert after.bay is Bay.EMPTY


def test_whatever_stops_the_work_switches_the_motors_off() -> None:
    for state, event, after, actions in STEPS:
        if state.phase in AT_WORK and after.phase not in AT_WORK:
            assert MakeSafe() in actions, (state, event)


@pytest.mark.parametrize("seed", range(40))
def test_random_lives_never_eject_an_unlogged_card_and_can_always_be_stopped(seed: int) -> None:
    chance = random.Random(seed)
    state, now_s, committed, in_bay = State(), 0.0, 0, 0
    for _ in range(600):
        event = chance.choice(EVENTS)
        if isinstance(event, Start | Resume):
            bay = Bay.EMPTY if not in_bay else Bay.LOGGED if committed else Bay.UNLOGGED
            event = replace(event, bay=bay)
        if isinstance(event, CardSeated) and state.phase is Phase.FEEDING:
            in_bay, committed = 1, 0
        if isinstance(event, Committed) and state.phase is Phase.COMMITTING:
            committed = 1
        if isinstance(event, CardLeft) and state.phase is Phase.EJECTING:
            in_bay, committed = 0, 0
        if isinstance(event, NothingThere) and state.phase is Phase.RECOGNISING:
            in_bay = 0
        now_s += chance.choice([0.0, 0.1, 5.0])
        state, actions = step(state, event, now_s)
        if Eject() in actions:
            assert in_bay
            assert committed
    state, _ = step(state, EmergencyPressed(), now_s)
    for event in (DoorClosed(), EmergencyReleased(), Stop()):
        state, _ = step(state, event, now_s)
    assert not state.running


def test_a_card_goes_its_way() -> None:
    """From the hopper to the bin, one event after the other."""
    state = State(limits=Limits(settle_s=0.5))
    state, actions = step(state, Start(expected=1), 0.0)
    assert (state.phase, actions) == (Phase.FEEDING, (Feed(),))
    state, _ = step(state, CardEntered(), 0.1)
    state, _ = step(state, CardSeated(), 0.3)
    assert state.phase is Phase.SETTLING
    state, actions = step(state, Tick(), 0.5)
    assert actions == ()
    state, actions = step(state, Tick(), 0.8)
    assert state.phase is Phase.CAPTURING
    state, _ = step(state, FrameTaken(), 0.8)
    state, actions = step(state, Identified(), 0.8)
    assert actions == (Commit(),)
    state, actions = step(state, Committed(), 0.9)
    assert (state.phase, actions) == (Phase.ROUTING, (Aim(),))
    state, actions = step(state, Aimed(), 0.9)
    assert (state.phase, actions) == (Phase.EJECTING, (Eject(),))
    state, actions = step(state, CardLeft(), 1.1)
    assert state.phase is Phase.FINISHED
    assert EndBatch("finished") in actions


def test_an_unsure_answer_is_looked_at_again_but_not_for_ever() -> None:
    state = State(phase=Phase.RECOGNISING, bay=Bay.UNLOGGED, running=True, frames=1)
    state, _ = step(state, Identified(enough=False), 0.0)
    assert (state.phase, state.frames) == (Phase.CAPTURING, 2)
    state, _ = step(state, FrameTaken(), 0.0)
    state, actions = step(state, Identified(enough=False), 0.0)
    assert actions == (Commit(),)


def test_a_card_that_never_arrives_is_a_jam_and_one_that_never_starts_an_empty_hopper() -> None:
    feeding = State(phase=Phase.FEEDING, running=True)
    assert step(feeding, Tick(), 10.0)[0].phase is Phase.HOPPER_EMPTY
    assert step(replace(feeding, entered=True), Tick(), 10.0)[0].phase is Phase.JAM
    assert step(feeding, TwoCards(), 0.1)[0].phase is Phase.DOUBLE_FEED
    by_hand = replace(feeding, limits=Limits(feed_timeout_s=None))
    assert step(by_hand, Tick(), 1e6)[0].phase is Phase.FEEDING


def test_a_hand_that_is_waited_for_does_not_delay_pause_or_stop() -> None:
    waiting = State(phase=Phase.FEEDING, running=True, limits=Limits(feed_timeout_s=None))
    assert step(waiting, Pause(), 1.0)[0].phase is Phase.PAUSED
    assert step(waiting, Stop(), 1.0)[0].phase is Phase.FINISHED


def test_a_full_bin_holds_the_card_until_it_is_emptied() -> None:
    state = State(phase=Phase.COMMITTING, bay=Bay.UNLOGGED, running=True)
    state, actions = step(state, Committed(bin=3), 0.0)
    assert (state.phase, actions) == (Phase.ROUTING, (Aim(),))
    state, actions = step(state, BinFilled(), 0.0)
    assert state.phase is Phase.BIN_FULL
    assert not moves(actions)
    assert any(isinstance(one, Announce) and "Bin 3 is full" in one.detail for one in actions)
    state, actions = step(state, BinEmptied(), 0.0)
    assert state.phase is Phase.ROUTING
    assert step(state, Aimed(), 0.0)[1] == (Eject(),)


def test_a_diverter_that_does_not_arrive_holds_the_card() -> None:
    state = State(phase=Phase.ROUTING, bay=Bay.LOGGED, running=True, bin=2)
    state, actions = step(state, SorterFailed("no switch"), 0.0)
    assert state.phase is Phase.SORTER_STUCK
    assert not moves(actions)
    state, actions = step(state, Resume(Bay.LOGGED, 2), 0.0)
    assert (state.phase, actions[-1]) == (Phase.ROUTING, Aim())


def test_a_first_look_while_the_card_settles_saves_the_rest_when_it_is_enough() -> None:
    limits = Limits(settle_s=0.1, early_look=True)
    feeding = State(phase=Phase.FEEDING, running=True, entered=True, limits=limits)
    looking, actions = step(feeding, CardSeated(), 1.0)
    assert (looking.phase, actions) == (Phase.CAPTURING, (Capture(),))
    looking, actions = step(looking, FrameTaken(), 1.01)
    actions = step(looking, Identified(enough=True), 1.03)[1]
    assert actions == (Commit(),)
    unsure, actions = step(looking, Identified(enough=False), 1.03)
    assert (unsure.phase, actions) == (Phase.SETTLING, ())
    assert step(unsure, Tick(), 1.09)[1] == ()
    settled, actions = step(unsure, Tick(), 1.1)
    assert (settled.frames, actions) == (1, (Capture(),))


def test_the_next_card_is_staged_only_where_it_is_wanted() -> None:
    state = State(
        phase=Phase.CAPTURING, bay=Bay.UNLOGGED, running=True, limits=Limits(stage_next=True)
    )
    assert step(state, FrameTaken(), 0.0)[1] == (Stage(), Identify())
    for unwanted in (
        replace(state, wish=Wish.PAUSE),
        replace(state, wish=Wish.STOP),
        replace(state, expected=5, logged=4),
        replace(state, frames=2),
        replace(state, limits=Limits()),
    ):
        assert step(unwanted, FrameTaken(), 0.0)[1] == (Identify(),)


def test_faults_of_a_card_on_its_way_in_are_told_apart() -> None:
    feeding = State(phase=Phase.FEEDING, running=True)
    entered, _ = step(feeding, CardEntered(), 0.0)
    passed, _ = step(entered, CardPassed(), 0.1)
    assert step(entered, Tick(), 10.0)[0].phase is Phase.JAM
    assert step(passed, Tick(), 10.0)[0].phase is Phase.MIS_SEAT
    assert step(passed, TwoCards(), 0.2)[0].phase is Phase.DOUBLE_FEED
    assert step(feeding, HopperRanOut(), 0.0)[0].phase is Phase.HOPPER_EMPTY
    seen = replace(feeding, limits=Limits(has_hopper_sensor=True))
    assert step(seen, Tick(), 10.0)[0].phase is Phase.JAM
    settling = State(phase=Phase.SETTLING, bay=Bay.UNLOGGED, running=True)
    assert step(settling, CardSlipped(), 0.0)[0].phase is Phase.MIS_SEAT
    out = State(phase=Phase.EJECTING, bay=Bay.LOGGED, running=True, bin=4)
    jammed, actions = step(out, Tick(), 10.0)
    assert jammed.phase is Phase.JAM
    assert any(isinstance(one, Announce) and "bin 4" in one.detail for one in actions)


def test_what_a_clerk_reads_says_where_the_card_belongs() -> None:
    sentences = {
        what_to_do(fault, State(bay=bay, entered=entered, bin=0))
        for fault in FAULTS
        for bay in Bay
        for entered in (False, True)
    }
    assert len(sentences) == len(FAULTS) + 2
    assert all(len(sentence) > 30 for sentence in sentences)


def test_a_fault_that_persists_is_told_once() -> None:
    state = State(phase=Phase.CAPTURING, bay=Bay.UNLOGGED, running=True)
    told = 0
    for attempt in range(5):
        state, actions = step(state, DiskFilled(), attempt * 10.0)
        told += sum(isinstance(action, Announce) for action in actions)
        state, actions = step(state, Tick(), attempt * 10.0 + 5.0)
        assert state.phase is Phase.SETTLING
        told += sum(isinstance(action, Announce) for action in actions)
        state = replace(state, phase=Phase.COMMITTING)
    assert told == 1


def test_a_door_still_open_when_the_emergency_stop_is_released_keeps_the_machine_still() -> None:
    state = State(phase=Phase.FEEDING, running=True)
    state, _ = step(state, EmergencyPressed(), 0.0)
    state, _ = step(state, DoorOpened(), 0.0)
    state, _ = step(state, EmergencyReleased(), 0.0)
    assert state.phase is Phase.DOOR_OPEN
    assert step(state, DoorClosed(), 0.0)[0].phase is Phase.PAUSED


def test_a_camera_lost_while_nothing_is_scanned_is_no_fault() -> None:
    assert step(State(), CameraFailed(), 0.0)[0].phase is Phase.IDLE


def moves(actions: tuple[events.Action, ...]) -> bool:
    return any(isinstance(action, Feed | Eject) for action in actions)
