"""The page that shows what programs may ask, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from sync.cloud.api.server import ApiServer
from sync.cloud.config import CloudConfig
from sync.cloud.config_api import HttpSettings
from sync.cloud.store import CloudStore
from tests.webui.accessible import is_accessible
from tests.webui.served import CHROMIUM, FLAGS, fits

pytestmark = pytest.mark.browser


def test_the_page_is_for_everybody_and_for_narrow_screens(tmp_path: Path) -> None:
    with (
        CloudStore(tmp_path) as store,
        ApiServer(store, CloudConfig(http=HttpSettings(port=0))) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for scheme, width_px in (("light", 1280), ("dark", 390)):
            page = browser.new_page(
                color_scheme=scheme,  # type: ignore[arg-type]
                viewport={"width": width_px, "height": 900},
            )
            problems: list[str] = []
            page.on("console", lambda told, said=problems: said.append(told.text))
            page.set_default_timeout(60_000)
            page.goto(f"http://127.0.0.1:{server.port}/")
            operation = page.locator("details").filter(has_text="/api/v1/card/history")
            operation.locator("summary").click()
            expect(operation.get_by_text("Days back from now")).to_be_visible(timeout=60_000)
            fits(page)
            is_accessible(page)
            assert problems == []
        browser.close()
