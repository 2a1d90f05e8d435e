"""Two people at one alert rule: the page tells of the other's change and overwrites none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from scanner.alerts import HeldRule, read_alert
from scanner.shared_rules import SharedRule, changed, made
from scanner.shop_alerts import save_alert
from scanner.store import Store
from scanner.store_sync import LinkKind
from tests.webui.accessible import is_accessible
from tests.webui.catalog import put_catalog_in_use
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop
from tests.webui.signed_in import paired

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]
AT = datetime(2026, 5, 1, 6, tzinfo=UTC)
FALLS = "Any card, when its price is less than {}.00 EUR."
WATCHED = {"name": "Watched", "cause": "below", "amount": "5 EUR"}


class Chain:
    """A shop whose scanner has met its cloud, and what the cloud tells it."""

    def __init__(self, shop: Shop) -> None:
        self.data_dir = shop.data_dir
        self.rule = replace(made(read_alert(WATCHED), "Bo", AT), device="counter-2")
        with Store.open(self.data_dir, role="sync") as sync:
            sync.add_sync_event(LinkKind.CONNECTED, "")
        self.tell(self.rule)

    def tell(self, rule: SharedRule) -> None:
        with Store.open(self.data_dir, role="sync") as sync:
            sync.receive_shared_rules([rule], {})

    def change(self, **content: Any) -> None:
        """Bo changes the rule on another scanner."""
        rule = read_alert({**WATCHED, **content})
        self.rule = replace(changed(self.rule, rule, "Bo", AT), device="counter-2")
        self.tell(self.rule)

    def remove(self) -> None:
        self.tell(replace(changed(self.rule, None, "Bo", AT), device="counter-2"))


@pytest.fixture
def chain(shop: Shop, tmp_path: Path) -> Chain:
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.keep_showing()
    return Chain(shop)


def test_rules_that_are_changed_elsewhere_show_without_a_reload(
    chain: Chain, serve: Serve, look: Look
) -> None:
    url = serve().url
    watched = look(url + "/alerts")
    page = watched.page
    rules = page.locator("#rules li")
    expect(rules).to_have_count(1)
    page.get_by_role("link", name="Edit Watched").focus()
    chain.change(amount="7 EUR")
    expect(rules.first).to_contain_text("less than 7.00 EUR")
    expect(page.get_by_role("link", name="Edit Watched")).to_be_focused()
    chain.tell(replace(made(read_alert({"name": "Chase"}), "Cy", AT), device="counter-3"))
    expect(rules).to_have_count(2)
    expect(rules.first).to_contain_text("Chase Any card, when the scanner sees it.")
    with Store.open(chain.data_dir, role="web") as web:
        save_alert(web, read_alert({"name": "Own"}))
    expect(rules).to_have_count(3)
    page.get_by_role("button", name="Remove Watched").click()
    chain.change(amount="9 EUR")
    expect(rules.nth(1)).to_contain_text("less than 9.00 EUR")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#toast")).to_have_text(
        "Bo at counter-2 has changed this alert meanwhile. It was not removed."
    )
    chain.remove()
    expect(rules).to_have_count(2)
    assert all("409" in error for error in watched.errors)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_an_edit_of_an_older_version_is_refused_and_keeps_what_was_typed(
    chain: Chain, serve: Serve, look: Look, size: str, theme: str
) -> None:
    watched = look(f"{serve().url}/alerts/edit?key={chain.rule.key}", size, theme)
    page = watched.page
    expect(page.locator("#words")).to_contain_text("less than 5.00 EUR")
    page.get_by_label("Name", exact=True).fill("Bargains")
    chain.change(amount="7 EUR", beeps=0)
    told = page.get_by_role("region", name="Bo at counter-2 has changed this alert meanwhile.")
    expect(told).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(told).to_be_focused()
    expect(told.locator("tbody tr")).to_have_text(
        [
            "NameWatchedBargains",
            f"When{FALLS.format(7)}{FALLS.format(5)}",
            "The buzzerstays silentbeeps twice",
        ]
    )
    expect(page.get_by_label("Name", exact=True)).to_have_value("Bargains")
    watched.picture(f"alert-changed-{size}-{theme}")
    is_accessible(page)
    fits(page)
    with Store.open(chain.data_dir, role="web") as web:
        assert web.shared_rules()[chain.rule.key] == chain.rule
        page.get_by_role("button", name="Save mine in its place").click()
        page.wait_for_url("**/alerts")
        [held] = web.shared_alert_rules()
        assert (held.rule.name, str(held.rule.money), held.rule.beeps) == (
            "Bargains",
            "5.00 EUR",
            2,
        )
        assert web.shared_rules()[chain.rule.key].version == 3
    assert all("409" in error for error in watched.errors)


def test_a_rule_that_is_removed_meanwhile_may_be_made_anew_or_taken_as_it_is(
    chain: Chain, serve: Serve, look: Look
) -> None:
    watched = look(f"{serve().url}/alerts/edit?key={chain.rule.key}", "390")
    page = watched.page
    page.get_by_label("Name", exact=True).fill("Bargains")
    chain.remove()
    told = page.get_by_role("region", name="Bo at counter-2 has removed this alert meanwhile.")
    expect(told).to_be_visible()
    watched.picture("alert-removed-390")
    expect(told.get_by_role("link", name="Leave it removed")).to_have_attribute("href", "/alerts")
    told.get_by_role("button", name="Save mine as a new alert").click()
    page.wait_for_url("**/alerts")
    expect(page.locator("#rules li")).to_contain_text(["Bargains"])
    with Store.open(chain.data_dir, role="web") as web:
        [held] = web.shared_alert_rules()
        assert held.key != chain.rule.key, "what is removed stays removed"
    watched.is_well()


def test_what_is_there_is_taken_up_in_place_of_what_was_typed(
    shop: Shop, serve: Serve, look: Look, tmp_path: Path
) -> None:
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.keep_showing()
    with Store.open(shop.data_dir, role="web") as web:
        save_alert(web, read_alert(WATCHED))
    page = look(serve().url + "/alerts/edit?name=Watched").page
    expect(page.locator("#words")).to_contain_text("less than 5.00 EUR")
    page.get_by_label("The buzzer").select_option("0")
    with Store.open(shop.data_dir, role="web") as web:
        was = HeldRule(read_alert(WATCHED))
        save_alert(web, read_alert({**WATCHED, "colour": "cyan"}), was=was)
    told = page.get_by_role("region", name="Somebody has changed this alert meanwhile.")
    told.get_by_role("link", name="Take what is there").click()
    expect(page.get_by_label("The lamp flashes")).to_have_value("cyan")
    expect(page.get_by_label("The buzzer")).to_have_value("2")
    expect(told).to_be_hidden()


def test_who_says_which_version_was_changed_overwrites_no_other(shop: Shop) -> None:
    server, ada = paired(shop.data_dir)
    try:
        rule = {"name": "Any"}
        assert ada.post("/api/alerts/rules", {"rule": rule}).status == 201
        [first] = ada.get("/api/alerts").json["rules"]
        loud = {"rule": {**rule, "beeps": 5}, "was_called": "Any", "based_on": first["version"]}
        assert ada.post("/api/alerts/rules", loud).status == 201
        [second] = ada.get("/api/alerts").json["rules"]
        assert second["version"] != first["version"]
        late = ada.post("/api/alerts/rules", loud)
        assert (late.status, "Nothing was saved" in late.error) == (409, True)
        words = ada.post("/api/alerts/rules/words", {**loud, "rule": rule}).json
        assert words["changed"]["version"] == second["version"]
        assert words["changed"]["differences"] == [
            {"what": "The buzzer", "there": "beeps 5 times", "yours": "beeps twice"}
        ]
        gone = ada.post("/api/alerts/rules/remove", {"name": "Any", "based_on": first["version"]})
        assert (gone.status, "not removed" in gone.error) == (409, True)
        right = {"name": "Any", "based_on": second["version"]}
        assert ada.post("/api/alerts/rules/remove", right).status == 200
        late = ada.post("/api/alerts/rules", {**loud, "based_on": second["version"]})
        assert (late.status, "removed or renamed" in late.error) == (409, True)
        assert ada.get("/api/alerts").json["rules"] == []
    finally:
        server.kill()


def test_a_change_that_the_cloud_tells_between_two_lines_is_not_overwritten(shop: Shop) -> None:
    chain = Chain(shop)
    before = chain.rule
    chain.change(beeps=0)
    with Store.open(shop.data_dir, role="web") as web:
        mine = changed(before, read_alert({"name": "Mine"}), "Ada", AT)
        assert not web.say_shared_rule(mine, before)
        assert web.shared_rules()[before.key] == chain.rule
        assert web.say_shared_rule(changed(chain.rule, None, "Ada", AT), chain.rule)
        assert web.shared_alert_rules() == []


def test_a_rule_that_is_gone_and_a_scanner_that_is_gone_are_told(
    chain: Chain, serve: Serve, look: Look
) -> None:
    server = serve()
    watched = look(f"{server.url}/alerts/edit?key={chain.rule.key}", "390")
    page = watched.page
    page.get_by_label("Amount in EUR").fill("900 JPY")
    expect(page.locator("#words")).to_contain_text("less than 900 JPY")
    expect(page.get_by_label("Amount", exact=True)).to_have_value("900 JPY")
    watched = look(f"{server.url}/alerts/edit?name=Nothing", "390")
    expect(watched.page.get_by_text("somebody has removed or renamed it")).to_be_visible()
    for path in ("alerts", "prices"):
        watched = look(f"{server.url}/{path}", "390")
        expect(watched.page.locator("#offline")).to_be_hidden()
    server.kill()
    expect(watched.page.get_by_text("No connection to the scanner")).to_be_visible()
    watched.picture("prices-offline-390")
    fits(watched.page)
