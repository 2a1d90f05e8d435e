"""What an owner does on the Prices page, in Chromium: look what moved, search, watch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scanner.price_feed import PriceNews, PriceTold
from scanner.store import Store
from scanner.tables import utc_now
from tests.webui.accessible import is_accessible
from tests.webui.catalog import put_catalog_in_use
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import NAMES, Shop
from tests.webui.signed_in import Client

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]
NOW = utc_now()


def tell(shop: Shop, *prices: tuple[str, int, float], source: str = "tcgcsv",
         finish: str = "normal") -> None:  # fmt: skip
    """Take in prices: card, amount, so many days ago."""
    with Store.open(shop.data_dir, role="sync") as sync:
        for card_id, amount_minor, days_ago in prices:
            at: datetime = NOW - timedelta(days=days_ago)
            told = PriceTold(card_id, finish, "NM", "EUR", amount_minor, source, at)
            sync.receive_prices(PriceNews("demo", [told]), {})


@pytest.fixture
def priced(shop: Shop, tmp_path: Path) -> Shop:
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.keep_showing()
    shop.start()
    for _ in range(4):
        shop.scan()
    tell(shop, ("demo-0-1", 400, 60), ("demo-0-1", 420, 20), ("demo-0-1", 610, 2))
    tell(shop, ("demo-0-1", 500, 30), ("demo-0-1", 550, 3), source="cardmarket")
    tell(shop, ("demo-0-1", 1900, 40), finish="foil")
    tell(shop, ("demo-0-2", 900, 20), ("demo-0-2", 450, 0.5))
    tell(shop, ("demo-0-3", 20, 20), ("demo-0-3", 60, 1))  # pennies are no news
    tell(shop, ("demo-1-9", 100, 20), ("demo-1-9", 900, 1))  # nobody scanned it
    return shop


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_what_moved_is_shown_with_source_and_age(
    priced: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    watched = look(serve().url + "/prices", size, theme)
    page = watched.page
    up = page.get_by_role("region", name="Risen most").locator(".price-row")
    down = page.get_by_role("region", name="Fallen most").locator(".price-row")
    expect(up).to_have_count(1)
    expect(up).to_contain_text(NAMES[1])
    expect(up).to_contain_text("+45%")
    expect(up).to_contain_text("was 4.20 EUR · tcgcsv, 2 days old")
    expect(down).to_have_count(1)
    expect(down).to_contain_text("-50%")
    tell(priced, ("demo-0-4", 1000, 20), ("demo-0-4", 3000, 0.01))
    expect(up.first).to_contain_text("+200%")
    watched.picture(f"prices-{size}-{theme}")
    is_accessible(page)
    fits(page)
    page.get_by_role("link", name="A day").click()
    expect(page.locator(".tabs [aria-current]")).to_have_text("A day")
    expect(up).to_have_count(1)
    watched.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_a_printing_is_found_drawn_and_watched(
    priced: Shop, serve: Serve, look: Look, size: str
) -> None:
    watched = look(serve().url + "/prices", size)
    page = watched.page
    page.keyboard.press("/")
    page.get_by_label("Name, set or number").fill(f"{NAMES[1]} 001")
    page.locator(".hit").first.click()
    page.wait_for_url("**/prices/demo/demo-*-1")
    page.goto(page.url.rpartition("/")[0] + "/demo-0-1")
    expect(page.get_by_role("heading", name=NAMES[1])).to_be_visible()
    rows = page.locator(".quotes tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("cardmarket")
    expect(rows.first).to_contain_text("5.50 EUR")
    expect(rows.first).to_contain_text("3 days")
    expect(page.locator(".chart")).to_have_count(2)
    expect(page.locator(".chart").first).to_contain_text("tcgcsv NM 6.1 EUR")
    expect(page.get_by_text("1 in stock")).to_be_visible()
    page.get_by_role("button", name="Watch", exact=True).click()
    expect(page.get_by_role("button", name="On the watchlist")).to_be_visible()
    watched.picture(f"prices-card-{size}")
    is_accessible(page)
    fits(page)
    assert priced.store.card_lists()["Watchlist"] == ["demo-0-1"]
    page.get_by_role("link", name="A year").click()
    expect(page.locator(".tabs [aria-current]")).to_have_text("A year")
    page.get_by_role("link", name="All prices").click()
    listed = page.get_by_role("region", name="Watchlist").locator(".price-row")
    expect(listed).to_have_count(1)
    expect(listed).to_contain_text("6.10 EUR normal · tcgcsv, 2 days old")
    listed.click()
    page.get_by_role("button", name="On the watchlist").click()
    expect(page.get_by_role("button", name="Watch", exact=True)).to_be_visible()
    assert priced.store.card_lists()["Watchlist"] == []
    page.get_by_role("link", name="Alert me").click()
    expect(page.locator("#words")).to_contain_text(f"When name is {NAMES[1]} and number is 001/120")
    watched.is_well()


def test_programs_read_the_same(priced: Shop, serve: Serve) -> None:
    client = Client(serve())
    told = client.get("/api/prices?span=month").json
    assert [(move["card_id"], move["percent"]) for move in told["up"]] == [("demo-0-1", 52.5)]
    one = client.get("/api/prices/demo/demo-0-1").json
    assert [(line["source"], len(line["points"])) for line in one["history"]] == [
        ("tcgcsv", 3), ("cardmarket", 2), ("tcgcsv", 1),
    ]  # fmt: skip
    assert one["in_stock"] == 1
    assert client.get("/api/prices/demo/nothing").status == 404
    assert client.get("/prices/demo/%3Cb%3Enothing").status == 404
    assert client.get("/api/prices?span=century").status == 400
    assert client.post("/api/prices/watch", {"card_id": "", "on": True}).status == 400
    assert client.post("/api/prices/watch", {"card_id": "x"}).status == 400
