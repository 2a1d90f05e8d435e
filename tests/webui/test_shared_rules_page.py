"""Alert rules for all scanners of the shop on the Alerts page, in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from playwright.sync_api import expect

from scanner.alerts import read_alert
from scanner.shared_rules import made
from scanner.shop_alerts import save_alert
from scanner.store import Store
from scanner.store_sync import LinkKind
from sync.link_words import refused_message
from tests.webui.accessible import is_accessible
from tests.webui.catalog import put_catalog_in_use
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop
from tests.webui.signed_in import paired

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]
NOT_ALLOWED = ReasonCode(PacketTypes.PUBACK, identifier=0x87)
AT = datetime(2026, 5, 1, 6, tzinfo=UTC)


@pytest.fixture
def chained(shop: Shop, tmp_path: Path) -> Shop:
    """A shop whose scanner has met its cloud, which told it of a rule."""
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.keep_showing()
    watched = {"field": "list", "op": "is", "value": "Watchlist"}
    rule = read_alert({"name": "Watched", "cards": watched, "cause": "below", "amount": "5 EUR"})
    with Store.open(shop.data_dir, role="sync") as sync:
        sync.add_sync_event(LinkKind.CONNECTED, "")
        told = replace(made(rule, "Bo", AT), device="counter-2")
        sync.receive_shared_rules([told], {})
    return shop


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_rule_is_made_for_all_scanners_and_taken_back(
    chained: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    watched = look(serve().url + "/alerts", size, theme)
    page = watched.page
    rules = page.locator(".lists").first.locator("li")
    expect(rules).to_have_count(1)
    expect(rules.first).to_contain_text("All scanners changed by Bo at counter-2")
    page.get_by_role("link", name="New alert").click()
    page.get_by_label("Name", exact=True).fill("Chase cards")
    page.get_by_label("What happens").select_option("seen")
    expect(page.get_by_label("Scanners")).to_have_value("this")
    page.get_by_label("Scanners").select_option("all")
    expect(page.locator("#for-all-told")).to_contain_text("Every scanner of the shop gets it")
    page.locator("#where-title").evaluate("title => title.scrollIntoView({block: 'center'})")
    watched.picture(f"alert-edit-all-{size}-{theme}")
    is_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/alerts")
    expect(rules).to_have_count(2)
    expect(rules.first).to_contain_text("Chase cards")
    expect(rules.first).to_contain_text("the others get this once the cloud is reached")
    watched.picture(f"alerts-all-{size}-{theme}")
    is_accessible(page)
    page.get_by_role("link", name="Edit Chase cards").click()
    expect(page.get_by_label("Scanners")).to_have_value("all")
    page.get_by_label("Name", exact=True).fill("Watched")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("There is a rule called 'Watched' already")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Chase")
    page.get_by_label("Scanners").select_option("this")
    expect(page.locator("#for-all-told")).to_have_text("The other scanners lose this alert.")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/alerts")
    expect(rules.nth(1)).to_contain_text("Chase Any card, when the scanner sees it.")
    assert [rule.name for rule in chained.store.alert_rules()[0]] == ["Chase"]
    page.get_by_role("button", name="Remove Watched").click()
    expect(page.locator("#remove-text")).to_contain_text("on any scanner of the shop")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(rules).to_have_count(1)
    assert chained.store.shared_alert_rules() == []
    fits(page)


@pytest.mark.parametrize(("size", "theme"), [("390", "light"), ("1280", "dark")])
def test_a_broker_that_takes_no_rules_is_told_with_what_to_do(
    chained: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    watched = look(serve().url + "/alerts", size, theme)
    page = watched.page
    told = page.locator(".rules-refused")
    expect(page.locator("#rules li")).to_have_count(1)
    expect(told).to_have_count(0)
    with Store.open(chained.data_dir, role="web") as web:
        save_alert(web, read_alert({"name": "Chase"}), for_all=True, by="Ada")
    expect(page.locator("#rules")).to_contain_text("the others get this once the cloud is reached")
    with Store.open(chained.data_dir, role="sync") as sync:
        sync.add_sync_event(LinkKind.RULES_REFUSED, refused_message(NOT_ALLOWED))
    expect(told).to_contain_text("counterscan cloud broker-acl")
    expect(page.locator("#rules")).to_contain_text("the others do not have this: see above")
    expect(page.locator("#rules")).not_to_contain_text("once the cloud is reached")
    page.locator("#rules-title").scroll_into_view_if_needed()
    watched.picture(f"alerts-refused-{size}-{theme}")
    is_accessible(page)
    with Store.open(chained.data_dir, role="sync") as sync:
        sync.add_sync_event(LinkKind.CONNECTED, "")
    expect(told).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watched.is_well()


def test_a_scanner_that_was_never_paired_shows_no_choice(
    shop: Shop, serve: Serve, look: Look, tmp_path: Path
) -> None:
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.keep_showing()
    page = look(serve().url + "/alerts/edit").page
    expect(page.get_by_label("What happens")).to_be_visible()
    expect(page.get_by_label("Scanners")).to_have_count(0)


def test_a_rule_that_somebody_removed_elsewhere_is_not_brought_back(chained: Shop) -> None:
    [held] = chained.store.shared_alert_rules()
    server, ada = paired(chained.data_dir)
    try:
        told = ada.get("/api/alerts").json["rules"]
        assert [(rule["key"], rule["changed_on"], rule["waits"]) for rule in told] == [
            (held.key, "counter-2", False)
        ]
        body = {"rule": {"name": "Watched", "beeps": 0}, "key": held.key, "for_all": True}
        assert ada.post("/api/alerts/rules", body).status == 201
        [rule] = ada.get("/api/alerts").json["rules"]
        assert (rule["waits"], rule["rule"]["beeps"]) == (True, 0)
        assert ada.post("/api/alerts/rules/remove", {"key": held.key}).json == {"name": "Watched"}
        for gone in (
            ada.post("/api/alerts/rules", body),
            ada.post("/api/alerts/rules/remove", {"key": held.key}),
            ada.post("/api/alerts/rules", {**body, "for_all": False}),
        ):
            assert (gone.status, "removed this rule" in gone.error) == (422, True)
        assert ada.post("/api/alerts/rules/remove", {"key": "x"}).status == 400
        assert chained.store.alert_rules() == ([], {})
    finally:
        server.kill()
