"""Batches in Chromium: begun with all that is known of the stack, followed, counted, looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scanner.batches import BatchPlan
from scanner.records import Decision
from tests.webui.accessible import is_accessible
from tests.webui.catalog import put_catalog_in_use, set_price
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


@pytest.mark.parametrize("size", SIZES)
def test_a_batch_is_begun_with_all_that_is_known_of_it(
    shop: Shop, serve: Serve, look: Look, tmp_path: Path, size: str
) -> None:
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.keep_showing(state="idle", view="nothing")
    watched = look(serve().url + "/batches", size)
    page = watched.page
    expect(page.locator("#batches-none")).to_be_visible()
    page.locator("#new-batch").click()
    page.locator("#new-name").fill("Attic finds")
    page.locator("#new-expected").fill("240")
    page.locator("#new-store").fill("Main street")
    page.locator("#new-location").fill("Shelf 2")
    page.locator("#new-game").select_option("demo")
    page.locator("#new-condition").select_option("LP")
    page.locator("#new-language").select_option("de")
    page.locator("#limit summary").click()
    page.locator("#set-filter").fill("second")
    page.locator("#set-filter").press("Enter")
    page.get_by_label("Second Tide").check()
    page.locator("#set-filter").fill("promos")
    page.get_by_label("Harbour Promos").check()
    expect(page.locator("#limit-count")).to_have_text("(2 chosen)")
    watched.picture(f"batch-new-{size}")
    page.locator("#new-form [type=submit]").click()
    page.wait_for_url("**/")
    [command] = shop.await_commands()
    assert command.kind == "start"
    assert command.argument == {
        "name": "Attic finds",
        "expected_cards": 240,
        "store": "Main street",
        "location": "Shelf 2",
        "game": "demo",
        "sets": "Harbour Promos\nSecond Tide",
        "condition": "LP",
        "language": "de",
    }
    watched.is_well()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_one_batch_is_followed_counted_and_looked_through(
    shop: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    shop.keep_showing()
    batch = shop.start("Saturday buylist", expected=12)
    for number in range(9):
        shop.scan(Decision.REVIEW if number == 3 else Decision.ACCEPTED)
    set_price(shop.data_dir, "demo-0-1", 1_250)
    watched = look(f"{serve().url}/batches/{batch}", size, theme)
    page = watched.page
    expect(page.locator('[data-step="scan"] .step-text')).to_have_text("9 of 12")
    expect(page.locator('[data-text="value"]')).to_have_text("12.50 EUR")
    expect(page.locator(".shot")).to_have_count(9)

    shop.scan()
    expect(page.locator(".shot")).to_have_count(10)
    expect(page.locator(".shot").first).to_have_attribute("data-sequence", "10")
    expect(page.locator('[data-step="scan"] .step-text')).to_have_text("10 of 12")
    page.locator('[data-command="pause"]').click()
    [command] = shop.await_commands()
    assert command.kind == "pause"

    page.locator("#count").fill("11")
    page.locator("#count-form button").click()
    expect(page.locator("#reconciled")).to_contain_text("1 card was counted but not scanned")
    expect(page.locator('[data-step="count"]')).to_have_attribute("data-done", "false")
    watched.picture(f"batch-{size}-{theme}")
    page.locator("#count").fill("10")
    page.locator("#count-form button").click()
    expect(page.locator("#reconciled")).to_contain_text("agrees")
    expect(page.locator('[data-step="count"]')).to_have_attribute("data-done", "true")

    page.locator('[data-decision="review"]').click()
    expect(page.locator(".shot")).to_have_count(1)
    page.locator(".shot button").click()
    expect(page.locator("#card-shown .card-name")).to_have_text("Quiet Thunder")
    watched.picture(f"batch-card-{size}-{theme}")
    page.locator("#card-name").click()
    expect(page.locator(".ask")).to_have_attribute("data-scan", "4")
    fits(page)
    watched.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_a_batch_is_named_and_placed_anew(shop: Shop, serve: Serve, look: Look, size: str) -> None:
    shop.keep_showing()
    batch = shop.start("Saturday buylist")
    scan = shop.scan()
    server = serve()
    watched = look(f"{server.url}/batches/{batch}", size)
    page = watched.page
    page.locator("#change-open").click()
    page.locator("#change-name").fill("  Attic   finds ")
    page.locator("#change-location").fill("Box 3")
    page.locator("#change-condition").select_option("LP")
    is_accessible(page)
    watched.picture(f"batch-change-{size}")
    page.locator("#change-form [type=submit]").click()
    expect(page.locator("#batch-name")).to_have_text("Attic finds")
    expect(page.locator(".one-batch")).to_contain_text("Box 3 · Lightly played")
    assert shop.store.present_answers([scan.id or 0])[scan.id or 0].condition == "LP"
    fits(page)
    page.goto(server.url)
    expect(page.locator("#batch-name")).to_have_text("Attic finds")
    page.goto(f"{server.url}/inventory?location=Box+3&condition=LP")
    expect(page.locator(".line")).to_have_count(1)
    page.locator(".line-button").click()
    expect(page.locator(".copy-text")).to_contain_text("Attic finds")
    watched.is_well()


def test_whoever_looked_away_misses_no_card_of_the_gallery(
    shop: Shop, serve: Serve, look: Look
) -> None:
    batch = shop.start()
    shop.scan()
    page = look(f"{serve().url}/batches/{batch}").page
    expect(page.locator(".shot")).to_have_count(1)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    for _ in range(70):
        shop.scan(cut_crop=None)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: false })")
    expect(page.locator(".shot")).to_have_count(60)
    page.locator("#more").click()
    expect(page.locator(".shot")).to_have_count(71)
    numbers = page.locator(".shot").evaluate_all("shots => shots.map(s => +s.dataset.sequence)")
    assert numbers == list(range(71, 0, -1))


def test_an_accepted_card_that_is_wrong_is_named_anew(shop: Shop, serve: Serve, look: Look) -> None:
    shop.start()
    scan = shop.scan()
    watched = look(f"{serve().url}/review?scan={scan.id}")
    page = watched.page
    expect(page.locator("#waiting")).to_have_text("0")
    page.locator(".pick").nth(1).click()
    expect(page.locator("#done")).to_be_visible()
    assert shop.await_answer(scan.id or 0, "person").card_id == "demo-1-1"
    watched.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_the_list_shows_what_is_left_to_do_and_is_searched(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    shop.keep_showing(state="idle", view="nothing")
    for number in range(24):
        name = "Attic finds" if number == 3 else f"Long box {number}"
        plan = BatchPlan(store="Main street", location=f"Shelf {number % 3}", condition="NM")
        shop.batch_id = shop.store.create_batch(name, 0, shop.driver, plan=plan).id or 0
        shop.scan(Decision.REVIEW if number % 4 == 3 else Decision.ACCEPTED)
        shop.tell("finished")
    watched = look(serve().url + "/batches", size)
    page = watched.page
    expect(page.locator(".batch-row")).to_have_count(20)
    expect(page.locator(".batch-row").first).to_contain_text("Long box 23")
    expect(page.locator(".batch-row").first).to_contain_text("1 to review")
    expect(page.locator(".batch-row").first).not_to_contain_text("0.00")
    watched.picture(f"batches-{size}")
    page.locator("#more").click()
    expect(page.locator(".batch-row")).to_have_count(24)
    expect(page.locator("#more")).to_be_hidden()
    page.locator("#batches-search").fill("attic shelf")
    expect(page.locator(".batch-row")).to_have_count(1)
    page.locator("#batches-search").fill("nowhere")
    expect(page.locator("#batches-none")).to_have_text("No batch has these words.")
    page.locator("#batches-search").fill("attic")
    page.locator(".batch-row").click()
    expect(page.locator("#batch-name")).to_have_text("Attic finds")
    fits(page)
    watched.is_well()


def test_on_a_phone_the_two_buttons_of_the_list_stand_side_by_side(
    shop: Shop, serve: Serve, look: Look
) -> None:
    shop.keep_showing(state="idle", view="nothing")
    page = look(serve().url + "/batches", "390").page
    upload = page.get_by_role("link", name="Upload").bounding_box()
    new = page.locator("#new-batch").bounding_box()
    assert upload is not None
    assert new is not None
    assert (upload["y"], upload["height"]) == (new["y"], new["height"])
    fits(page)
