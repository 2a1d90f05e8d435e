"""What a batch is for is asked at its start, and where each card went is told with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from scanner.routing import Mode, Routing
from scanner.store import Store
from tests.webui.accessible import is_accessible
from tests.webui.served import SCREENSHOTS, SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop
from tests.webui.signed_in import Client

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


@pytest.mark.parametrize(("mode", "kept"), [("sort", "sort"), ("offer", "offer"), ("scan", None)])
def test_a_batch_is_begun_for_a_purpose(
    shop: Shop, serve: Serve, mode: str, kept: str | None
) -> None:
    client = Client(serve())
    body = {"kind": "start", "name": "Box", "mode": mode}
    assert client.post("/api/live/commands", body).status == 202
    (command,) = shop.await_commands()
    assert command.argument.get("mode") == kept
    wrong = client.post("/api/live/commands", {**body, "mode": "shred"})
    assert (wrong.status, wrong.error) == (400, "The mode is one of scan, sort, offer.")


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_each_card_tells_its_bin_and_which_rule_sent_it_there(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    shop.keep_showing()
    shop.start()
    server = serve()
    watched = look(server.url, size)
    page = watched.page
    shop._number += 1
    shop.store.commit_scan(
        shop.batch_id,
        shop.answer(),
        feed_key=None,
        driver=shop.driver,
        routing=Routing(3, "Hits <b>", "Price is 5.00 EUR or more."),
    )
    expect(page.locator(".card .fact-bin")).to_have_text("Bin 3Hits <b> Price is 5.00 EUR or more.")
    expect(page.locator(".row-bin")).to_have_text("bin 3")
    twin = Client(server).get("/api/live").json["scans"][0]["routing"]
    assert twin == {"bin": 3, "rule": "Hits <b>", "why": "Price is 5.00 EUR or more."}
    watched.picture(f"bin-{size}")
    is_accessible(page)
    watched.is_well()


@pytest.mark.browser
def test_the_next_batch_is_offered_for_the_same_purpose(
    shop: Shop, serve: Serve, look: Look
) -> None:
    shop.keep_showing(state="idle", view="nothing")
    page = look(serve().url, "390").page
    expect(page.locator("#start-mode")).to_contain_text("Sort: no rules are in force")
    with Store.open(shop.data_dir, role="web") as web:
        web.add_rule_set("sort", "By set", {"name": "By set", "unidentified_bin": 4})
        web.choose_rules("sort", "By set")
    page.reload()
    page.locator('[data-command="start"]').click()
    page.get_by_label("What for").select_option(label="Sort: By set")
    page.locator("#start-form [type=submit]").click()
    [command] = shop.await_commands()
    assert command.argument["mode"] == "sort"
    shop.store.create_batch("Box", 0, shop.driver, Mode.SORT)
    shop.store.add_event(1, "stopped")
    page.reload()
    expect(page.locator("#to-rules")).to_be_visible()
    expect(page.locator("#to-offer")).to_be_hidden()
    expect(page.locator("#start-mode")).to_have_value("sort")
    page.goto(page.url + "batches")
    expect(page.locator("#new-mode")).to_have_value("sort")


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_an_offer_is_one_tap_from_the_machine(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    shop.keep_showing()
    page = look(serve().url, size).page
    expect(page.locator("#to-offer")).to_be_hidden()
    name = "Ms Gray's rather long box of cards"
    batch = shop.store.create_batch(name, 40, shop.driver, Mode.OFFER)
    shop.batch_id = batch.id or 0
    shop.store.add_event(batch.id, "started")
    shop.scan()
    expect(page.locator("#to-offer")).to_be_visible()
    fits(page)
    page.screenshot(path=SCREENSHOTS / f"live-offer-{size}.png")
    page.locator("#to-offer").click()
    expect(page.locator(".offer-name")).to_have_text(name)


def test_a_batch_tells_which_rules_it_was_sorted_by(shop: Shop, serve: Serve) -> None:
    with Store.open(shop.data_dir, role="web") as web:
        rules = web.add_rule_set("sort", "By set", {"name": "By set", "unidentified_bin": 4})
    for mode in (Mode.SORT, Mode.SORT, Mode.OFFER, Mode.SCAN):
        batch = shop.store.create_batch(f"Box {mode}", 0, shop.driver, mode)
    shop.store.note_batch_rules(1, rules.id or 0)
    told = Client(serve()).get("/api/batches").json["batches"]
    assert [each["facts"][-1:] for each in reversed(told)][:3] == [
        ["Sorted by By set"],
        ["Sorted by decision"],
        ["For an offer"],
    ]
    assert batch.id == 4
