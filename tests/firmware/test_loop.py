"""One card after another: what the loop does with a stack, and with everything that goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from firmware.phases import Phase
from firmware.simulated.mechanism import Faults
from scanner.batches import BatchPlan
from scanner.errors import CameraError, MachineError, StoreFullError
from scanner.set_limit import NO_LIMIT, LimitInHand, SetLimit

Make = Callable[..., Any]


def test_a_stack_is_logged_in_order_and_every_card_leaves(make_bench: Make) -> None:
    bench = make_bench(cards=12)
    bench.ask("start", name="Box 1", expected_cards=12)
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == [f"card-{card}" for card in range(12)]
    assert bench.binned() == bench.names()
    assert bench.kinds() == ["started", "finished"]
    assert [scan.sequence for scan in bench.told] == list(range(1, 13))


def test_no_card_leaves_before_its_scan_is_on_disk(make_bench: Make, monkeypatch: Any) -> None:
    bench = make_bench(cards=5)
    eject = bench.feeder.eject
    logged_at_eject: list[int] = []

    def watched_eject() -> None:
        logged_at_eject.append(len(bench.names()))
        eject()

    monkeypatch.setattr(bench.feeder, "eject", watched_eject)
    bench.ask("start", expected_cards=5)
    bench.work_until_phase(Phase.FINISHED)
    assert logged_at_eject == [1, 2, 3, 4, 5]


def test_a_pause_is_obeyed_between_cards_and_resume_goes_on(make_bench: Make) -> None:
    bench = make_bench(cards=6)
    bench.ask("start", expected_cards=6)
    bench.work_until(lambda: len(bench.told) == 2)
    asked = bench.ask("pause")
    bench.work_until_phase(Phase.PAUSED)
    assert bench.binned() == bench.names()
    assert not bench.mechanism.motors_on
    assert bench.page.command_outcome(asked) == "done"
    bench.ask("resume")
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == [f"card-{card}" for card in range(6)]
    assert bench.kinds() == ["started", "paused", "resumed", "finished"]


def test_stop_ends_the_batch_after_the_card_in_hand(make_bench: Make) -> None:
    bench = make_bench(cards=6)
    bench.ask("start")
    bench.work_until(lambda: len(bench.told) == 3)
    bench.ask("stop")
    bench.work_until_phase(Phase.FINISHED)
    assert bench.binned() == bench.names()
    assert len(bench.names()) < 6
    assert bench.kinds()[-1] == "stopped"


def test_a_command_that_does_not_fit_is_answered_with_why(make_bench: Make) -> None:
    bench = make_bench(cards=3)
    asked = bench.ask("resume")
    bench.work_until(lambda: bench.page.command_outcome(asked) is not None)
    assert bench.page.command_outcome(asked) == "The machine can't resume while it is idle."


def test_an_empty_hopper_waits_for_more_cards(make_bench: Make) -> None:
    bench = make_bench(cards=2)
    bench.ask("start")
    bench.work_until_phase(Phase.HOPPER_EMPTY)
    assert not bench.mechanism.motors_on
    bench.mechanism.load([7, 8])
    bench.ask("resume")
    bench.work_until(lambda: len(bench.told) == 4)
    bench.work_until_phase(Phase.HOPPER_EMPTY)
    bench.ask("stop")
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == ["card-0", "card-1", "card-7", "card-8"]
    assert bench.kinds()[-1] == "finished"


def test_jams_and_double_feeds_cleared_by_hand_lose_and_double_nothing(make_bench: Make) -> None:
    bench = make_bench(cards=30, faults=Faults(jam=0.15, double_feed=0.15, seed=3))
    bench.ask("start", expected_cards=30)
    seen = set()
    for _ in range(200):
        bench.work_until(lambda: bench.loop.state.phase in HELP_NEEDED)
        phase = bench.loop.state.phase
        if phase is Phase.FINISHED:
            break
        seen.add(phase)
        assert not bench.mechanism.motors_on
        if bench.mechanism.card_in_view is not None and phase is Phase.JAM:
            bench.mechanism.bin_by_hand()
        else:
            bench.mechanism.clear_by_hand()
        bench.ask("resume")
        bench.work_until(lambda phase=phase: bench.loop.state.phase is not phase)
    assert bench.names() == [f"card-{card}" for card in range(30)]
    assert bench.binned() == bench.names()
    assert seen == {Phase.JAM, Phase.DOUBLE_FEED}


HELP_NEEDED = (Phase.JAM, Phase.DOUBLE_FEED, Phase.FINISHED)


def test_a_lost_camera_holds_the_card_and_the_batch_goes_on_when_it_is_back(
    make_bench: Make,
) -> None:
    bench = make_bench(cards=4)
    bench.ask("start", expected_cards=4)
    bench.work_until(lambda: len(bench.told) == 1)
    garbage = [None, np.zeros((3, 3), np.uint8), CameraError("unplugged"), CameraError("still")]
    bench.camera.faults.extend(garbage)
    bench.work_until_phase(Phase.CAMERA_LOST)
    assert not bench.mechanism.motors_on
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(4)]
    assert bench.kinds() == ["started", "camera_lost", "resumed", "finished"]
    assert "cable" in bench.store.latest_events(3)[-1].detail
    assert bench.camera.starts >= 3


def test_a_full_disk_holds_the_card_until_there_is_space(
    make_bench: Make, monkeypatch: Any
) -> None:
    bench = make_bench(cards=4)
    commit, full = bench.store.commit_scan, [False]

    def commit_or_fail(*args: Any, **keywords: Any) -> Any:
        if full[0]:
            raise StoreFullError("The disk is full.")
        return commit(*args, **keywords)

    monkeypatch.setattr(bench.store, "commit_scan", commit_or_fail)
    bench.ask("start", expected_cards=4)
    bench.work_until(lambda: len(bench.told) == 2)
    full[0] = True
    bench.work_until_phase(Phase.DISK_FULL)
    for _ in range(100):
        bench.loop.turn()
        assert not bench.mechanism.motors_on
        assert bench.mechanism.card_in_view == 2
    full[0] = False
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(4)]
    assert bench.kinds() == ["started", "disk_full", "resumed", "finished"]


def test_a_disk_that_fills_at_any_write_loses_and_doubles_nothing(
    make_bench: Make, monkeypatch: Any
) -> None:
    bench = make_bench(cards=10)
    rng = np.random.default_rng(5)
    for name in ("commit_scan", "add_movements", "add_event", "finish_command"):
        real = getattr(bench.store, name)

        def sometimes(*args: Any, real: Any = real, **keywords: Any) -> Any:
            if rng.random() < 0.4:
                raise StoreFullError("The disk is full.")
            return real(*args, **keywords)

        monkeypatch.setattr(bench.store, name, sometimes)
    while not bench.loop.state.running:
        bench.ask("start", expected_cards=10)
        for _ in range(10):
            bench.loop.turn()
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(10)]


def test_an_unsure_card_gets_a_second_look(make_bench: Make) -> None:
    bench = make_bench(cards=3)
    bench.recognizer.unsure = frozenset({1})
    bench.ask("start", expected_cards=3)
    bench.work_until_phase(Phase.FINISHED)
    assert bench.recognizer.seen == [0, 1, 1, 2]
    assert {scan.decision for scan in bench.told} == {"accepted"}


def test_an_open_door_stops_the_motors_at_once(make_bench: Make) -> None:
    bench = make_bench(cards=3)
    bench.ask("start", expected_cards=3)
    bench.work_until(lambda: bench.mechanism.motors_on)
    bench.pins.factory.pin(5).drive_wire(False)
    assert not bench.mechanism.motors_on, "the driver does not wait for the loop"
    bench.work_until_phase(Phase.DOOR_OPEN)
    bench.ask("resume")
    for _ in range(20):
        bench.loop.turn()
    assert bench.loop.state.phase is Phase.DOOR_OPEN
    assert not bench.mechanism.motors_on
    bench.pins.factory.pin(5).drive_wire(True)
    bench.work_until_phase(Phase.PAUSED)
    bench.ask("resume")
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(3)]


def test_an_emergency_stop_at_any_moment_is_safe_and_loses_nothing(make_bench: Make) -> None:
    bench = make_bench(cards=20)
    bench.ask("start", expected_cards=20)
    rng = np.random.default_rng(1)
    while bench.loop.state.phase is not Phase.FINISHED:
        for _ in range(int(rng.integers(1, 8))):
            bench.loop.turn()
        if bench.loop.state.phase is Phase.FINISHED:
            break
        bench.pins.factory.pin(6).drive_wire(False)
        assert not bench.mechanism.motors_on
        bench.work_until_phase(Phase.EMERGENCY_STOP)
        assert not bench.mechanism.motors_on
        bench.pins.factory.pin(6).drive_wire(True)
        bench.work_until_phase(Phase.PAUSED)
        bench.ask("resume")
        bench.work_until(lambda: bench.loop.state.phase is not Phase.PAUSED)
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(20)]


def test_motors_are_off_when_the_loop_is_left_by_an_error(make_bench: Make) -> None:
    bench = make_bench(cards=3)
    bench.ask("start", expected_cards=3)
    bench.work_until(lambda: bench.mechanism.motors_on)
    bench.loop.worker_died(ValueError("a thread died"))
    with pytest.raises(MachineError) as left:
        bench.loop.run()
    assert isinstance(left.value.__cause__, ValueError)
    assert not bench.mechanism.motors_on


def test_a_machine_without_a_camera_does_not_start(make_bench: Make, monkeypatch: Any) -> None:
    bench = make_bench(cards=1)

    def unplugged() -> None:
        raise CameraError("Check the cable.")

    monkeypatch.setattr(bench.camera, "start", unplugged)
    with pytest.raises(CameraError, match="cable"):
        bench.loop.run()
    assert not bench.mechanism.motors_on


def test_a_restart_goes_on_with_the_open_batch_and_a_fault_waits_for_a_person(
    make_bench: Make,
) -> None:
    bench = make_bench(cards=8)
    bench.ask("start", expected_cards=8)
    bench.work_until(lambda: len(bench.told) == 2)
    bench.restart()
    bench.work_until(lambda: len(bench.told) == 3)
    bench.ask("pause")
    bench.work_until_phase(Phase.PAUSED)
    bench.restart()
    assert bench.loop.state.phase is Phase.PAUSED
    bench.ask("resume")
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(8)]


def test_the_sets_that_a_batch_is_limited_to_are_known_without_asking_the_log_again(
    make_bench: Make,
) -> None:
    bench = make_bench(cards=3)
    limit = LimitInHand()
    bench.machine.on_batch = limit.take
    bench.restart()
    assert limit() == NO_LIMIT
    bench.ask("start", game="demo", sets="Dawn\n\nTide\nDawn")
    bench.work_until(lambda: len(bench.told) == 1)
    begun = SetLimit("demo", frozenset({"Dawn", "Tide"}))
    assert limit() == begun
    bench.store.create_batch("an upload", 0, "upload", plan=BatchPlan(upload_id=1))
    assert limit() == begun
    limit.take(None)
    bench.restart()
    assert limit() == begun, "a restart goes on with the batch and its limit"
    bench.ask("stop")
    bench.work_until_phase(Phase.FINISHED)
    assert limit() == NO_LIMIT


def test_a_restart_is_done_where_somebody_starts_the_process_again_and_answered_before(
    make_bench: Make,
) -> None:
    bench = make_bench(cards=6)
    asked = bench.ask("restart")
    bench.work_until(lambda: bench.page.command_outcome(asked) is not None)
    assert "start it where it was started" in bench.page.command_outcome(asked)
    assert not bench.loop.restarts
    bench.machine.is_kept_alive = True
    bench.ask("start", expected_cards=6)
    bench.work_until(lambda: len(bench.told) == 2)
    bench.ask("restart")
    bench.loop.run()
    assert bench.loop.restarts
    assert not bench.mechanism.motors_on
    bench.restart()
    bench.work_until_phase(Phase.FINISHED)
    assert not bench.loop.restarts, "it is not asked for twice"
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(6)]
