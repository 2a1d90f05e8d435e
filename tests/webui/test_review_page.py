"""What a clerk does on the Review page, in Chromium: one key or one tap for each card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scanner.records import Decision
from scanner.store_present import PresentAnswer
from tests.webui.catalog import put_catalog_in_use, set_price
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


@pytest.fixture
def waiting(shop: Shop, tmp_path: Path) -> Shop:
    """Five cards wait; the fourth has most money at stake, then the second."""
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.start("Saturday buylist")
    for number in range(6):
        shop.scan(Decision.ACCEPTED if number == 4 else Decision.REVIEW)
    for card_id, amount in (
        ("demo-0-4", 250), ("demo-1-4", 12_900), ("demo-2-4", 800),
        ("demo-0-2", 300), ("demo-1-2", 900),
    ):  # fmt: skip
        set_price(shop.data_dir, card_id, amount)
    return shop


def answer_of(shop: Shop, scan_id: int) -> PresentAnswer:
    return shop.store.present_answers([scan_id])[scan_id]


def scan_shown(page: Page) -> int:
    return int(page.locator(".ask").get_attribute("data-scan") or 0)


def wait_for_scan(page: Page, scan_id: int) -> None:
    expect(page.locator(".ask")).to_have_attribute("data-scan", str(scan_id))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_tap_names_the_card_and_the_next_dearest_one_is_there(
    waiting: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    watched = look(serve().url + "/review", size, theme)
    page = watched.page
    wait_for_scan(page, 4)
    expect(page.locator("#waiting")).to_have_text("5")
    expect(page.locator(".stake")).to_have_text("126.50 EUR at stake")
    expect(page.locator(".pick-foot").first).to_contain_text("match 86%")
    pictures = page.locator(".pick-picture img")
    expect(pictures).to_have_count(3)
    for place in range(3):
        assert pictures.nth(place).evaluate("img => img.decode().then(() => img.naturalWidth)")
    watched.picture(f"review-{size}-{theme}")
    page.locator(".pick").nth(1).click()
    wait_for_scan(page, 2)
    expect(page.locator("#waiting")).to_have_text("4")
    named = waiting.await_answer(4, "person")
    assert (named.card_id, named.decision, named.finish) == ("demo-1-4", "accepted", "unknown")
    fits(page)
    watched.is_well()


def test_keys_choose_skip_refuse_and_undo(waiting: Shop, serve: Serve, look: Look) -> None:
    watched = look(serve().url + "/review")
    page = watched.page
    wait_for_scan(page, 4)
    page.keyboard.press("s")  # nothing but the order changes
    wait_for_scan(page, 2)
    page.keyboard.press("2")
    wait_for_scan(page, 1)
    page.keyboard.press("Enter")
    wait_for_scan(page, 3)
    page.keyboard.press("n")
    wait_for_scan(page, 6)
    assert waiting.await_answer(2, "person").card_id == "demo-1-2"
    assert waiting.await_answer(1, "person").card_id == "demo-0-1"
    refused = waiting.await_answer(3, "person")
    assert (refused.decision, refused.card_id) == ("unknown", "")

    page.keyboard.press("u")
    wait_for_scan(page, 3)
    page.keyboard.press("u")
    wait_for_scan(page, 1)
    assert answer_of(waiting, 1).source == "scan"
    expect(page.locator("#waiting")).to_have_text("4")
    for key in ("1", "1", "1", "1"):
        page.keyboard.press(key)
    expect(page.locator("#done")).to_be_visible()
    watched.picture("review-done-1280")
    page.keyboard.press("u")
    wait_for_scan(page, 4)
    watched.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_any_card_of_the_catalog_is_found_by_typing(
    waiting: Shop, serve: Serve, look: Look, size: str
) -> None:
    watched = look(serve().url + "/review", size)
    page = watched.page
    wait_for_scan(page, 4)
    if size == "390":
        page.locator("#search-open").click()
    else:
        page.keyboard.press("/")
    page.locator("#search").press_sequentially("copper")
    expect(page.locator(".hit")).to_have_count(3)
    page.locator("#search").press_sequentially(" 007")
    expect(page.locator(".hit-name").first).to_have_text("Copper Wyrm")
    watched.picture(f"review-search-{size}")
    page.locator("#search").press("ArrowDown")
    chosen = page.locator('.hit[aria-selected="true"] .hit-edition').inner_text()
    page.locator("#search").press("Enter")
    wait_for_scan(page, 2)
    named = waiting.await_answer(4, "person")
    assert named.name == "Copper Wyrm"
    assert named.set_name in chosen
    watched.is_well()


def test_enter_waits_for_the_list_of_what_was_typed(
    waiting: Shop, serve: Serve, look: Look
) -> None:
    watched = look(serve().url + "/review")
    page = watched.page
    wait_for_scan(page, 4)
    page.keyboard.press("/")
    page.locator("#search").fill("windmill")
    page.locator("#search").press("Enter")
    wait_for_scan(page, 2)
    assert waiting.await_answer(4, "person").name == "Windmill Giant"


def test_finish_condition_and_language_go_with_the_name(
    waiting: Shop, serve: Serve, look: Look
) -> None:
    watched = look(serve().url + "/review")
    page = watched.page
    wait_for_scan(page, 4)
    page.keyboard.press("c")
    page.keyboard.press("c")
    page.locator("#language").select_option("ja")
    page.locator("#finish").select_option("foil")
    page.locator("main").click(position={"x": 2, "y": 2})
    page.keyboard.press("1")
    wait_for_scan(page, 2)
    named = waiting.await_answer(4, "person")
    assert (named.finish, named.condition, named.language) == ("foil", "LP", "ja")
    expect(page.locator("#condition")).to_have_value("")
    watched.is_well()


def test_a_card_that_somebody_else_has_just_named_is_not_named_twice(
    waiting: Shop, serve: Serve, look: Look
) -> None:
    server = serve()
    first, second = look(server.url + "/review").page, look(server.url + "/review").page
    # It would hear of the first's word, and show the next card.
    second.route("**/api/review?*", lambda route: route.abort())
    second.reload()
    wait_for_scan(first, 4)
    wait_for_scan(second, 4)
    first.keyboard.press("1")
    waiting.await_answer(4, "person")
    second.keyboard.press("2")
    expect(second.locator("#toast")).to_contain_text("Somebody has just named this card")
    assert answer_of(waiting, 4).card_id == "demo-0-4"


def test_new_cards_appear_without_reload(waiting: Shop, serve: Serve, look: Look) -> None:
    watched = look(serve().url + "/review")
    page = watched.page
    wait_for_scan(page, 4)
    waiting.scan(Decision.UNKNOWN)
    expect(page.locator("#waiting")).to_have_text("6")
    wait_for_scan(page, 4)
    watched.is_well()


def test_without_shortcuts_no_key_names_a_card(waiting: Shop, serve: Serve, look: Look) -> None:
    watched = look(serve().url + "/review")
    page = watched.page
    wait_for_scan(page, 4)
    page.keyboard.press("?")
    page.locator("#keys-on").uncheck()
    page.locator("#keys-dialog button").click()
    for key in ("1", "n", "s", "Enter"):
        page.keyboard.press(key)
    page.locator("#skip").click()  # had a key acted, another card would be here by now
    wait_for_scan(page, 2)
    assert answer_of(waiting, 4).source == "scan"
    page.reload()
    page.keyboard.press("s")
    wait_for_scan(page, 4)
    watched.is_well()
