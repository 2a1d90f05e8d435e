"""A scan that is recognised, or named by a person, after it was made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from scanner.records import Decision, Printing
from scanner.retry import Outcome
from scanner.store import Store
from tests.webui.served import PageProcess, Watched
from tests.webui.shop import Shop, identification

pytestmark = pytest.mark.browser


def test_a_card_recognised_later_changes_its_row_and_the_counts_without_reload(
    shop: Shop, serve: Callable[..., PageProcess], look: Callable[..., Watched]
) -> None:
    shop.keep_showing()
    shop.start()
    first = shop.scan(Decision.UNKNOWN)
    second = shop.scan(Decision.UNKNOWN)
    watched = look(serve().url, "390")
    page = watched.page
    expect(page.locator("#count-unknown")).to_have_text("2")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#last-title")).to_have_text("Card 1")

    shop.store.add_retry(first.id or 0, "key", Outcome.ACCEPTED, identification(5))
    expect(page.locator("#count-accepted")).to_have_text("1")
    row = page.locator(f'.row[data-scan="{first.id}"]')
    expect(row).to_contain_text("recognised later, with pack demo@1")
    expect(row).to_contain_text("Glass Archer")
    # Who looks at an older card keeps it.
    expect(page.locator("#last-title")).to_have_text("Card 1")
    expect(page.locator("#last .card-name")).to_have_text("Glass Archer")

    with Store.open(shop.data_dir, role="web") as other:
        other.add_correction(second.id or 0, Printing("c", "demo", "Said By The Clerk"))
    expect(page.locator(f'.row[data-scan="{second.id}"]')).to_contain_text("named by a person")
    expect(page.locator("#count-unknown")).to_have_text("0")
    watched.picture("later-390")
    watched.is_well()
