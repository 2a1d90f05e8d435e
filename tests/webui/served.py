"""The page as its own process, and a browser's page that is listened to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, ViewportSize

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
    """`counterscan web` as its own process; without login, unless a test is about that."""

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *options: str,
        login: bool = False,
        kept_alive: bool = False,
    ) -> None:
        keeper = {"STARTED_BY_COUNTERSCAN_RUN": str(os.getpid())} if kept_alive else {}
        words = ["--data", str(data_dir), "web", "--host", "127.0.0.1", "--port", str(port)]
        words += [*([] if login else ["--no-login"]), *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scanner.cli", *words],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **keeper},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found, f"the page did not say where it is: {line!r}"
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def next_line(self) -> str:
        """Wait for the next line that it says on its console."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self) -> int:
        """Ask it to end, as systemd does, and return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(timeout=60)


def fits(page: Page) -> None:
    """Wait until nothing is wider than the window: a style sheet may come after what it styles."""
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")


@dataclass
class Watched:
    """A page whose console, requests and errors are kept."""

    page: Page
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def hear(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains about."""
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def is_well(self) -> None:
        """Check that the browser had nothing to complain about and asked nobody else."""
        assert self.errors == []
        assert {host.partition(":")[0] for host in self.hosts} == {"127.0.0.1"}

    def picture(self, name: str) -> None:
        """Keep a screenshot for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
