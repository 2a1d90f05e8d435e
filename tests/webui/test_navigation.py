"""The way from page to page: one list of pages, a bar for the thumb on a phone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Blueprint, render_template_string
from playwright.sync_api import expect
from werkzeug.serving import make_server

import webui.app
from tests.webui.served import SIZES, Watched, fits
from tests.webui.shop import Shop
from webui.page import Page, Services, is_here

Look = Callable[..., Watched]


def further(title: str) -> Page:
    """A page as its own file would bring it."""

    def make(_services: Services) -> Blueprint:
        blueprint = Blueprint(title.lower(), __name__)

        @blueprint.get(f"/{title.lower()}")
        def page() -> str:
            return render_template_string(
                '{% extends "base.html" %}{% block body %}<main id="main">'
                f'<h1>{title}</h1><p id="link" data-link="live"></p></main>{{% endblock %}}'
            )

        return blueprint

    return Page(title, f"/{title.lower()}", title.lower(), make)


@pytest.fixture
def seven_pages(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a page with all seven entries, whatever is written already."""
    titles = ("Review", "Batches", "Inventory", "Rules", "Settings", "Health")
    live = webui.app.PAGES[0]
    monkeypatch.setattr(webui.app, "PAGES", (live, *map(further, titles)))
    app = webui.app.create_app(tmp_path / "data", door=webui.app.Door(is_open=True))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    webui.app.services(app).stop()
    server.shutdown()
    thread.join(60)
    server.server_close()


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_two_presses_away(
    shop: Shop, seven_pages: str, look: Look, size: str
) -> None:
    shop.keep_showing()
    shop.start()
    shop.scan()
    watched = look(seven_pages, size)
    page = watched.page
    nav = page.get_by_role("navigation", name="Pages")
    expect(nav.get_by_role("link", name="Live")).to_have_attribute("aria-current", "page")
    if size == "390":
        expect(nav.get_by_role("link")).to_have_count(4)
        nav.get_by_text("More").click()
        watched.picture("nav-more-390")
    expect(nav.get_by_role("link")).to_have_count(7)
    watched.picture(f"nav-{size}")
    nav.get_by_role("link", name="Health").click()
    expect(page.get_by_role("heading", name="Health")).to_be_visible()
    fits(page)
    watched.is_well()


@pytest.mark.browser
@pytest.mark.parametrize("width", [720, 1020, 1180])
def test_the_row_of_pages_fits_every_width(
    shop: Shop, seven_pages: str, look: Look, width: int
) -> None:
    shop.keep_showing()
    shop.start()
    watched = look(seven_pages)
    watched.page.set_viewport_size({"width": width, "height": 700})
    expect(watched.page.get_by_role("link", name="Health")).to_be_in_viewport(ratio=1)
    fits(watched.page)
    watched.picture(f"nav-{width}")


@pytest.mark.parametrize(
    ("path", "here"),
    [("/batches", True), ("/batches/7", True), ("/batchesque", False), ("/", False)],
)
def test_a_page_is_here_for_all_that_lies_below_it(path: str, here: bool) -> None:
    assert is_here(further("Batches"), path) is here


def test_an_offer_belongs_to_the_rules_by_which_it_is_made() -> None:
    for path in ("/offer", "/offer/7", "/rules/buying"):
        [here] = [page.title for page in webui.app.PAGES if is_here(page, path)]
        assert here == "Rules"
