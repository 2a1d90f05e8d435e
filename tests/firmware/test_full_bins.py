"""Bins that are full and bins that were emptied, as their sensors tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.bin_watch import BinWatch
from firmware.phases import Phase
from tests.firmware.routers import ByNumber, in_bins

Make = Callable[..., Any]


@pytest.mark.parametrize("sensor_travels", [False, True])
def test_a_full_bin_holds_its_card_and_the_batch_goes_on_once_a_hand_is_out(
    make_bench: Make, sensor_travels: bool
) -> None:
    router = ByNumber(2)
    bench = make_bench(cards=9, bins=2, capacity=3, router=router, sensor_travels=sensor_travels)
    bench.ask("start", expected_cards=9)
    emptied: Counter[int] = Counter()
    taken: list[int] = []
    while True:
        bench.work_until(lambda: bench.loop.state.phase in (Phase.BIN_FULL, Phase.FINISHED))
        if bench.loop.state.phase is Phase.FINISHED:
            break
        number = bench.loop.state.bin
        told = bench.store.latest_events(1)[0]
        assert told.kind == "bin_full"
        assert told.detail.startswith(f"Bin {number} is full.")
        assert len(bench.mechanism.diverter.contents[number]) == 3
        assert not bench.mechanism.motors_on
        taken += bench.mechanism.diverter.empty(number)
        emptied[number] += 1
        bench.work_until(lambda: bench.loop.state.phase is not Phase.BIN_FULL)
    assert emptied == {1: 1, 2: 1}
    rest = in_bins(bench)
    assert sorted(taken + rest[1] + rest[2]) == list(range(9))
    assert sorted(router.bins_emptied) == [1, 2]
    assert bench.store.bin_contents() == {1: 2, 2: 1}
    assert bench.names() == bench.binned() == [f"card-{card}" for card in range(9)]


def test_a_bin_that_the_sensor_on_the_chute_no_longer_sees_was_not_emptied(
    make_bench: Make,
) -> None:
    router = ByNumber(2)
    bench = make_bench(cards=9, bins=2, capacity=3, router=router, sensor_travels=True)
    bench.ask("start", expected_cards=9)
    bench.work_until_phase(Phase.BIN_FULL)
    until_s = bench.clock.now_s() + 20.0
    bench.work_until(lambda: bench.clock.now_s() > until_s)
    assert bench.loop.state.phase is Phase.BIN_FULL, "nobody has emptied it"
    assert router.bins_emptied == []


def test_a_full_bin_that_the_chute_turns_away_from_was_not_emptied() -> None:
    sight = SimpleNamespace(
        full_bins=frozenset({4}), bins_in_sight=frozenset({4}), router=ByNumber(5)
    )
    emptied: list[int] = []
    desk = SimpleNamespace(
        fallen_up_to=lambda *, card_waits: 7,  # noqa: ARG005 - as the desk has it
        bin_emptied=lambda number, after_scan: emptied.append(number),  # noqa: ARG005
    )
    watch = BinWatch(sight, desk)  # type: ignore[arg-type]
    for at_s in (0.0, 5.0):
        watch.look(at_s)
    sight.full_bins, sight.bins_in_sight = frozenset(), frozenset({5})
    for at_s in (6.0, 20.0):
        watch.look(at_s)
    assert emptied == []
    sight.bins_in_sight = frozenset({4})
    for at_s in (21.0, 25.0):
        watch.look(at_s)
    assert emptied == [4]
