"""What the cloud announces, on the Health page: told in full, taken by a button, followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from scanner.store import Store
from scanner.store_updates import MODELS, UpdateKind
from scanner.tables_updates import UpdateAnnounced
from tests.webui.accessible import is_accessible
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop
from tests.webui.signed_in import paired

DEMO = "pack/demo"
WAITS = "It waits for a person's word (sync.auto_update is off)."
Look = Callable[..., Watched]


@pytest.fixture
def exchange(shop: Shop) -> Iterator[Store]:
    """The log as the exchange with the cloud has it, with two announcements."""
    shop.show()
    with Store.open(shop.data_dir, role="sync") as store:
        built_at = datetime(2026, 5, 1, 6, tzinfo=UTC)
        rows = [
            UpdateAnnounced(
                target=DEMO, version="2026.05", model_id="m", size_bytes=12_300_000, cards=41_210,
                about="The set Second Tide, and 40 promos.", built_at=built_at, may_take=True,
            ),
            UpdateAnnounced(
                target=MODELS, version="7", model_id="m", size_bytes=4_000_000,
                built_at=built_at, may_take=False,
            ),
        ]  # fmt: skip
        store.set_announced(rows)
        why = "They are here, and wait for packs made for them: demo."
        store.add_update_event(MODELS, "7", UpdateKind.WAITING, why)
        store.add_update_event(DEMO, "2026.05", UpdateKind.WAITING, WAITS)
        yield store


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_an_update_is_taken_by_a_button_and_followed_to_its_end(
    shop: Shop, exchange: Store, look: Look, size: str
) -> None:
    server = PageProcess(shop.data_dir)
    watched = look(f"{server.url}/health", size)
    page = watched.page
    one = page.locator(f'[data-target="{DEMO}"]')
    for words in ("demo 2026.05", "12.3 MB", "41,210 cards", "Second Tide", "person's word"):
        expect(one).to_contain_text(words)
    other = page.locator(f'[data-target="{MODELS}"]')
    expect(other).to_contain_text("wait for packs made for them")
    expect(other.get_by_role("button")).to_have_count(0)
    fits(page)
    is_accessible(page)
    watched.picture(f"updates-{size}")

    page.get_by_role("button", name="Take this update").click()
    expect(one).to_contain_text("Asked for")
    expect(one.get_by_role("button")).to_have_count(0)
    [order] = exchange.exchange_orders()
    assert (order.kind, order.argument) == ("update", {"target": DEMO, "version": "2026.05"})
    assert shop.store.pending_commands() == []

    exchange.add_update_event(DEMO, "2026.05", UpdateKind.FETCHING, "")
    exchange.set_fetched(DEMO, 6_150_000)
    expect(one).to_contain_text("50 %")
    is_accessible(page)
    watched.picture(f"updates-fetching-{size}")
    exchange.add_update_event(DEMO, "2026.05", UpdateKind.REFUSED, "The pack is not signed.")
    exchange.answer_order(order.id or 0, "The pack is not signed.")
    expect(page.locator("#toast")).to_contain_text("demo 2026.05: Not taken. The pack is not")
    expect(one.get_by_role("button", name="Try it again now")).to_be_visible()
    watched.picture(f"updates-refused-{size}")
    watched.is_well()
    server.kill()


def test_only_a_manager_takes_and_only_what_is_announced(shop: Shop, exchange: Store) -> None:
    server, ada = paired(shop.data_dir)
    told = ada.get("/api/updates").json["updates"]
    assert [one["target"] for one in told] == [DEMO, MODELS]
    assert told[0]["state"] == "waiting"
    refused = ada.post("/api/updates/take", {"target": DEMO, "version": "1"})
    assert (refused.status, "another version" in refused.error) == (409, True)
    refused = ada.post("/api/updates/take", {"target": MODELS, "version": "7"})
    assert (refused.status, "wait for packs" in refused.error) == (409, True)
    assert exchange.exchange_orders() == []
    taken = ada.post("/api/updates/take", {"target": DEMO, "version": "2026.05"})
    assert taken.status == 202
    assert ada.get("/api/updates").json["updates"][0]["state"] == "asked"
    again = ada.post("/api/updates/take", {"target": DEMO, "version": "2026.05"})
    assert again.status == 409
    exchange.answer_order(taken.json["id"])
    assert ada.get(f"/api/live/commands/{taken.json['id']}").json["outcome"] == "done"
    server.kill()
