"""The pages of a recognition benchmark's report: what they say, and that they can be read."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader, TemplateSyntaxError, UndefinedError
from playwright.sync_api import Browser, Page, expect, sync_playwright

from firmware import bench_recognition, bench_report_page
from firmware.bench_by_eye import ByEye
from firmware.bench_corners import CornerError
from firmware.bench_report import summarise
from firmware.bench_report_page import ReportPages
from scanner.records import Decision
from tests.firmware.bench_entries import (
    CORNERS,
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
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def test_a_recognised_card_that_was_answered_unknown_is_not_said_to_be_in_review(
    tmp_path: Path,
) -> None:
    unknown = replace(REVIEWED, key="made-3", answer=answer(Decision.UNKNOWN))
    write_made_up(tmp_path, [REVIEWED, unknown])
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Recognised, but left to a person: 1" in page
    assert "Recognised, but answered unknown: 1" in page


def test_a_card_without_a_name_in_the_catalog_has_the_one_of_the_photos_table(
    tmp_path: Path,
) -> None:
    nameless = replace(REVIEWED, key="photo-0001", title="001.jpg", source="photo", name="A-1",
                       found_name="A-1")  # fmt: skip
    mistaken = replace(WRONG, card_id="B-2", name="Name of B-2", found="A-1", found_name="A-1")
    write_made_up(tmp_path, [nameless, mistaken], names={"001.jpg": "Dark Magician"})
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<h3>Dark Magician</h3>" in page
    assert page.count("taken for <b>Dark Magician</b> A-1") == 2
    rows = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["rows"]
    assert [row["truth_name"] for row in rows] == ["Dark Magician", "Name of B-2"]
    assert [row["found_name"] for row in rows] == ["Dark Magician"] * 2


def test_verdicts_stand_from_right_to_not_found_and_ask_for_what_is_left(tmp_path: Path) -> None:
    titles = {"000.jpg": "wrong", "001.jpg": "right", "002.jpg": "slightly off"}
    said = {title: ByEye(verdict, "", CORNERS) for title, verdict in titles.items()}
    photos = [replace(PHOTO, key=f"photo-{title}", title=title) for title in titles]
    write_made_up(tmp_path, photos, said)
    page = (tmp_path / "index.html").read_text(encoding="utf-8").replace("&nbsp;", " ")
    assert page.index(">1 right<") < page.index(">1 slightly off<") < page.index(">1 wrong<")
    assert "1.5% of the card" in page
    assert "fill in" not in page
    write_made_up(tmp_path, photos, {"000.jpg": said["000.jpg"]})
    assert "the 2 that are left" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_numbers_are_kept_when_a_page_can_t_be_made(tmp_path: Path) -> None:
    measured = [RIGHT]
    truncated = {key: value for key, value in summarise(measured).items() if key != "games"}
    with pytest.raises(UndefinedError):
        ReportPages().write(tmp_path, [], truncated, [], {"recognizers": []}, {})
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["pictures"] == 1


def test_a_damaged_page_is_found_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bench_style.css").write_text("", encoding="utf-8")
    (tmp_path / "bench_corners.js").write_text("", encoding="utf-8")
    (tmp_path / "bench_corners.html").write_text("", encoding="utf-8")
    (tmp_path / "bench_report.html").write_text("{% if %}", encoding="utf-8")
    monkeypatch.setattr(bench_report_page, "PackageLoader", lambda _: FileSystemLoader(tmp_path))
    monkeypatch.setattr(bench_recognition, "judge", lambda *_: pytest.fail("it was measured"))
    parser = argparse.ArgumentParser()
    bench_recognition.add_arguments(parser)
    with pytest.raises(TemplateSyntaxError):
        bench_recognition.run(parser.parse_args(["--report", str(tmp_path / "report")]))


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
        assert "<script>alert" not in (tmp_path / name).read_text(encoding="utf-8")


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
    expect(page.locator("polygon.found")).to_have_count(4)
    expect(page.locator("polygon.true")).to_have_count(3)
    page.goto((tmp_path / "index.html").as_uri())
    expect(page.locator("svg.chart")).to_have_count(2)
    expect(page.locator("polyline.curve")).to_have_count(2)
    assert page.locator("polyline.curve.alone").bounding_box()
    expect(page.get_by_text("Accepted, and wrong: 1")).to_be_visible()
    assert complaints == []
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("size", ["390", "1280"])
def test_the_worst_corners_come_first_large_enough_to_judge_and_can_be_filtered(
    tmp_path: Path, browser: Browser, size: str
) -> None:
    titles = {"000.jpg": "right", "001.jpg": "wrong"}
    said = {title: ByEye(verdict, "", CORNERS) for title, verdict in titles.items()}
    photos = [replace(PHOTO, key=f"photo-{title[:3]}", title=title) for title in titles]
    near = replace(RIGHT, key="made-8", title="near", corners=CornerError(0.01, 0.02))
    far = replace(RIGHT, key="made-9", title="far", corners=CornerError(0.02, 0.04))
    write_made_up(tmp_path, [*photos, RIGHT, near, far], said)
    page = browser.new_page(viewport=SIZES[size])
    page.goto((tmp_path / "corners.html").as_uri())
    order = [one.split()[0] for one in page.locator("article h3").all_inner_texts()]
    assert order == ["001.jpg", "000.jpg", "far", "near", "scene"]
    assert _broken(page) == 0
    close = page.locator("a.close img").first.bounding_box()
    assert close is not None
    # Each of the four shows a fifth of the card's width.
    assert close["width"] / 2 / 20 >= 7
    page.get_by_role("link", name="1 right").first.click()
    expect(page.locator("#photo-right h2")).to_be_visible()
    page.get_by_role("searchbox").fill("001.JPG")
    expect(page.locator("article:visible")).to_have_count(1)
    expect(page.get_by_text("1 of 5 shown")).to_be_visible()
    expect(page.locator("#photo-right")).to_be_hidden()
    page.get_by_role("link", name="1 right").first.click()
    expect(page.locator("#photo-right h2")).to_be_visible()
    page.locator("#photo-wrong a.close").click()
    expect(page).not_to_have_url(re.compile("html"))
    page.wait_for_function("document.images[0]?.naturalWidth === 800")
    page.close()


@pytest.mark.browser
def test_the_charts_can_be_read_on_a_phone_and_long_tables_say_that_they_go_on(
    tmp_path: Path, browser: Browser
) -> None:
    write_made_up(tmp_path, [RIGHT, WRONG, REVIEWED, PHOTO])
    page = browser.new_page(viewport=SIZES["390"])
    page.goto((tmp_path / "index.html").as_uri())
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('.chart text')].map((one) =>
            parseFloat(getComputedStyle(one).fontSize) * one.ownerSVGElement.getScreenCTM().a))"""
    )
    assert smallest >= 9.5
    hidden = page.evaluate(
        """() => [...document.querySelectorAll('.scroll')]
            .filter((one) => one.scrollWidth > one.clientWidth)
            .filter((one) => !one.previousElementSibling.matches('.hint:not([hidden])')).length"""
    )
    assert hidden == 0
    expect(page.locator(".hint:visible")).to_have_count(2)
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
