"""What an owner does on the Inventory page, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scanner.batches import BatchPlan
from scanner.records import Decision
from scanner.routing import Mode, Routing
from tests.stock.shelf import Shelf
from tests.stock.skus import sku_file
from tests.webui.accessible import is_accessible
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop, identification

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


def fill(shop: Shop, cards: int = 80) -> None:
    """A batch with known words and one without, in bins, with prices."""
    shelf = Shelf.__new__(Shelf)
    shelf.data_dir, shelf.store = shop.data_dir, shop.store
    plans = {
        "Saturday buylist": BatchPlan(condition="NM", language="en", location="Shelf A"),
        "Long box": BatchPlan(),
    }
    for name, plan in plans.items():
        batch = shop.store.create_batch(name, 0, "usb", Mode.SORT, plan)
        for number in range(cards // 2):
            answer = identification(number + 1, Decision.ACCEPTED)
            shop.store.commit_scan(
                batch.id or 0,
                answer,
                feed_key=None,
                driver="usb",
                finish=("normal", "foil", "unknown", "holo")[number % 4],
                routing=Routing(1 + number % 5, "a rule", "because"),
            )
            if answer.printing and name == "Long box":
                shelf.price(answer.printing, 100 + number * 40, day="2026-03-01")
                shelf.price(answer.printing, 130 + number * 55, "foil", day="2026-07-01")


def copies(page: Page, number: int) -> None:
    expect(page.locator("#copies")).to_have_text(f"{number:,}")


@pytest.mark.parametrize("size", SIZES)
def test_a_card_is_found_and_where_each_copy_lies(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    fill(shop)
    watched = look(f"{serve().url}/inventory", size)
    page = watched.page
    copies(page, 80)
    expect(page.locator(".bar").first).to_be_visible()
    expect(page.locator(".line")).to_have_count(60)
    page.locator("#more").click()
    expect(page.locator(".line")).to_have_count(80)
    page.locator("#search").fill("lantern 002")
    copies(page, 2)
    expect(page).to_have_url(re.compile(r"text=lantern\+002"))
    page.locator(".line-button").first.click()
    expect(page.locator(".copy").first).to_contain_text("bin 2 · no. 1")
    expect(page.locator(".copy").first).to_contain_text("Saturday buylist")
    expect(page.locator(".line-source").first).to_have_text(
        re.compile("EUR each by test, 2026-07-01")
    )
    expect(page.locator(".line-old").first).to_contain_text("days old")
    is_accessible(page)
    watched.picture(f"inventory-copies-{size}")
    page.locator("#filter-open").click()
    page.locator('[name="batch"]').select_option(label="Long box (40)")
    copies(page, 1)
    page.locator("#filter-save").click()
    page.locator("#save-name").fill("Lanterns of the long box")
    page.locator("#save-form button[type=submit]").click()
    folder = page.get_by_role("link", name="Lanterns of the long box")
    expect(folder).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="All", exact=True).click()
    copies(page, 80)
    folder.click()
    copies(page, 1)
    fits(page)
    watched.picture(f"inventory-folder-{size}")
    watched.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_many_cards_are_changed_at_once_and_that_is_undone(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    fill(shop, 140)
    watched = look(f"{serve().url}/inventory", size)
    page = watched.page
    page.locator('[data-lacks="condition"]').click()
    copies(page, 70)
    page.locator("#choose-shown").check()
    expect(page.locator("#chosen-count")).to_have_text("60 cards chosen")
    page.locator("#choose-every").click()
    expect(page.locator("#chosen-count")).to_have_text("70 cards chosen")
    page.locator("#change-open").click()
    page.locator("#new-condition").select_option("LP")
    page.locator("#new-location").fill("Box 3")
    is_accessible(page)
    watched.picture(f"inventory-change-{size}")
    page.locator("#change-form button[type=submit]").click()
    expect(page.locator("#toast")).to_contain_text("70 cards: Condition: Lightly played")
    copies(page, 0)
    page.locator(".change [data-undo]").first.click()
    copies(page, 70)
    expect(page.locator(".change").first).to_contain_text("undone")
    watched.picture(f"inventory-undone-{size}")
    watched.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_a_filter_may_ask_in_the_language_of_sort_rules(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    fill(shop, 40)
    watched = look(f"{serve().url}/inventory", size)
    page = watched.page
    page.locator("#filter-open").click()
    page.get_by_text("More conditions").click()
    page.get_by_role("button", name="+ Condition").click()
    page.get_by_label("What", exact=True).select_option("name")
    page.get_by_label("How", exact=True).select_option("contains")
    page.get_by_label("Value", exact=True).fill("lantern")
    page.get_by_role("button", name="Use these conditions").click()
    copies(page, 4)
    page.locator(".conditions").scroll_into_view_if_needed()
    is_accessible(page)
    watched.picture(f"inventory-conditions-{size}")
    page.reload()
    copies(page, 4)
    page.locator("#filter-open").click()
    expect(page.locator(".conditions summary")).to_contain_text("lantern")
    page.locator("#choose-shown").check()
    page.locator("#change-open").click()
    page.locator("#new-condition").select_option("HP")
    page.locator("#change-form button[type=submit]").click()
    expect(page.locator("#toast")).to_contain_text("4 cards: Condition: Heavily played")
    watched.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_new_cards_are_announced_and_shown_without_losing_the_choice(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    fill(shop, 8)
    watched = look(f"{serve().url}/inventory", size)
    page = watched.page
    copies(page, 8)
    chosen = page.locator(".line").nth(1)
    chosen.locator(".line-pick input").check()
    opened = page.locator(".line").nth(4)
    opened.locator(".line-button").click()
    opened.locator(".copy-pick input").check()
    expect(page.locator("#chosen-count")).to_have_text("2 cards chosen")
    names = [chosen.locator(".line-name").inner_text(), opened.locator(".line-name").inner_text()]
    shop.batch_id = 2
    for _ in range(2):
        shop.scan(printing=identification(30).printing)
    expect(page.locator("#news-words")).to_have_text("2 new cards")
    expect(page.locator(".line")).to_have_count(8)
    watched.picture(f"inventory-news-{size}")
    page.locator("#news-show").click()
    copies(page, 10)
    expect(page.locator("#news")).to_be_hidden()
    expect(page.locator("#chosen-count")).to_have_text("2 cards chosen")
    expect(page.locator(".line-chosen .line-name")).to_have_text([names[0]])
    kept = page.locator(".line", has=page.locator(".copy-pick input:checked"))
    expect(kept.locator(".line-name")).to_have_text([names[1]])
    watched.is_well()


def test_a_location_is_set_and_cleared(shop: Shop, serve: Serve, look: Look) -> None:
    fill(shop, 4)
    page = look(f"{serve().url}/inventory", "390").page
    where = page.locator(".copy-places")

    def change(location: str | None) -> None:
        page.locator("#choose-shown").check()
        page.locator("#change-open").click()
        if location is None:
            page.get_by_label("Clear it").check()
            expect(page.locator("#new-location")).to_be_disabled()
        else:
            page.locator("#new-location").fill(location)
        page.locator("#change-form button[type=submit]").click()
        said = f"4 cards: Location: {location or 'as in the batch'}."
        expect(page.locator("#toast")).to_contain_text(said)
        for button in page.locator(".line-button").all():
            button.click()
        expect(where).to_have_count(4)

    change("Box 3")
    expect(where.filter(has_text="Box 3")).to_have_count(4)
    change(None)
    expect(where.filter(has_text="Shelf A")).to_have_count(2)
    expect(where.filter(has_text="Box 3")).to_have_count(0)


def test_one_copy_is_removed_and_put_back(shop: Shop, serve: Serve, look: Look) -> None:
    fill(shop, 8)
    page = look(f"{serve().url}/inventory?batch=1", "390").page
    copies(page, 4)
    page.locator(".line-button").first.click()
    page.locator(".copy-pick input").first.check()
    page.locator("#remove-open").click()
    page.get_by_label("Sold on TCGplayer").check()
    page.get_by_role("button", name="Remove", exact=True).last.click()
    copies(page, 3)
    page.goto(page.url.partition("?")[0] + "?removed=1")
    copies(page, 1)
    page.locator(".line-pick input").check()
    page.get_by_role("button", name="Put back").click()
    copies(page, 0)


@pytest.mark.parametrize("size", SIZES)
def test_an_export_is_looked_at_made_and_empty_the_second_time(
    shop: Shop, serve: Serve, look: Look, size: str, tmp_path: Path
) -> None:
    fill(shop, 40)
    watched = look(f"{serve().url}/inventory?batch=1", size)
    page = watched.page
    page.locator("#export-open").click()
    page.get_by_label("TCGplayer", exact=True).check()
    expect(page.locator("#sku-count")).to_have_text("No SKU is known yet.")
    printing = identification(1).printing
    assert printing is not None
    file = tmp_path / "mine.csv"
    file.write_bytes(sku_file([printing], "Demo", printing.set))
    page.locator("#sku-file").set_input_files(file)
    expect(page.locator("#sku-count")).to_have_text("10 SKUs are known.")
    expect(page.locator(".preview-good")).to_have_text("1 card in 1 row")
    expect(page.locator(".left-out")).to_contain_text("finish is not proven")
    fix = page.get_by_role("link", name="Show them and set it")
    expect(fix).to_have_attribute("href", "/inventory?batch=1&finish=-")
    is_accessible(page)
    watched.picture(f"inventory-export-{size}")
    with page.expect_download() as waiting:
        page.locator("#export-make").click()
    assert waiting.value.suggested_filename.startswith("counterscan-tcgplayer-")
    assert b'"100000"' in waiting.value.path().read_bytes()
    expect(page.locator(".preview-sums")).to_contain_text("Nothing has changed")
    expect(page.locator("#export-make")).to_be_disabled()
    page.get_by_role("button", name="Never uploaded").click()
    expect(page.locator(".preview-good")).to_have_text("1 card in 1 row")
    watched.picture(f"inventory-exported-{size}")
    watched.is_well()


def test_a_set_that_tcgplayer_calls_otherwise_is_named(
    shop: Shop, serve: Serve, look: Look, tmp_path: Path
) -> None:
    fill(shop, 2)
    page = look(f"{serve().url}/inventory", "390").page
    printing = identification(1).printing
    assert printing is not None
    file = tmp_path / "mine.csv"
    file.write_bytes(sku_file([printing], "Demo", "HP01: The Promos"))
    page.locator("#export-open").click()
    page.get_by_label("TCGplayer", exact=True).check()
    page.locator("#sku-file").set_input_files(file)
    page.get_by_role("button", name="HP01: The Promos").click()
    expect(page.locator(".preview-good")).to_have_text("1 card in 1 row")


def test_the_value_is_drawn(shop: Shop, serve: Serve, look: Look) -> None:
    fill(shop, 40)
    watched = look(f"{serve().url}/inventory", "1280", "dark")
    expect(watched.page.locator(".curve-line")).to_have_attribute("d", re.compile("^M0.*H600"))
    expect(watched.page.locator(".bar")).to_have_count(3)
    watched.picture("inventory-1280-dark")


def test_without_cards_the_page_says_what_to_do(shop: Shop, serve: Serve, look: Look) -> None:
    watched = look(f"{serve().url}/inventory", "390")
    expect(watched.page.locator("#nothing")).to_contain_text("Scan a batch")
    watched.is_well()
