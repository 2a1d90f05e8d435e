"""The report of a recognition benchmark: what it counts, and what it draws."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from firmware.bench_report import summarise
from firmware.bench_report_bars import bars
from firmware.bench_report_charts import accept_chart, reliability_chart
from scanner.records import Decision, View
from tests.firmware.bench_entries import (
    REVIEWED,
    RIGHT,
    WRONG,
    answer,
)


def test_name_artwork_and_printing_are_counted_apart() -> None:
    reprint = replace(RIGHT, right_printing=False)
    counted = summarise([RIGHT, reprint, WRONG, REVIEWED])["all"]
    assert (counted["name"], counted["artwork"], counted["printing"]) == (0.75, 0.75, 0.5)
    assert counted["accepted"] == 3
    assert counted["wrong_accepted"] == 2
    assert counted["wrong_accepted_artwork"] == 1
    assert counted["hash_artwork"] == 1
    assert counted["orb_artwork"] == 0


def test_a_picture_counts_in_each_of_its_conditions() -> None:
    both = replace(RIGHT, conditions=frozenset({"foil", "sleeve"}))
    conditions = summarise([RIGHT, WRONG, both])["conditions"]
    assert {word: row["cards"] for word, row in conditions.items()} == {"foil": 2, "sleeve": 2}
    assert conditions["foil"]["artwork"] == 0.5


def test_a_finish_that_is_left_open_is_neither_right_nor_wrong() -> None:
    told = replace(RIGHT, finish="normal")
    mistaken = replace(RIGHT, finish="foil")
    untold = replace(RIGHT, true_finish="")
    finish = summarise([RIGHT, told, mistaken, untold])["finish"]
    assert (finish["measured"], finish["told"], finish["right"], finish["wrong"]) == (3, 2, 1, 1)
    assert finish["confusion"] == {"normal": {"unknown": 1, "normal": 1, "foil": 1}}
    assert summarise([untold])["language"]["measured"] == 0


def test_what_may_not_be_named_is_never_a_card_and_spoils_its_bar_when_accepted() -> None:
    back = replace(RIGHT, expects="back", right_artwork=None, right_printing=None, yardsticks={},
                   answer=replace(answer(Decision.UNKNOWN), view=View.BACK))  # fmt: skip
    taken = replace(back, answer=answer())
    summary = summarise([RIGHT, back, taken])
    assert summary["all"]["cards"] == 1
    assert summary["open_set"]["back"]["accepted"] == 1
    missed = [bar.what for bar in bars(summary, "moderate") if not bar.met]
    assert "not in the catalog, backs, junk: accepted" in missed


def test_the_curve_runs_over_the_chance_where_there_is_one() -> None:
    sure = replace(RIGHT, answer=replace(answer(), probability=0.999))
    unsure = replace(WRONG, answer=replace(answer(card_id="B-2"), probability=0.2))
    decision = summarise([sure, unsure])["decision"]
    assert decision["calibrated"]
    assert decision["curve"][0] == pytest.approx([0.999, 0.5, 0.0])
    assert decision["accepted_share_at_stated"] == 0.5
    assert not summarise([RIGHT, WRONG])["decision"]["calibrated"]


def test_a_card_that_shares_its_picture_is_counted_apart() -> None:
    sure = replace(RIGHT, answer=replace(answer(), probability=0.999))
    twin = replace(WRONG, answer=replace(answer(card_id="B-2"), probability=0.5), has_twin=True)
    decision = summarise([sure, twin])["decision"]
    assert decision["accepted_share_at_stated"] == 1.0
    assert [point[1:] for point in decision["curve_alone"]] == [[1.0, 0.0]]
    assert [point[1:] for point in decision["curve"]] == [[0.5, 0.0], [1.0, 0.5]]
    assert (decision["cards_alone"], decision["cards_with_a_twin"]) == (1, 1)


def test_what_states_no_chance_is_left_out_of_the_reliability() -> None:
    sure = replace(RIGHT, answer=replace(answer(), probability=0.9))
    back = replace(RIGHT, expects="back", right_artwork=None, right_printing=None, yardsticks={},
                   answer=replace(answer(Decision.UNKNOWN), view=View.BACK), score=0.6)  # fmt: skip
    decision = summarise([sure, back])["decision"]
    assert decision["chances_stated"] == 1
    assert sum(one["count"] for one in decision["bins"]) == 1
    assert decision["calibration_error"] == pytest.approx(0.1)
    assert decision["curve"][-1] == pytest.approx([0.0, 1.0, 0.5])


@pytest.mark.parametrize(
    ("worst", "rungs"),
    [
        (0.0, ["0%", "0.1%", "0.2%", "0.3%", "0.4%", "0.5%"]),
        (0.013, ["0%", "0.5%", "1%", "1.5%", "2%"]),
        (0.4, ["0%", "1%", "2%", "3%", "4%", "5%"]),
    ],
)
def test_the_curves_stand_between_round_rungs(worst: float, rungs: list[str]) -> None:
    curve = [[0.9, 0.5, 0.0], [0.5, 1.0, worst]]
    chart = str(accept_chart({"curve": curve, "curve_alone": curve, "stated_error_rate": 0.001}))
    assert re.findall(r'class="rung"[^>]*>([^<]+)<', chart) == rungs


def test_a_bin_of_which_nothing_was_right_has_a_bar_and_its_count_above_it() -> None:
    bins = [{"low": 0.5, "high": 0.6, "count": 2, "said": 0.55, "right": 0.0}]
    chart = str(reliability_chart({"calibrated": True, "bins": bins}))
    bar = re.search(r'class="bin"[^>]* y="([0-9.]+)"[^>]* height="([0-9.]+)"', chart)
    count = re.search(r'class="count"[^>]* y="([0-9.]+)">2<', chart)
    assert bar is not None
    assert count is not None
    assert float(bar[2]) >= 4
    assert float(count[1]) < float(bar[1])


def test_corner_closeups_stay_a_picture_when_the_corners_are_absurd() -> None:
    from firmware.bench_report_pictures import corner_closeups

    for corners in (np.zeros((4, 2), np.float32), np.full((4, 2), 1e9, np.float32)):
        assert corner_closeups(np.zeros((90, 160, 3), np.uint8), corners, 120).shape == (
            240,
            240,
            3,
        )
