"""What an owner does on the Rules page, in Chromium: write, order, try, choose and plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from scanner.routing import Routing
from scanner.store import Store
from tests.webui.accessible import is_accessible
from tests.webui.catalog import put_catalog_in_use
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


@pytest.fixture
def scanned(shop: Shop, tmp_path: Path) -> Shop:
    put_catalog_in_use(shop.data_dir, tmp_path)
    shop.start("Saturday buylist")
    for _ in range(9):
        shop.scan()
    return shop


def kept(shop: Shop, name: str) -> dict[str, object]:
    row = shop.store.rule_set("sort", name)
    assert row is not None
    return row.content


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_rules_are_written_tried_saved_and_put_in_force(
    scanned: Shop, serve: Serve, look: Look, size: str, theme: str
) -> None:
    watched = look(serve().url + "/rules", size, theme)
    page = watched.page
    page.get_by_role("link", name="New rules").click()
    page.get_by_label("Name", exact=True).fill("Counter")
    page.get_by_role("button", name="Add a rule").click()
    first = page.locator(".rule-edit:nth-child(1)")
    first.get_by_label("Name of the rule").fill("Second tide")
    first.get_by_role("button", name="+ Condition").click()
    first.get_by_label("Value").fill("Second Tide")
    expect(first.locator(".words")).to_have_text("If set is Second Tide: bin 1.")
    page.get_by_role("button", name="Add a rule").click()
    second = page.locator(".rule-edit:nth-child(2)")
    second.get_by_label("Name of the rule").fill("Dear")
    second.get_by_role("button", name="+ Condition").click()
    second.get_by_label("What", exact=True).select_option("price")
    second.get_by_label("How", exact=True).select_option("at_least")
    second.get_by_label("Value").fill("5")
    second.get_by_text("2", exact=True).click()
    second.get_by_text("1", exact=True).click()
    expect(second.locator(".words")).to_have_text("If price is 5.00 EUR or more: bin 2.")
    second.get_by_role("button", name="Earlier").click()
    expect(page.locator(".rule-edit:nth-child(1) .words")).to_contain_text("price")
    watched.picture(f"rules-edit-{size}-{theme}")
    page.get_by_role("button", name="Try on a batch").click()
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator("#try-said")).to_contain_text("over 9 cards")
    expect(page.locator("#try-rules")).to_contain_text("Not enough known: 9")
    watched.picture(f"rules-try-{size}-{theme}")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/rules")
    expect(page.locator(".rule-set h2")).to_have_text("Counter")
    page.get_by_role("button", name="Put in force").click()
    expect(page.locator(".pill-on")).to_have_text("In force")
    watched.picture(f"rules-{size}-{theme}")
    found = kept(scanned, "Counter")["rules"]
    assert isinstance(found, list)
    assert [(each["name"], each["bins"]) for each in found] == [("Dear", [2]), ("Second tide", [1])]
    assert found[0]["when"] == {"field": "price", "op": "at_least", "value": "5 EUR"}
    chosen = scanned.store.chosen_rules("sort")
    assert chosen is not None
    assert chosen.name == "Counter"
    fits(page)
    watched.is_well()


def test_every_form_of_condition_comes_back_as_it_was(
    scanned: Shop, serve: Serve, look: Look
) -> None:
    when = {
        "all": [
            {"field": "price", "op": "between", "value": ["1.00 EUR", "5.00 EUR"]},
            {"any": [
                {"field": "set", "op": "one_of", "value": ["Second Tide", "A, with a comma"]},
                {"field": "finish", "op": "none_of", "value": ["holo", "foil"]},
                {"field": "confidence", "op": "above", "value": 97.5},
            ]},
            {"not": {"any": [
                {"field": "name", "op": "letters", "value": "A-F"},
                {"field": "fact:artist", "op": "contains", "value": "Ames"},
                {"field": "price", "op": "unknown"},
            ]}},
            {"not": {"field": "list", "op": "is", "value": "<b>Want & need</b>"}},
        ]
    }  # fmt: skip
    rules = {
        "name": "Every form",
        "rules": [
            {"name": "All", "when": when, "bins": [3, 1], "when_full": "next", "on": False},
            {"name": "Each", "bins": [2], "each": "colour"},
        ],
        "bins": [{"number": 2, "name": "Tray", "most_cards": 40, "most_copies": 4}],
        "unidentified_bin": 4,
        "rest_bin": 3,
        "review": "sort",
        "unclear": "next",
    }
    with Store.open(scanned.data_dir, role="web") as web:
        web.add_rule_set("sort", "Every form", rules)
    watched = look(serve().url + "/rules/edit?name=Every+form")
    page = watched.page
    expect(page.locator(".rule-edit:nth-child(1) .words")).to_contain_text("price is from 1.00 EUR")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/rules")
    saved = kept(scanned, "Every form")
    defaults = {"each": None, "when_full": "wait", "on": True, "when": {"all": []}}
    expected = [defaults | each for each in rules["rules"]]  # type: ignore[operator, attr-defined]
    assert saved == {**rules, "rules": expected}
    assert page.locator(".rule-line b").count() == 0
    watched.is_well()


def test_what_is_wrong_is_said_beside_the_rule(scanned: Shop, serve: Serve, look: Look) -> None:
    page = look(serve().url + "/rules/edit").page
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_role("button", name="+ Condition").click()
    page.get_by_label("What", exact=True).select_option("price")
    page.get_by_label("Value").fill("cheap")
    expect(page.locator("#edit-said")).to_contain_text("Rules, no. 1, when: 'cheap' is no amount")
    expect(page.locator(".rule-wrong")).to_have_count(1)
    page.get_by_label("Value").fill("1,50")
    expect(page.locator("#edit-said")).to_be_hidden()
    expect(page.locator(".rule-wrong")).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
def test_a_preset_a_list_and_a_plan_take_a_few_taps(
    scanned: Shop, serve: Serve, look: Look, size: str
) -> None:
    watched = look(serve().url + "/rules", size)
    page = watched.page
    page.get_by_role("button", name="New list").click()
    page.get_by_label("Name", exact=True).fill("Want list")
    page.get_by_label("Cards, one a line").fill("Ember Fox\nGlass Archer")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".lists")).to_contain_text("Want list 2 lines")
    page.get_by_role("button", name="Pick a list").click()
    page.wait_for_url("**/rules/edit?name=Pick%20a%20list")
    page.get_by_role("link", name="All rules").click()
    page.get_by_role("link", name="Plan for many sets").click()
    page.get_by_label("Bins of the machine").fill("3")
    page.get_by_role("button", name="Make the plan").click()
    expect(page.locator("#plan h2")).to_contain_text("3 sets, one stack in order: 2 passes")
    page.get_by_role("button", name="Use these rules").first.click()
    expect(page.locator("#toast")).to_contain_text("in force from the next batch on")
    watched.picture(f"rules-plan-{size}-light")
    chosen = scanned.store.chosen_rules("sort")
    assert chosen is not None
    assert chosen.name == "Plan, pass 1 of 2"
    page.goto(page.url.replace("/plan", ""))
    page.locator(".rule-set", has_text="Pick a list").get_by_role("button", name="Remove").click()
    page.locator("#remove-dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(".rule-set")).to_have_count(1)
    watched.is_well()


def test_who_is_quicker_than_the_pages_script_loses_nothing(
    scanned: Shop, serve: Serve, look: Look
) -> None:
    url = serve().url
    watched = look(url + "/rules")
    page = watched.page
    on_the_way: list[Route] = []
    page.route("**/static/rules_plan.js", lambda route: on_the_way.append(route))
    page.goto(url + "/rules/plan", wait_until="commit")
    page.get_by_label("Bins of the machine").fill("3")
    page.get_by_label("Sets of").select_option("the list that I type")
    page.get_by_role("button", name="Make the plan").click()
    expect(page.get_by_label("Sets in the order wanted")).to_be_hidden()
    [script] = on_the_way
    script.continue_()
    expect(page.get_by_label("Sets in the order wanted")).to_be_visible()
    expect(page.locator("#toast")).to_contain_text("Name the sets")
    expect(page.get_by_label("Bins of the machine")).to_have_value("3")
    assert page.url == url + "/rules/plan"


def test_an_emptied_bin_is_told_to_the_machine(scanned: Shop, serve: Serve, look: Look) -> None:
    for rule in ("Hits", "Hits", "Bulk"):
        scanned._number += 1
        scanned.store.commit_scan(
            scanned.batch_id,
            scanned.answer(),
            feed_key=None,
            driver=scanned.driver,
            routing=Routing(3, rule, "Because."),
        )
    watched = look(serve().url + "/rules", "390")
    page = watched.page
    expect(page.locator(".held")).to_have_text("3 3 cards Hits 2, Bulk 1")
    watched.picture("rules-bins-390-light")
    is_accessible(page)
    page.get_by_role("button", name="Bin 3 was emptied").click()
    [command] = scanned.await_commands()
    assert (command.kind, command.argument) == ("bin_emptied", {"bin": 3})
    scanned.store.add_bin_emptied(3)
    scanned.store.finish_command(command.id or 0)
    expect(page.locator(".held")).to_have_count(0)
    watched.is_well()
