"""Start, pause, resume and stop from the page: each press is one row that the feed loop reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.webui.served import SIZES, PageProcess, Watched
from tests.webui.shop import Shop

pytestmark = pytest.mark.browser

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


@pytest.mark.parametrize("size", SIZES)
def test_pause_and_resume_are_one_press_each(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    shop.keep_showing()
    shop.start()
    shop.scan()
    watched = look(serve().url, size)
    page = watched.page
    pause, resume = page.locator('[data-command="pause"]'), page.locator('[data-command="resume"]')

    pause.click()
    expect(pause).to_contain_text("Pausing…")
    [command] = shop.await_commands()
    assert (command.kind, command.argument) == ("pause", {})

    assert command.id is not None
    shop.tell("paused")
    shop.store.finish_command(command.id)
    expect(page.locator("#machine-word")).to_have_text("Paused")
    expect(pause).to_be_hidden()
    expect(resume).to_be_enabled()
    watched.picture(f"paused-{size}")

    page.keyboard.press("Space")
    [command] = shop.await_commands()
    assert command.kind == "resume"
    watched.is_well()


def test_start_asks_for_a_name_and_a_count(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing(state="idle", view="nothing")
    watched = look(serve().url, "390")
    page = watched.page
    page.locator('[data-command="start"]').click()
    watched.picture("start-390")
    page.locator("#start-name").fill("  Long box   7 ")
    page.locator("#start-expected").fill("480")
    page.locator("#start-form [type=submit]").click()
    [command] = shop.await_commands()
    assert command.kind == "start"
    assert command.argument == {"name": "Long box 7", "expected_cards": 480}
    watched.is_well()


def test_start_without_a_count_is_a_start(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing(state="idle", view="nothing")
    page = look(serve().url).page
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    [command] = shop.await_commands()
    assert command.argument["expected_cards"] == 0
    assert str(command.argument["name"]).endswith("batch 1")


def test_stop_asks_first(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing()
    shop.start()
    shop.scan()
    watched = look(serve().url)
    page = watched.page
    page.keyboard.press("x")
    expect(page.locator("#stop-dialog")).to_contain_text("The card already logged stay")
    watched.picture("stop-1280")
    page.locator("#stop-dialog [data-close]").click()
    page.keyboard.press("x")
    page.locator("#stop-form [type=submit]").click()
    [command] = shop.await_commands()
    assert command.kind == "stop"


def test_the_page_says_why_the_machine_did_not_obey(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing()
    shop.start()
    page = look(serve().url).page
    page.locator('[data-command="pause"]').click()
    [command] = shop.await_commands()
    assert command.id is not None
    shop.store.finish_command(command.id, "The machine can't pause while it is idle.")
    expect(page.locator("#toast")).to_have_text("The machine can't pause while it is idle.")
    expect(page.locator('[data-command="pause"]')).to_be_enabled()


def test_a_refused_command_says_what_to_do(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing()
    shop.start()
    page = look(serve().url).page
    page.context.clear_cookies()
    page.locator('[data-command="pause"]').click()
    expect(page.locator("#toast")).to_contain_text("Reload it and press the button again")
    expect(page.locator('[data-command="pause"]')).to_be_enabled()
    assert shop.commands() == []


def test_a_dialog_closes_by_a_press_beside_it_and_not_within(
    shop: Shop, serve: Serve, look: Look
) -> None:
    shop.keep_showing(state="idle", view="nothing")
    page = look(serve().url).page
    page.locator('[data-command="start"]').click()
    page.locator("#start-name").fill("Attic finds")
    box = page.locator("#start-dialog").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 6, box["y"] + 6)  # its own edge
    name = page.locator("#start-name").bounding_box()
    assert name is not None
    page.mouse.move(name["x"] + 40, name["y"] + 10)
    page.mouse.down()  # marks the text, and lets go outside
    page.mouse.move(2, name["y"] + 10)
    page.mouse.up()
    expect(page.locator("#start-name")).to_be_visible()
    expect(page.locator("#start-name")).to_have_value("Attic finds")
    page.mouse.click(2, 2)
    expect(page.locator("#start-dialog")).to_be_hidden()


def test_space_in_a_field_types_a_space(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing(state="idle", view="nothing")
    page = look(serve().url).page
    page.locator('[data-command="start"]').click()
    page.locator("#start-name").fill("")
    page.locator("#start-name").press_sequentially("x s")
    expect(page.locator("#start-name")).to_have_value("x s")
    assert shop.commands() == []


def test_the_shortcuts_can_be_switched_off(shop: Shop, serve: Serve, look: Look) -> None:
    shop.keep_showing()
    shop.start()
    page = look(serve().url).page
    page.keyboard.press("?")
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.locator("#stop-dialog")).to_be_hidden()
    expect(page.locator('[data-command="stop"] kbd')).to_be_hidden()
