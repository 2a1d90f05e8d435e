"""No page hinders people: axe-core finds nothing serious, at any width and in both themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from scanner.records import Decision
from tests.webui.accessible import hindrances, is_accessible
from tests.webui.served import SIZES, PageProcess, Watched
from tests.webui.shop import Shop
from tests.webui.signed_in import paired
from webui.app import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

FURTHER = ("/settings/people", "/settings/audit", "/settings/api", "/account", "/nowhere")
OF_RULES = ("/rules/edit", "/rules/plan")
OF_BATCHES = ("/batches/1", "/batches/upload")
Look = Callable[..., Watched]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageProcess]:
    """A page over a shop in the middle of a batch."""
    shop = Shop(tmp_path_factory.mktemp("accessible") / "data")
    shop.keep_showing()
    shop.start(expected=40)
    for decision in (Decision.ACCEPTED, Decision.REVIEW, Decision.UNKNOWN, Decision.REVIEW):
        shop.scan(decision)
    server = PageProcess(shop.data_dir)
    yield server
    server.kill()
    shop.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", [*(page.path for page in PAGES), *FURTHER, *OF_RULES, *OF_BATCHES])
def test_nobody_is_hindered(filled: PageProcess, look: Look, path: str, size: str) -> None:
    page = look(f"{filled.url}{path}", size).page
    page.emulate_media(reduced_motion="reduce")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        is_accessible(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_is_hindered_at_the_door(shop: Shop, look: Look, theme: str) -> None:
    server = PageProcess(shop.data_dir, login=True)
    is_accessible(look(f"{server.url}/pair", "390", theme).page)
    server.kill()
    server, _ = paired(shop.data_dir)
    is_accessible(look(f"{server.url}/login", "390", theme).page)
    server.kill()


def test_what_hinders_is_found(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_content("<html lang=en><title>t</title><main><img src=x><button></button></main>")
    expect(page.locator("img")).to_have_count(1)
    found = " ".join(hindrances(page))
    assert "image-alt" in found
    assert "button-name" in found
    context.close()
