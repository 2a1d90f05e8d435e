"""The Bins page: what lies where, and a person who emptied a bin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from scanner.routing import Routing
from tests.webui.served import SIZES, PageProcess, Watched
from tests.webui.shop import Shop

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


def sort(shop: Shop, *bins: int) -> None:
    batch_id = shop.start()
    for place, number in enumerate(bins):
        shop.store.commit_scan(
            batch_id,
            shop.answer(),
            feed_key=f"sorted-{place}",
            driver="usb",
            routing=Routing(number, "Rares", "It is rare."),
        )


@pytest.mark.parametrize("size", SIZES)
def test_a_person_says_that_a_bin_was_emptied(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    sort(shop, 1, 3, 3)
    watched = look(f"{serve().url}/bins", size)
    page = watched.page
    rows = page.locator(".bin-list li")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Bin 3")
    expect(rows.nth(1)).to_contain_text("2 cards")
    watched.picture(f"bins-{size}")
    rows.nth(1).get_by_role("button").click()
    [command] = shop.await_commands()
    assert (command.kind, command.argument) == ("bin_emptied", {"bin": 3})
    shop.store.add_bin_emptied(3)
    assert command.id is not None
    shop.store.finish_command(command.id)
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("1 card")
    watched.is_well()


def test_without_cards_in_bins_the_page_says_so(shop: Shop, serve: Serve, look: Look) -> None:
    page = look(f"{serve().url}/bins").page
    expect(page.locator("#main")).to_contain_text("No bin holds a card")
    assert page.request.get(f"{page.url.replace('/bins', '')}/api/bins").json() == {"bins": []}
