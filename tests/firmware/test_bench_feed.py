"""The feed benchmark counts what happens, and would say so if something went wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware import bench_feed_run
from firmware.bench_feed import is_right, text_of
from firmware.bench_feed_clerk import BY_PEOPLE, MECHANICAL, draw_faults
from firmware.bench_feed_parts import Look
from firmware.bench_feed_run import FeedRun, NumberRouter, Plan
from scanner.records import (
    CROP_HEIGHT_PX,
    CROP_WIDTH_PX,
    Candidate,
    Decision,
    Identification,
    Printing,
    View,
)

PLAN = Plan(
    cards=70, fault_share=0.25, mechanics_s=0.5, rest_s=0.15, bins=4, frame_s=0.03, slower=1.0,
    seed=3,
)  # fmt: skip
CROP = np.zeros((CROP_HEIGHT_PX, CROP_WIDTH_PX, 3), np.uint8)
ANSWER = Identification(
    Decision.ACCEPTED, (), View.CARD, Printing("a", "g", "A"),
    (Candidate(Printing("a", "g", "A"), 0.9),), cut_crop=lambda: CROP,
)  # fmt: skip
SURE = [Look(0.02, True, ANSWER)] * 3
UNSURE_AT_FIRST = [Look(0.02, False, ANSWER), *SURE[:2]]


def feed(folder: Path, plan: Plan = PLAN, sample: Any = (SURE, UNSURE_AT_FIRST)) -> dict[str, Any]:
    run = FeedRun(plan, sample, folder)
    try:
        return run.run(lambda _logged: None)
    finally:
        run.close()


@pytest.fixture(autouse=True)
def small_stacks_and_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_feed_run, "STACK_CARDS", 30)
    monkeypatch.setattr(bench_feed_run, "BIN_CAPACITY", 9)


def test_every_planned_fault_is_met_and_named_and_every_card_lies_in_its_bin(
    tmp_path: Path,
) -> None:
    figures = feed(tmp_path)
    assert is_right(figures), text_of(figures)
    planned = Counter(draw_faults(70, 0.25, 3).values())
    assert figures["faults_injected"] == dict(sorted(planned.items()))
    assert set(planned) == {*MECHANICAL, *BY_PEOPLE}
    met = Counter({name.split(" → ")[0]: n for name, n in figures["faults"].items()})
    assert met["hopper"] == 2
    assert met["bin"] >= 3
    assert {kind: met[kind] for kind in planned} == planned
    assert figures["looks_per_card"] == pytest.approx(1.5, abs=0.2)
    assert "lost 0" in text_of(figures)


def test_the_time_of_recognition_counts_where_nothing_overlaps(tmp_path: Path) -> None:
    quiet = replace(PLAN, cards=40, fault_share=0.0, early_look=False, stage_next=False)
    slow = [[replace(look, seconds=2.0) for look in SURE]]
    figures = feed(tmp_path, quiet, slow)
    # Two seconds of recognition, and at least the mechanism's own half second.
    assert figures["ms_per_card"] > 2400


def test_a_card_in_a_wrong_bin_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.simulated.wiring.SERVO_DEG_PER_S", 40.0)
    figures = feed(tmp_path, replace(PLAN, fault_share=0.0))
    assert figures["wrong_bin"] > 0
    assert not is_right(figures)


def test_a_card_that_is_scanned_twice_or_lost_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from firmware.simulated.mechanism import Mechanism

    def back_on_the_hopper(mechanism: Mechanism, _bin: int = 1) -> list[int]:
        return mechanism.clear_by_hand()

    monkeypatch.setattr(Mechanism, "bin_by_hand", back_on_the_hopper)
    figures = feed(tmp_path)
    assert figures["doubled"] > 0
    assert not is_right(figures)


def test_a_fault_with_another_name_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from firmware import states

    monkeypatch.setattr(
        states, "TwoCards", type("Unheard", (), {"__match_args__": ()}), raising=True
    )
    run = FeedRun(replace(PLAN, cards=40, fault_share=0.3), [SURE], tmp_path)
    monkeypatch.setattr(bench_feed_run, "MOST_TURNS_PER_CARD", 60)
    try:
        figures = run.run(lambda _logged: None)
    finally:
        run.close()
    assert not is_right(figures)


def test_the_router_of_the_bench_uses_every_bin() -> None:
    router = NumberRouter(16, 1)
    assert {router.bin_of(number) for number in range(400)} == set(range(1, 17))
