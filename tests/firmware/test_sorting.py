"""The card goes to the bin that is on disk with its scan, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware.phases import Limits, Phase
from firmware.simulated.mechanism import Faults
from scanner.inventory_rows import read_rows
from scanner.records import Decision, Identification, View
from scanner.routing import Mode, Routing
from tests.firmware.routers import Alternately, ByNumber, in_bins, right

Make = Callable[..., Any]


@pytest.mark.parametrize("bins", [2, 5, 16])
def test_every_card_falls_into_the_bin_that_the_router_chose(make_bench: Make, bins: int) -> None:
    router = ByNumber(bins)
    bench = make_bench(cards=40, bins=bins, router=router)
    bench.ask("start", expected_cards=40, mode="sort")
    bench.work_until_phase(Phase.FINISHED)
    assert in_bins(bench) == right(40, bins)
    assert bench.mechanism.diverter.between == 0
    batch = bench.store.latest_batch()
    assert batch.mode == "sort"
    assert router.begun == [(batch.id, Mode.SORT)]
    routes = bench.store.routes_of_batch(batch.id)
    assert list(routes.items()) == router.learned
    assert routes[1] == Routing(1, "by number", "Its number is 0.")


def test_a_slow_diverter_is_waited_for(make_bench: Make) -> None:
    bench = make_bench(cards=12, bins=6, router=ByNumber(6))
    bench.mechanism.diverter.bins_per_s = 4.0
    bench.machine.gate.sorter._s_per_degree = 1 / (4.0 * 135 / 5)
    bench.ask("start", expected_cards=12)
    bench.work_until_phase(Phase.FINISHED)
    assert in_bins(bench) == right(12, 6)
    assert bench.mechanism.diverter.between == 0


def test_a_batch_whose_mode_nobody_knows_is_not_begun(make_bench: Make) -> None:
    bench = make_bench(cards=1, bins=2)
    asked = bench.ask("start", mode="shred")
    bench.work_until(lambda: bench.page.command_outcome(asked) is not None)
    assert bench.page.command_outcome(asked) == (
        "There is no such mode; choose one of scan, sort, offer."
    )
    assert bench.store.latest_batch() is None


def test_without_a_diverter_a_sorting_batch_names_the_bin_for_the_hand(make_bench: Make) -> None:
    bench = make_bench(cards=3, router=ByNumber(3))
    bench.ask("start", expected_cards=3, mode="sort")
    bench.work_until_phase(Phase.FINISHED)
    batch = bench.store.latest_batch()
    assert [one.bin for one in bench.store.routes_of_batch(batch.id).values()] == [1, 2, 3]
    bench.ask("start", expected_cards=3, mode="offer")
    bench.mechanism.load([7])
    bench.work_until(lambda: len(bench.told) == 4)
    assert bench.store.routes_of_batch(bench.store.latest_batch().id) == {}


def test_the_diverter_waits_in_the_middle_while_the_next_card_is_recognised(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(cards=12, bins=9, router=Alternately(1, 9))
    monkeypatch.setattr(bench.machine.gate, "_lead_s", 0.15)
    stands: list[float] = []
    identify = bench.recognizer.identify

    def look(*pictures: Any) -> Identification:
        stands.append(bench.mechanism.diverter.target)
        return identify(*pictures)

    monkeypatch.setattr(bench.recognizer, "identify", look)
    bench.ask("start", expected_cards=12)
    bench.work_until_phase(Phase.FINISHED)
    assert stands[2:] == [5] * 10
    assert {n: len(cards) for n, cards in in_bins(bench).items()} == {1: 6, 9: 6}
    assert bench.mechanism.diverter.between == 0


def test_a_card_that_falls_past_a_sensor_fills_and_empties_no_bin(make_bench: Make) -> None:
    router = ByNumber(2)
    bench = make_bench(cards=20, bins=2, router=router)
    bench.ask("start", expected_cards=20)
    pin = bench.pins.factory.pin(0)
    for turn in range(400):
        pin.drive_wire(turn % 7 != 0)
        bench.loop.turn()
    assert router.bins_emptied == []


def test_a_diverter_that_fails_keeps_the_card_and_goes_on_when_freed(
    make_bench: Make, monkeypatch: Any
) -> None:
    from scanner.errors import SorterError

    bench = make_bench(cards=4, bins=2, router=ByNumber(2))
    bench.ask("start", expected_cards=4)
    bench.work_until(lambda: len(bench.told) == 2)

    def stuck() -> float:
        raise SorterError("The diverter does not find its switch at bin 1.")

    with monkeypatch.context() as broken:
        broken.setattr(bench.machine.gate.sorter, "remaining_s", stuck)
        bench.work_until_phase(Phase.SORTER_STUCK)
        assert "diverter" in bench.store.latest_events(1)[0].detail
        assert not bench.mechanism.motors_on
    bench.ask("resume")
    bench.work_until_phase(Phase.FINISHED)
    assert in_bins(bench) == right(4, 2)


@pytest.mark.parametrize("seed", range(6))
def test_every_mechanical_fault_is_named_and_no_card_is_lost_doubled_or_astray(
    make_bench: Make, seed: int
) -> None:
    faults = Faults(jam=0.08, double_feed=0.06, stuck_together=0.06, mis_seat=0.06, seed=seed)
    bench = make_bench(cards=60, bins=4, faults=faults, sensors=True, router=ByNumber(4))
    fates: list[str] = []
    bench.mechanism.picked = lambda _card, fate: fates.append(fate)
    bench.ask("start", expected_cards=60)
    named = {
        "jam_in": "jam",
        "jam_out": "jam",
        "mis_seat": "mis_seat",
        "double_feed": "double_feed",
        "stuck_together": "double_feed",
    }
    while True:
        bench.work_until(lambda: bench.loop.state.phase in HELP_NEEDED)
        phase = bench.loop.state.phase
        if phase is Phase.FINISHED:
            break
        assert named[fates[-1]] == phase.value
        assert not bench.mechanism.motors_on
        if phase is Phase.JAM and fates[-1] == "jam_out":
            assert "in the list" in bench.store.latest_events(1)[0].detail
            bench.mechanism.bin_by_hand(bench.loop.state.bin)
        else:
            assert "hopper" in bench.store.latest_events(1)[0].detail
            bench.mechanism.clear_by_hand()
        bench.ask("resume")
        bench.work_until(lambda phase=phase: bench.loop.state.phase is not phase)
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(60)]
    assert in_bins(bench) == right(60, 4)
    assert set(fates) >= {"jam_in", "jam_out", "mis_seat", "double_feed", "stuck_together"} or seed


HELP_NEEDED = (Phase.JAM, Phase.DOUBLE_FEED, Phase.MIS_SEAT, Phase.FINISHED)


def test_an_empty_hopper_is_told_at_once_by_its_sensor(make_bench: Make) -> None:
    limits = Limits(feed_timeout_s=60.0, has_hopper_sensor=True)
    bench = make_bench(cards=2, sensors=True, limits=limits)
    bench.ask("start")
    bench.work_until(lambda: len(bench.told) == 2)
    before_s = bench.clock.now_s()
    bench.work_until_phase(Phase.HOPPER_EMPTY)
    assert bench.clock.now_s() - before_s < 1.0
    bench.mechanism.load([5])
    bench.ask("resume")
    bench.work_until(lambda: len(bench.told) == 3)
    assert bench.names() == ["card-0", "card-1", "card-5"]


def test_a_restart_sends_the_waiting_card_to_the_bin_that_is_on_disk(make_bench: Make) -> None:
    bench = make_bench(cards=8, bins=4, router=ByNumber(4))
    bench.ask("start", expected_cards=8)
    restarts = 0
    while bench.loop.state.phase is not Phase.FINISHED:
        bench.loop.turn()
        if bench.loop.state.phase in (Phase.ROUTING, Phase.EJECTING, Phase.FEEDING):
            restarts += 1
            if restarts % 5 == 0:
                bench.restart()
    assert restarts > 10
    assert in_bins(bench) == right(8, 4)
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(8)]


def test_a_card_waits_at_the_entry_until_it_is_written_down(make_bench: Make) -> None:
    bench = make_bench(cards=2)
    news: list[object] = []
    bench.feeder.listen(news.append)
    bench.feeder.feed()
    bench.mechanism.advance(2.0)
    assert bench.mechanism.beams.entry
    assert not bench.mechanism.beams.seat
    assert not bench.mechanism.motors_on
    bench.feeder.permit()
    bench.mechanism.advance(2.0)
    assert bench.mechanism.beams.seat
    assert [type(one).__name__ for one in news] == ["CardEntered", "CardPassed", "CardSeated"]


def test_a_card_that_is_taken_while_it_is_looked_at_is_not_logged(make_bench: Make) -> None:
    bench = make_bench(cards=3)
    bench.ask("start", expected_cards=3)
    identify = bench.recognizer.identify

    def hand_comes(frame: Any, other: Any = None) -> Identification:
        answer = identify(frame, other)
        if len(bench.recognizer.seen) == 2:
            bench.mechanism.clear_by_hand()
        return answer

    bench.recognizer.identify = hand_comes
    bench.work_until_phase(Phase.MIS_SEAT)
    assert bench.names() == ["card-0"]
    bench.ask("resume")
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == bench.binned() == ["card-0", "card-1", "card-2"]


def test_a_person_says_on_the_page_that_a_bin_was_emptied(make_bench: Make) -> None:
    router = ByNumber(2)
    bench = make_bench(cards=6, bins=2, router=router)
    bench.ask("start", expected_cards=6)
    bench.work_until_phase(Phase.FINISHED)
    assert bench.store.bin_contents() == {1: 3, 2: 3}
    asked = bench.ask("bin_emptied", bin=2)
    wrong = bench.ask("bin_emptied", bin="every")
    bench.work_until(lambda: bench.page.command_outcome(wrong) is not None)
    assert bench.page.command_outcome(asked) == "done"
    assert "which bin" in bench.page.command_outcome(wrong)
    assert bench.store.bin_contents() == {1: 3}
    assert router.bins_emptied == [2]


def test_two_cards_that_only_the_picture_shows_are_a_double_feed_told_once(
    make_bench: Make,
) -> None:
    bench = make_bench(cards=3, bins=2, limits=Limits(early_look=True))
    identify, looks = bench.recognizer.identify, []

    def two_of_one(frame: Any, other: Any = None) -> Identification:
        answer = identify(frame, other)
        looks.append(answer.printing.card_id)
        if answer.printing.card_id != "card-1":
            return answer
        return Identification(Decision.UNKNOWN, ("Two cards.",), View.SEVERAL)

    bench.recognizer.identify = two_of_one
    bench.ask("start", expected_cards=3)
    bench.work_until_phase(Phase.DOUBLE_FEED)
    assert looks.count("card-1") == 3, "a first look, and two that count"
    assert bench.names() == ["card-0"]
    bench.mechanism.clear_by_hand()
    bench.ask("resume")
    bench.work_until_phase(Phase.FINISHED)
    # It was alone after all: one odd card, which a person looks at later.
    assert bench.names() == ["card-0", "", "card-2"]
    assert bench.binned() == ["card-0", "card-1", "card-2"]
    assert bench.kinds().count("double_feed") == 1


def test_an_upload_beside_the_machine_moves_no_bins_count(make_bench: Make) -> None:
    from scanner.batches import BatchPlan

    router = ByNumber(2)
    bench = make_bench(cards=9, bins=2, capacity=3, router=router)
    bench.ask("start", expected_cards=9)
    bench.work_until_phase(Phase.BIN_FULL)
    number = bench.loop.state.bin
    upload = bench.store.create_batch("upload", 0, "upload", plan=BatchPlan(upload_id=7))
    bench.store.commit_scan(
        upload.id, Identification(Decision.UNKNOWN, (), View.CARD), feed_key=None, driver="upload"
    )
    bench.mechanism.diverter.empty(number)
    bench.work_until(lambda: bench.loop.state.phase is not Phase.BIN_FULL)
    bench.work_until(lambda: number in router.bins_emptied)
    # The card that waited for the empty bin is its first.
    with bench.store.log_session() as session:
        rows = list(read_rows(session, list(bench.store.routes_of_batch(1))))
    waited = [row.position for row in rows if row.bin == number]
    assert waited[:4] == [1, 2, 3, 1]


def test_the_next_card_is_staged_at_the_entry_and_stays_there_until_it_is_fed(
    make_bench: Make,
) -> None:
    bench = make_bench(cards=3)
    news: list[object] = []
    bench.feeder.listen(news.append)
    bench.feeder.feed()
    bench.feeder.permit()
    bench.mechanism.advance(2.0)
    news.clear()
    bench.feeder.stage()
    bench.mechanism.advance(2.0)
    assert bench.mechanism.card_in_view == 0
    assert not bench.mechanism.beams.entry, "there is no room for it yet"
    bench.feeder.eject()
    bench.mechanism.advance(2.0)
    assert bench.mechanism.binned == [0]
    assert bench.mechanism.in_path == [1]
    assert not bench.mechanism.motors_on
    assert [type(one).__name__ for one in news] == ["CardLeft"]
    assert bench.mechanism.beams.entry
    assert not bench.feeder.card_seated
    bench.feeder.feed()
    bench.feeder.permit()
    bench.mechanism.advance(2.0)
    assert bench.mechanism.card_in_view == 1


def test_a_restart_with_a_staged_card_loses_and_doubles_nothing(make_bench: Make) -> None:
    limits = Limits(early_look=True, stage_next=True)
    bench = make_bench(cards=12, bins=3, limits=limits, router=ByNumber(3))
    bench.ask("start", expected_cards=12)
    feed, waited = bench.feeder.feed, []

    def watched_feed() -> None:
        waited.append(bench.mechanism.beams.entry)
        feed()

    bench.feeder.feed = watched_feed
    for turn in range(2000):
        bench.loop.turn()
        if bench.loop.state.phase is Phase.FINISHED:
            break
        if turn % 11 == 10:
            bench.restart()
    assert waited.count(True) > 3
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(12)]
    assert in_bins(bench) == right(12, 3)
