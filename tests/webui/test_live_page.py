"""What a clerk sees on the Live page, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from scanner.records import Decision
from tests.webui.accessible import is_accessible
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_committed_scan_appears_without_reload(
    shop: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    shop.keep_showing()
    shop.start(expected=12)
    for number in range(8):
        shop.scan(Decision.UNKNOWN if number == 4 else Decision.ACCEPTED)
    watched = look(serve().url, size, theme)
    page = watched.page
    expect(page.locator("#cards")).to_have_text("8 of 12 cards")

    shop.scan(Decision.REVIEW)

    expect(page.locator("#cards")).to_have_text("9 of 12 cards")
    assert page.locator("#progress").get_attribute("value") is not None
    assert page.locator("#progress").evaluate("bar => bar.value") == 0.75
    expect(page.locator("#left")).to_contain_text("left")
    expect(page.locator("#count-accepted")).to_have_text("7")
    expect(page.locator("#count-review")).to_have_text("1")
    expect(page.locator("#count-unknown")).to_have_text("1")
    card = page.locator("#last .card")
    expect(card).to_contain_text("Windmill Giant")
    expect(card).to_contain_text("Review")
    expect(card).to_contain_text("009/120")
    expect(card).to_contain_text("the number could not be read")
    expect(card.locator(".candidates li")).to_have_count(3)
    expect(card.locator(".candidate-score").first).to_have_text("match 86%")
    expect(card.locator(".verdict-score")).to_have_text("match 86%")
    expect(page.locator(".row-foot").first).to_contain_text("match 86%")
    expect(page.locator(".row").first).to_contain_text("Windmill Giant")
    expect(page.locator(".row")).to_have_count(9)
    expect(page.locator("#said")).to_have_text("Review: Windmill Giant, Dawn of Harbours · 009/120")
    expect(page.locator("#outline polygon")).to_have_attribute(
        "points", "0.4,0.14 0.63,0.16 0.61,0.88 0.38,0.85"
    )
    expect(page.locator("#stage-empty")).to_be_hidden()
    watched.picture(f"live-{size}-{theme}")
    watched.is_well()


def test_every_card_in_view_has_its_outline(shop: Shop, serve: Serve, look: Look) -> None:
    second = [(0.7, 0.1), (0.9, 0.1), (0.9, 0.8), (0.7, 0.8)]
    shop.keep_showing(others=[second, second[:3]])  # one that is no outline is left out
    page = look(serve().url).page
    outlines = page.locator("#outline polygon")
    expect(outlines).to_have_count(2)
    expect(outlines.nth(1)).to_have_attribute("points", "0.7,0.1 0.9,0.1 0.9,0.8 0.7,0.8")
    shop.fall_silent()
    expect(outlines).to_have_count(0)


def test_the_batch_is_one_tap_away(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing()
    page = look(serve().url, "390").page
    expect(page.locator("#batch-name")).to_have_text("No batch yet")
    expect(page.get_by_role("link", name="No batch yet")).to_have_count(0)
    shop.start("Attic finds")
    page.get_by_role("link", name="Attic finds").click()
    page.wait_for_url("**/batches/1")


def test_the_newest_card_is_large_and_an_older_one_can_be_looked_at(
    shop: Shop, serve: Serve, look: Look
) -> None:
    shop.keep_showing()
    shop.start()
    for _ in range(3):
        shop.scan()
    page = look(serve().url).page
    title = page.locator("#last-title")
    expect(title).to_have_text("Last card")

    page.keyboard.press("ArrowDown")
    expect(title).to_have_text("Card 2")
    expect(page.locator("#last .card-name")).to_have_text("The Lantern Keeper of Old Harbour")

    shop.scan()  # who looks at an older card keeps it while the batch goes on
    expect(page.locator(".row")).to_have_count(4)
    expect(title).to_have_text("Card 2")

    page.keyboard.press("Escape")
    expect(page.locator("#last .card-name")).to_have_text("Quiet Thunder")


def test_the_first_start_says_what_to_do(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing(state="idle", view="nothing")
    watched = look(serve().url, "390")
    page = watched.page
    expect(page.locator("#empty")).to_be_visible()
    expect(page.locator("#machine-word")).to_have_text("Ready")
    expect(page.locator('[data-command="start"]')).to_be_enabled()
    expect(page.locator('[data-command="stop"]')).to_be_disabled()
    watched.picture("empty-390")
    shop.start()
    shop.scan()
    expect(page.locator("#last .card-name")).to_have_text("Tidewatch Heron")
    expect(page.locator("#empty")).to_be_hidden()


def test_a_new_batch_empties_the_list(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing()
    shop.start("First")
    shop.scan()
    shop.tell("finished")
    page = look(serve().url).page
    expect(page.locator("#machine-word")).to_have_text("Finished")
    expect(page.locator(".row")).to_have_count(1)
    shop.start("Second")
    expect(page.locator("#batch-name")).to_have_text("Second")
    expect(page.locator(".row")).to_have_count(0)
    shop.scan()
    expect(page.locator(".row")).to_have_count(1)


@pytest.mark.parametrize("size", SIZES)
def test_a_fault_says_what_happened_and_what_to_do(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    shop.keep_showing(state="jam", view="nothing")
    shop.start()
    shop.scan()
    watched = look(serve().url, size)
    page = watched.page
    shop.tell("jam", "A card is stuck. Take it out, then press Resume.")
    notice = page.locator('[data-notice="jam"]')
    expect(notice).to_contain_text("Card jam")
    expect(notice).to_contain_text("Take it out, then press Resume.")
    expect(page.locator('[data-command="resume"]')).to_be_enabled()
    watched.picture(f"jam-{size}")
    shop.tell("resumed")
    expect(notice).to_have_count(0)


def test_the_fallback_the_simulation_and_a_restored_log_are_said_loudly(
    shop: Shop, serve: Serve, look: Look
) -> None:
    shop.recognizer = "phash"
    shop.driver = "simulated"
    shop.keep_showing()
    shop.tell("restored", "The backup of yesterday was put in place; 3 scans are missing.")
    shop.start()
    shop.scan(recognizer="phash")
    watched = look(serve().url)
    page = watched.page
    expect(page.locator('[data-notice="phash"]')).to_contain_text("Emergency recognition")
    expect(page.locator('[data-notice="simulated"]')).to_contain_text("Simulated machine")
    expect(page.locator('[data-notice="restored"]')).to_contain_text("3 scans are missing")
    expect(page.locator("#last")).to_contain_text("Emergency recognition")
    watched.picture("loud-1280")


@pytest.mark.parametrize(("size", "theme"), [("390", "dark"), ("1280", "light")])
def test_a_pause_from_the_cloud_says_whose_it_is_until_somebody_resumes(
    shop: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    shop.keep_showing(state="paused")
    shop.start()
    shop.scan()
    watched = look(serve().url, size, theme)
    page = watched.page
    asked = page.locator("#asked")
    expect(page.locator("#machine-word")).to_have_text("Scanning")
    expect(asked).to_be_hidden()
    shop.tell("paused", "Paused from the cloud by Ada of the Office.")
    expect(asked).to_have_text(re.compile(r"Paused from the cloud by Ada of the Office, \d\d:\d\d"))
    expect(page.locator("#left")).to_have_text("Press Resume to go on.")
    watched.picture(f"paused-from-cloud-{size}-{theme}")
    is_accessible(page)
    fits(page)
    page.reload()
    expect(asked).to_contain_text("Paused from the cloud by Ada of the Office, ")
    shop.tell("resumed")
    expect(asked).to_be_hidden()
    watched.is_well()


def test_a_feed_process_that_falls_silent_is_noticed(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing()
    shop.start()
    shop.scan()
    page = look(serve().url).page
    expect(page.locator('[data-command="pause"]')).to_be_enabled()
    shop.fall_silent()
    expect(page.locator('[data-notice="silent"]')).to_contain_text("does not answer")
    expect(page.locator('[data-command="pause"]')).to_be_disabled()
    expect(page.locator("#camera-age")).to_contain_text("last picture")
    shop.keep_showing()
    expect(page.locator('[data-notice="silent"]')).to_have_count(0)


def test_nothing_is_wider_than_a_phone(shop: Shop, serve: Serve, look: Look) -> None:
    long = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, the Unpronounceable"
    shop.keep_showing(state="double_feed")
    shop.start(name=long, expected=123_456)
    answer = shop.answer(Decision.REVIEW)
    shop.scan(Decision.REVIEW, printing=shop.renamed(answer, long))
    watched = look(serve().url, "390")
    shop.tell("double_feed", long)
    expect(watched.page.locator('[data-notice="double_feed"]')).to_contain_text(long)
    fits(watched.page)
    watched.picture("long-390")


def test_a_cards_name_is_text_and_never_markup(shop: Shop, serve: Serve, look: Look) -> None:
    wicked = "<img src=/x onerror=document.title='owned'><script>1</script>&amp;"
    shop.keep_showing()
    shop.start(name=wicked)
    shop.scan()
    watched = look(serve().url)
    answer = shop.answer(Decision.REVIEW)
    shop.scan(Decision.REVIEW, printing=shop.renamed(answer, wicked), reasons=(wicked,))
    page = watched.page
    expect(page.locator("#last .card-name")).to_have_text(wicked)
    expect(page.locator(".row").first).to_contain_text(wicked)
    expect(page.locator("#batch-name")).to_have_text(wicked)
    assert "owned" not in page.title().split("·")[0]
    watched.is_well()


def test_a_crop_that_was_removed_leaves_its_frame(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing()
    shop.start()
    scan = shop.scan()
    (shop.data_dir / scan.crop_path).unlink()
    watched = look(serve().url)
    expect(watched.page.locator("#last .crop-none")).to_contain_text("No picture kept")
    watched.is_well()
