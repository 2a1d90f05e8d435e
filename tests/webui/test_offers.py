"""The Offer page: a lot's total in cash and credit, changed by hand, printed, paid or declined."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from scanner.records import Decision, Finish
from tests.webui.accessible import is_accessible
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop
from tests.webui.signed_in import Client, paired, signed_in

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


def price(
    shop: Shop, number: int, cents: int, finish: str = "normal", as_of: str = "2026-01-01"
) -> None:
    """Note a price of the first candidate of card `number`, as the sync process does."""
    with closing(sqlite3.connect(shop.data_dir / "counterscan.db")) as log:
        log.execute(
            "INSERT INTO price (game, card_id, finish, condition, currency, amount_minor, source,"
            " as_of, created_at) VALUES ('demo', ?, ?, 'NM', 'EUR', ?, 'test', ?, ?)",
            (f"demo-0-{number}", finish, cents, *[f"{as_of} 10:00:00.000000"] * 2),
        )
        log.commit()


def scan(shop: Shop, finish: Finish, decision: Decision = Decision.ACCEPTED) -> None:
    answer = dataclasses.replace(shop.answer(decision), finish=finish)
    shop._number += 1
    shop.store.commit_scan(
        shop.batch_id, answer, feed_key=None, driver=shop.driver, finish=finish.value
    )


@pytest.fixture
def lot(shop: Shop) -> Shop:
    """Four cards: 30.00, one without finish from 2.00 to 40.00, one without price, an unknown."""
    shop.start("Ms Gray's box")
    for finish in (Finish.NORMAL, Finish.UNKNOWN, Finish.FOIL):
        scan(shop, finish)
    scan(shop, Finish.UNKNOWN, Decision.UNKNOWN)
    price(shop, 1, 3000), price(shop, 2, 200), price(shop, 2, 4000, "foil")
    return shop


def statuses(told: dict[str, Any]) -> dict[str, str]:
    return {line["name"]: line["status"] for line in told["lines"]}


def test_only_what_is_known_is_offered_for(lot: Shop, serve: Serve) -> None:
    client = Client(serve())
    told = client.get("/api/offer").json
    assert (told["cash"], told["credit"]) == ("18.00 EUR", "22.50 EUR")
    assert (told["cards"], told["offered"], told["put_aside"]) == (4, 1, 3)
    price(lot, 4, 100, as_of="2025-06-01")  # of a card that nobody offers for
    price(lot, 9, 100, as_of="2026-03-01")  # of no card of the lot
    told = client.get("/api/offer").json
    assert told["prices_of"].startswith("2026-01-01")
    assert told["price_age_days"] > 7
    assert b"oldest price of" in client.get("/offer").body
    whys = {line["name"]: line["why"] for line in told["lines"]}
    assert whys == {
        "Tidewatch Heron": "60% of 30.00 EUR (test, 2026-01-01). Taken for near mint.",
        "The Lantern Keeper of Old Harbour": (
            "Finish not known: it is worth from 2.00 EUR to 40.00 EUR."
        ),
        "Moss Golem": "Price not known.",
        "Unknown card": "A person must say which card this is.",
    }


def test_a_person_says_what_a_card_is_or_what_is_paid(lot: Shop, serve: Serve) -> None:
    client = Client(serve())
    foil = {"scans": [2], "finish": "foil", "condition": "LP"}
    assert client.post("/api/offer/1/cards", foil).status == 200
    assert client.get("/api/offer").json["cash_minor"] == 1800 + 4000 * 60 * 85 // 10_000
    paid = {"scans": [3], "kind": "price", "cash": "1,50 EUR", "credit": "2 EUR"}
    assert client.post("/api/offer/1/words", paid).status == 200
    assert client.post("/api/offer/1/words", {"scans": [1], "kind": "skip"}).status == 200
    told = client.get("/api/offer?batch=1").json
    assert told["cash_minor"] == 2040 + 150
    assert statuses(told)["Tidewatch Heron"] == "not bought"
    assert client.post("/api/offer/1/words", {"scans": [1, 3], "kind": "undone"}).status == 200
    assert client.get("/api/offer").json["cash_minor"] == 1800 + 2040


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("1/words", {"scans": [1], "kind": "price", "cash": "lots", "credit": "1 EUR"}, 422),
        ("1/words", {"scans": [1], "kind": "price", "cash": "1 USD", "credit": "1 EUR"}, 422),
        ("1/words", {"scans": [99], "kind": "skip"}, 422),
        ("1/words", {"scans": [], "kind": "skip"}, 400),
        ("1/cards", {"scans": [4], "finish": "foil"}, 422),
        ("1/cards", {"scans": [1], "finish": "sparkly"}, 400),
        ("7/words", {"scans": [1], "kind": "skip"}, 404),
        ("1/outcome", {"outcome": "stolen"}, 400),
        ("0/outcome", {"outcome": "cash"}, 404),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(
    lot: Shop, serve: Serve, path: str, body: object, status: int
) -> None:
    client = Client(serve())
    assert client.post(f"/api/offer/{path}", body).status == status
    assert client.get("/api/offer").json["cash_minor"] == 1800


def test_an_offer_that_has_ended_stays_as_it_was(lot: Shop, serve: Serve) -> None:
    client = Client(serve())
    assert client.post("/api/offer/1/outcome", {"outcome": "credit"}).status == 200
    price(lot, 1, 9000)
    told = client.get("/api/offer").json
    assert (told["outcome"], told["credit"], told["cards"]) == ("credit", "22.50 EUR", 4)
    refused = client.post("/api/offer/1/words", {"scans": [1], "kind": "skip"})
    assert (refused.status, refused.error[:21]) == (409, "This offer has ended.")
    assert client.post("/api/offer/1/outcome", {"outcome": "cash"}).status == 409
    assert client.post("/api/offer/1/outcome", {"outcome": "undone"}).status == 200
    assert client.get("/api/offer").json["cash"] == "54.00 EUR"


def test_a_manager_sets_what_is_paid_and_a_clerk_reads_it(lot: Shop, tmp_path: Path) -> None:
    server, manager = paired(tmp_path / "data")
    try:
        rules = manager.get("/api/offer/rules").json["rules"]
        rules["rules"] = [{"name": "Half", "cash_percent": 50, "credit_percent": 60}]
        assert manager.post("/api/offer/rules", {"rules": rules}).status == 200
        assert manager.get("/api/offer").json["cash"] == "15.00 EUR"
        words = manager.post("/api/offer/rules/words", {"rules": rules}).json["lines"]
        assert words == [{"name": "Half", "words": "Every card: 50% in cash or 60% in credit."}]
        wrong = {**rules, "round_to_minor": 0}
        assert manager.post("/api/offer/rules", {"rules": wrong}).status == 422
        ben = {"name": "Ben", "role": "counter", "password": "battery 99 x"}
        manager.change("PUT", "/api/settings/people", ben)
        clerk = signed_in(server, "Ben", "battery 99 x")
        assert clerk.get("/api/offer/rules").json["rules"]["rules"][0]["name"] == "Half"
        assert clerk.post("/api/offer/rules", {"rules": rules}).status == 403
    finally:
        server.kill()


def test_before_the_first_batch_there_is_nothing_to_offer_for(shop: Shop, serve: Serve) -> None:
    client = Client(serve())
    assert client.get("/api/offer").json["cards"] == 0
    assert client.get("/offer", Accept="text/html").status == 200
    assert client.get("/offer/5", Accept="text/html").status == 404


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_lot_is_looked_through_changed_and_paid(
    lot: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    watched = look(serve().url + "/offer", size, theme)
    page = watched.page
    expect(page.locator(".offer-total strong").first).to_have_text("18.00 EUR")
    expect(page.locator(".offer-sum")).to_contain_text("3 put aside, not in the total")
    if theme == "light":
        is_accessible(page)
    button = page.get_by_role("button", name="Change Moss Golem")
    button.focus()
    scan(lot, Finish.NORMAL)
    price(lot, 5, 500)
    expect(page.locator(".offer-total strong").first).to_have_text("20.50 EUR")
    expect(button).to_be_focused()
    page.get_by_role("button", name="Change The Lantern Keeper of Old Harbour").click()
    page.get_by_label("Finish").select_option("foil")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".offer-total strong").first).to_have_text("44.50 EUR")
    page.get_by_role("button", name="Change Moss Golem").click()
    watched.picture(f"offer-change-{size}-{theme}")
    page.get_by_label("Cash each").fill("1.50")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".offer-total strong").first).to_have_text("46.00 EUR")
    expect(page.locator(".offer-sum")).to_contain_text("For 4 of 5 cards")
    watched.picture(f"offer-{size}-{theme}")
    page.emulate_media(media="print")
    expect(page.locator(".offer-sign")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.locator(".offer-line:not(.offer-zero) .offer-why").first).to_be_hidden()
    watched.picture(f"offer-print-{size}-{theme}")
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Paid in cash").click()
    expect(page.locator(".offer-ended")).to_contain_text("Paid in cash")
    expect(page.get_by_role("button", name="Change Moss Golem")).to_have_count(0)
    fits(page)
    watched.is_well()


@pytest.mark.browser
def test_what_we_pay_is_written_in_the_editor(lot: Shop, serve: Serve, look: Look) -> None:
    watched = look(serve().url + "/rules/buying", "390")
    page = watched.page
    first = page.locator(".rule-edit:nth-child(1)")
    expect(first.locator(".words")).to_have_text(
        "If price is 20.00 EUR or more: 60% in cash or 75% in credit."
    )
    first.locator("summary").click()
    first.get_by_label("Percent in cash").fill("55")
    bulk = page.locator(".rule-edit:nth-child(5)")
    bulk.locator("summary").click()
    bulk.get_by_label("How it pays").select_option("no")
    expect(bulk.locator(".words")).to_have_text("If price is known: not bought.")
    page.get_by_label("LP").fill("80")
    page.get_by_label("Round each offer down to").select_option("25")
    is_accessible(page)
    watched.picture("offer-rules-390-light")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/offer")
    expect(page.locator(".offer-total strong").first).to_have_text("16.50 EUR")
    row = lot.store.rule_set("offer", "Buying")
    assert row is not None
    assert row.content["factors"]["LP"] == 80
    assert row.content["rules"][4]["buy"] is False
    watched.is_well()
