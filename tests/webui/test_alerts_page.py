"""What a clerk does on the Alerts page, in Chromium: look, acknowledge, write a rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scanner.routing import Routing
from scanner.store import Store
from scanner.tables_alerts import AlertClosedTold, AlertRaised, AlertTold
from tests.webui.accessible import is_accessible
from tests.webui.catalog import put_catalog_in_use
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop
from tests.webui.signed_in import Client, paired

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]
AS_OF = datetime(2026, 5, 1, 6, tzinfo=UTC)


@pytest.fixture
def scanned(shop: Shop, tmp_path: Path) -> Shop:
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.keep_showing()
    shop.start("Saturday buylist")
    for _ in range(5):
        shop.scan()
    return shop


def raise_one(shop: Shop, scan_id: int, rule: str = "Chase") -> str:
    answer = shop.store.present_answers([scan_id])[scan_id]
    alert = AlertRaised(
        rule=rule, cause="seen", scan_id=scan_id, game=answer.game, card_id=answer.card_id,
        name=answer.name, set_name=answer.set_name, number=answer.number,
        text="Seen by the scanner.",
    )  # fmt: skip
    shop.store.raise_alerts([alert])
    return answer.name


def tell_one(shop: Shop, scan_id: int, key: str = "a" * 32) -> str:
    answer = shop.store.present_answers([scan_id])[scan_id]
    with Store.open(shop.data_dir, role="sync") as sync:
        told = AlertTold(
            key=key, rule="Dear", cause="above", game=answer.game, card_id=answer.card_id,
            name=answer.name, set_name=answer.set_name, number=answer.number, finish="normal",
            text="23.40 EUR by tcgcsv, before 18.00 EUR: more than 20.00 EUR.", raised_at=AS_OF,
            price_as_of=AS_OF - timedelta(days=3),
            places=[{"device": "counter-2", "batch": "Long box 7", "sequence": 12, "bin": 3}],
        )  # fmt: skip
        sync.receive_alerts([told], [])
    return answer.name


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_alerts_come_by_themselves_say_where_the_card_lies_and_go_with_one_tap(
    scanned: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    watched = look(serve().url + "/alerts", size, theme)
    page = watched.page
    expect(page.get_by_text("Nothing to look at")).to_be_visible()
    title = tell_one(scanned, 2)
    told = page.locator(".alert").filter(has_text=title)
    expect(told).to_contain_text("23.40 EUR by tcgcsv")
    expect(told).to_contain_text("Saturday buylist no. 2")
    expect(told).to_contain_text("counter-2: Long box 7 no. 12, bin 3")
    expect(told).to_contain_text("raised 1 May 2026, 06:00 by the cloud")
    expect(told).to_contain_text(re.compile(r"Price of 28 Apr 2026, 06:00, \d+ days old"))
    raise_one(scanned, 3)
    expect(page.locator("#count")).to_have_text("2 open")
    expect(page.locator(".alert").first).to_contain_text("Saturday buylist no. 3")
    watched.picture(f"alerts-{size}-{theme}")
    is_accessible(page)
    page.locator(".alert").first.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#count")).to_have_text("1 open")
    page.keyboard.press("a")
    expect(page.get_by_text("Nothing to look at")).to_be_visible()
    page.reload()
    expect(page.locator(".past li")).to_have_count(2)
    assert scanned.store.alert_mark().open == 0
    fits(page)
    watched.is_well()


def test_an_alert_that_is_acknowledged_elsewhere_leaves_the_page(
    scanned: Shop, serve: Serve, look: Look
) -> None:
    tell_one(scanned, 2)
    page = look(serve().url + "/alerts").page
    expect(page.locator(".alert")).to_have_count(1)
    with Store.open(scanned.data_dir, role="sync") as sync:
        gone = AlertClosedTold(key="a" * 32, by="Bo", device="counter-2", closed_at=AS_OF)
        sync.receive_alerts([], [gone])
    expect(page.locator(".alert")).to_have_count(0)
    page.reload()
    expect(page.locator(".past li")).to_contain_text("Bo at counter-2")


def test_copies_of_one_card_are_one_entry(scanned: Shop, serve: Serve, look: Look) -> None:
    answer = scanned.answer()
    numbers = []
    for place in range(3):
        scan = scanned.store.commit_scan(
            scanned.batch_id, answer, feed_key=None, driver="x",
            routing=Routing(2, "Alerts", "It sets off an alert."),
        )  # fmt: skip
        numbers.append(scan.id or 0)
        raise_one(scanned, numbers[place])
    page = look(serve().url + "/alerts").page
    expect(page.locator(".alert")).to_have_count(1)
    expect(page.locator(".alert")).to_contain_text("×3")
    expect(page.locator(".place")).to_have_text(
        [f"Saturday buylist no. {6 + place}, bin 2 no. {1 + place}" for place in range(3)]
    )
    page.locator(".alert").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#count")).to_have_text("0 open")
    assert scanned.store.alert_mark().open == 0


@pytest.mark.parametrize("size", SIZES)
def test_a_rule_is_written_changed_and_removed(
    scanned: Shop, serve: Serve, look: Look, size: str
) -> None:
    watched = look(serve().url + "/alerts", size)
    page = watched.page
    page.get_by_role("link", name="New alert").click()
    page.get_by_label("Name", exact=True).fill("Tide rising")
    page.get_by_role("button", name="+ Condition").click()
    page.locator("#cards").get_by_label("Value").fill("Second Tide")
    page.get_by_label("What happens").select_option("changed")
    expect(page.get_by_label("Amount in EUR")).to_be_hidden()
    page.get_by_label("Percent").fill("15")
    page.get_by_label("Which way").select_option("up")
    expect(page.locator("#words")).to_have_text(
        "When set is Second Tide and its price has risen by at least 15% in 7 days."
    )
    watched.picture(f"alert-edit-{size}")
    is_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/alerts")
    rules, problems = scanned.store.alert_rules()
    assert problems == {}
    assert [(rule.name, rule.percent, rule.direction) for rule in rules] == [
        ("Tide rising", 15, "up")
    ]
    page.get_by_role("link", name="Edit Tide rising").click()
    page.get_by_label("Name", exact=True).fill("Tide")
    page.get_by_label("What happens").select_option("above")
    page.get_by_label("Amount in EUR").fill("cheap")
    expect(page.locator("#edit-said")).to_contain_text("'cheap' is no amount")
    page.get_by_label("Amount in EUR").fill("12,50")
    expect(page.locator("#words")).to_contain_text("more than 12.50 EUR")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/alerts")
    expect(page.locator(".lists li").first).to_contain_text("Tide When set is Second Tide")
    page.get_by_role("button", name="Remove Tide").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("No alerts yet.")).to_be_visible()
    assert scanned.store.alert_rules() == ([], {})
    fits(page)
    assert all("422" in error for error in watched.errors), "what is half typed is refused"


def test_a_counter_acknowledges_and_writes_no_rules(scanned: Shop) -> None:
    tell_one(scanned, 1)
    server, ada = paired(scanned.data_dir)
    try:
        made = ada.post("/api/settings/keys", {"label": "Till", "role": "counter"})
        clerk = Client(server, key=made.json["key"])
        told = clerk.get("/api/alerts").json
        assert told["count"] == 1
        assert clerk.post("/api/alerts/close", {"keys": told["open"][0]["keys"]}).json == {
            "closed": 1
        }
        assert clerk.post("/api/alerts/close", {"keys": ["a" * 32, "no"]}).json == {"closed": 0}
        assert clerk.get("/api/alerts").json["past"][0]["closed_by"] == "Till"
        rule = {"rule": {"name": "Any"}}
        assert clerk.post("/api/alerts/rules", rule).status == 403
        assert ada.post("/api/alerts/rules", rule).status == 201
        taken = ada.post("/api/alerts/rules", rule)
        assert (taken.status, "already" in taken.error) == (422, True)
        wrong = ada.post("/api/alerts/rules", {"rule": {"name": "B", "cause": "above"}})
        assert (wrong.status, "is no amount" in wrong.error) == (422, True)
        nested: dict[str, object] = {"field": "set", "op": "is", "value": "A"}
        for _ in range(200):
            nested = {"not": nested}
        assert ada.post("/api/alerts/rules", {"rule": {"name": "C", "cards": nested}}).status in (
            400, 422,
        )  # fmt: skip
        assert ada.post("/api/alerts/close", {"keys": []}).status == 400
        assert ada.post("/api/alerts/rules/remove", {"name": "nothing"}).status == 422
    finally:
        server.kill()
