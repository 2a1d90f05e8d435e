"""The page's tests: a real server in its own process, a real log, a real Chromium."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from shop import Shop

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES: dict[str, ViewportSize] = {
    "390": {"width": 390, "height": 844},
    "1280": {"width": 1280, "height": 800},
}
SCREENSHOTS = Path(__file__).parent / "screenshots"


class PageProcess:
    """`counterscan web` as its own process."""

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        words = ["--data", str(data_dir), "web", "--host", "127.0.0.1", "--port", str(port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scanner.cli", *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found, f"the page did not say where it is: {line!r}"
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Ask it to end, as systemd does, and return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=10)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(timeout=10)


@dataclass
class Watched:
    """A page whose console, requests and errors are kept."""

    page: Page
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def picture(self, name: str) -> None:
        """Keep a screenshot for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


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
            f"{CHROMIUM} is missing: run `make test`, which installs it, or `apt install chromium`.",
            pytrace=False,
        )
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
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on(
            "console",
            lambda message: watched.errors.append(message.text) if message.type in ("error", "warning") else None,
        )  # fmt: skip
        page.on("request", lambda request: watched.hosts.add(urlsplit(request.url).netloc))
        page.goto(url)
        page.wait_for_selector('#link[data-link="live"], #link[data-link="asking"]')
        return watched

    yield open_page
    for context in contexts:
        context.close()
