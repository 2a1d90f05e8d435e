"""No page hinders people: axe-core finds nothing serious, at any width and in both themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from scanner.records import Decision
from tests.webui.accessible import hindrances, is_accessible
from tests.webui.served import SIZES, PageProcess, Watched
from tests.webui.shop import Shop
from tests.webui.signed_in import paired
from webui.app import PAGES, create_app, services

pytestmark = pytest.mark.browser

NO_PAGES = {"/open", "/login", "/pair", "/metrics", "/healthz", "/live/frame.jpg"}
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


def every_page(data_dir: Path) -> list[str]:
    """Every address that needs nothing to be known, a batch's own, and one that is mistyped."""
    app = create_app(data_dir)
    plain = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments
    }
    services(app).stop()
    pages = {path for path in plain - NO_PAGES if not path.startswith("/api/")}
    return [*sorted(pages), "/batches/1", "/nowhere"]


@pytest.mark.parametrize("size", SIZES)
def test_nobody_is_hindered(filled: PageProcess, look: Look, tmp_path: Path, size: str) -> None:
    paths = every_page(tmp_path / "routes")
    assert {page.path for page in PAGES} < set(paths)
    found = []
    page = look(filled.url, size).page
    for path in paths:
        answer = page.goto(f"{filled.url}{path}")
        assert answer is not None
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found += [f"{path}, {theme}: {one}" for one in hindrances(page)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide == SIZES[size]["width"], f"{path} is {wide} px wide"
    assert not found, "\n".join(found)


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
