"""The report of a recognition benchmark: what it counts, and that its page says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from firmware.bench_report import summarise
from firmware.bench_report_bars import bars
from scanner.records import Decision, View
from tests.firmware.bench_entries import (
    HOSTILE,
    PHOTO,
    REVIEWED,
    RIGHT,
    WRONG,
    answer,
    write_made_up,
)
from tests.webui.served import CHROMIUM, FLAGS, SIZES


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


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
    assert (decision["cards_alone"], decision["cards_with_a_twin"]) == (1, 1)


def test_the_folder_shows_the_wrong_ones_and_has_all_it_needs(tmp_path: Path) -> None:
    write_made_up(tmp_path, [RIGHT, WRONG, REVIEWED, PHOTO])
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Accepted, and wrong: 1" in page
    assert "Recognised, but left to a person: 1" in page
    assert "Name of B-2" in page
    assert "http" not in page.replace("http-equiv", "")
    twin = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [row["found"] for row in twin["rows"]] == ["A-1", "B-2", "A-1", "A-1"]
    assert twin["rows"][0]["worst_corner_percent"] == pytest.approx(0.3)


def test_a_card_s_name_is_data_and_never_markup(tmp_path: Path) -> None:
    hostile = replace(WRONG, name=HOSTILE, found_name=HOSTILE, title=HOSTILE, game=HOSTILE,
                      conditions=frozenset({HOSTILE}))  # fmt: skip
    write_made_up(tmp_path, [hostile, PHOTO])
    for name in ("index.html", "corners.html"):
        assert "<script>" not in (tmp_path / name).read_text(encoding="utf-8")


def test_a_report_without_any_scored_picture_still_opens(tmp_path: Path) -> None:
    write_made_up(tmp_path, [PHOTO])
    assert "not measured" in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.browser
@pytest.mark.parametrize("size", ["390", "1280"])
def test_the_pages_open_from_the_folder_and_fit_the_screen(
    tmp_path: Path, browser: Browser, size: str
) -> None:
    write_made_up(tmp_path, [RIGHT, WRONG, REVIEWED, PHOTO])
    page = browser.new_page(viewport=SIZES[size])
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    for name in ("index.html", "corners.html"):
        page.goto((tmp_path / name).as_uri())
        assert _overflow_px(page) <= 0
        assert _broken(page) == 0
    assert page.locator("polygon.found").count() == 4
    assert page.locator("polygon.true").count() == 3
    page.goto((tmp_path / "index.html").as_uri())
    assert page.locator("svg.chart").count() == 2
    assert page.locator("polyline.curve").bounding_box()
    assert page.get_by_text("Accepted, and wrong: 1").is_visible()
    assert complaints == []
    page.close()


def _overflow_px(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def _broken(page: Page) -> int:
    """Pictures that were asked for and did not come, once the lazy ones were brought in."""
    return int(
        page.evaluate(
            """async () => {
                const all = [...document.images];
                all.forEach((one) => { one.loading = "eager"; });
                await Promise.allSettled(all.map((one) => one.decode()));
                return all.filter((one) => !one.naturalWidth).length;
            }"""
        )
    )


def test_corner_closeups_stay_a_picture_when_the_corners_are_absurd() -> None:
    from firmware.bench_report_pictures import corner_closeups

    for corners in (np.zeros((4, 2), np.float32), np.full((4, 2), 1e9, np.float32)):
        assert corner_closeups(np.zeros((90, 160, 3), np.uint8), corners).shape == (240, 240, 3)
