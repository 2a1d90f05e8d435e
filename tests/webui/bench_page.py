"""Measures the page: `python -m tests.webui.bench_page`. It reports and asserts nothing.

1. From the commit of a scan to its row painted on the Live page in Chromium.
2. The API's answers to 20 clients while the demo's machine scans, and what that costs the machine:
   stretches with and without the clients alternate, and their cards per hour are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from scanner.store import Store
from tests.webui.served import CHROMIUM, FLAGS, SIZES, PageProcess
from tests.webui.shop import Shop
from webui.figures import percentile

PATHS = ("/api/live", "/api/review", "/api/batches", "/api/inventory", "/api/health", "/healthz")
CLIENTS = 20
EACH_S = 0.5
"""Each client asks twice a second, as a page that polls eagerly."""

_WATCH = """
window.painted = {};
new MutationObserver((changes) => {
  const ids = changes.flatMap((change) => [...change.addedNodes])
    .map((node) => node.dataset?.scan).filter(Boolean);
  requestAnimationFrame(() => setTimeout(() => {
    const now = performance.timeOrigin + performance.now();
    for (const id of ids) window.painted[id] ??= now;
  }));
}).observe(document.getElementById("rows"), { childList: true });
"""


def event_to_page(scans: int, gap_s: float) -> list[float]:
    """Milliseconds from each commit to the frame that shows its row."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shop = Shop(Path(folder) / "data")
        shop.keep_showing()
        shop.start(expected=scans)
        server = PageProcess(shop.data_dir)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_page(viewport=SIZES["1280"])
            page.goto(server.url)
            page.wait_for_selector('#link[data-link="live"]')
            page.evaluate(_WATCH)
            ahead_ms = _clock_ahead_ms(page)
            committed = {}
            for _ in range(scans):
                scan = shop.scan()
                committed[scan.id] = time.time() * 1000
                page.wait_for_timeout(gap_s * 1000)
            page.wait_for_function(f"Object.keys(painted).length >= {scans}")
            painted = page.evaluate("painted")
            return [painted[str(n)] - ahead_ms - at for n, at in committed.items()]
        finally:
            browser.close()
            server.kill()
            shop.close()


def _clock_ahead_ms(page: Page) -> float:
    """How far the browser's clock is ahead of Python's, by the quickest of some questions."""
    found = []
    for _ in range(20):
        before_ms = time.time() * 1000
        there_ms = page.evaluate("performance.timeOrigin + performance.now()")
        after_ms = time.time() * 1000
        found.append((after_ms - before_ms, there_ms - (before_ms + after_ms) / 2))
    return min(found)[1]


@contextmanager
def demo(folder: Path) -> Iterator[tuple[int, str]]:
    """The demo's machine at work: the page's port, and the cookie that its link gives."""
    words = ["--data", str(folder), "demo", "--cards", "5000", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "scanner.cli", *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"localhost:(\d+)/open\?link=(\S+)", line):
                drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
                yield int(found[1]), f"counterscan_session={found[2]}"
                drain.kill()
                return
        raise SystemExit("the demo did not say where its page is")
    finally:
        process.terminate()
        process.wait(30)


async def clients(port: int, cookie: str, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each answer to `CLIENTS` clients, by path."""
    took_ms: dict[str, list[float]] = {path: [] for path in PATHS}

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(number * EACH_S / CLIENTS)
        until_mono_s = time.monotonic() + seconds
        turn = number
        while time.monotonic() < until_mono_s:
            path = PATHS[turn % len(PATHS)]
            turn += 1
            began_mono_s = time.monotonic()
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
            writer.write(head.encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", answer)
            assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
            assert length
            await reader.readexactly(int(length[1]))
            took_s = time.monotonic() - began_mono_s
            took_ms[path].append(took_s * 1000)
            await asyncio.sleep(max(0.0, EACH_S - took_s))
        writer.close()

    await asyncio.gather(*(one(number) for number in range(CLIENTS)))
    return took_ms


def api_while_scanning(rounds: int, stretch_s: float) -> tuple[dict[str, list[float]], list[float]]:
    """Answers by path, and cards per hour of the stretches without and with clients."""
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)) as (port, cookie):
        took_ms: dict[str, list[float]] = {path: [] for path in PATHS}
        cards, spent_s = [0, 0], [0.0, 0.0]
        with Store.open(Path(folder), role="reader", wait_s=60) as store:
            while store.last_ids()[0] < 5:
                time.sleep(0.1)
            for turn in range(2 * rounds):
                before, began_mono_s = store.last_ids()[0], time.monotonic()
                if turn % 2:
                    for path, times in asyncio.run(clients(port, cookie, stretch_s)).items():
                        took_ms[path] += times
                else:
                    time.sleep(stretch_s)
                cards[turn % 2] += store.last_ids()[0] - before
                spent_s[turn % 2] += time.monotonic() - began_mono_s
        return took_ms, [3600 * n / s for n, s in zip(cards, spent_s, strict=True)]


def _line(name: str, times_ms: list[float]) -> str:
    half, most = percentile(times_ms, 50), percentile(times_ms, 95)
    return f"{name:<22} p50 {half:6.1f} ms   p95 {most:6.1f} ms   ({len(times_ms)})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=60, help="scans to watch on the page (60)")
    parser.add_argument("--rounds", type=int, default=3, help="stretches with clients (3)")
    parser.add_argument("--stretch", type=float, default=8.0, help="seconds of a stretch (8)")
    parser.add_argument("--json", action="store_true", help="print one JSON line")
    args = parser.parse_args()
    shown = event_to_page(args.scans, 0.25)
    took_ms, rates = api_while_scanning(args.rounds, args.stretch)
    every = [took for times in took_ms.values() for took in times]
    slowed = 1 - rates[1] / rates[0]
    if args.json:
        told = {
            "event_to_page_p95_ms": round(percentile(shown, 95), 1),
            "api_p95_ms": round(percentile(every, 95), 1),
            "feed_slowed": round(slowed, 4),
        }
        print(json.dumps(told))
        return
    print(_line("commit to row", shown))
    for path, times in took_ms.items():
        print(_line(path, times))
    print(_line(f"{CLIENTS} clients, all paths", every))
    print(f"cards per hour: {rates[0]:.0f} without them, {rates[1]:.0f} with them ({-slowed:+.1%})")


if __name__ == "__main__":
    main()
