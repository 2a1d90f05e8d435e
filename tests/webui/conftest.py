"""The page's tests: a real server in its own process, a real log, a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.webui.served import CHROMIUM, FLAGS, SIZES, PageProcess, Watched
from tests.webui.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "data")
    yield shop
    shop.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., PageProcess]]:
    """Start `counterscan web` over the shop's data; every one ends with the test."""
    started: list[PageProcess] = []

    def start(port: int = 0) -> PageProcess:
        started.append(PageProcess(tmp_path / "data", port))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(
            f"{CHROMIUM} is missing: run `make test`, which installs it.",
            pytrace=False,
        )
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open an address in a fresh profile, at a width and in a theme."""
    contexts = []

    def open_page(url: str, size: str = "1280", theme: str = "light") -> Watched:
        context = browser.new_context(viewport=SIZES[size], color_scheme=theme, locale="en-GB")  # type: ignore[arg-type]
        contexts.append(context)
        watched = Watched(context.new_page())
        page = watched.page
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on("console", watched.hear)
        page.on("request", lambda request: watched.hosts.add(urlsplit(request.url).netloc))
        page.goto(url)
        page.wait_for_selector(
            'body:not(:has(#link)), #link[data-link="live"], #link[data-link="asking"]'
        )
        return watched

    yield open_page
    for context in contexts:
        context.close()
