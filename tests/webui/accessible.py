"""What hinders people on a page, found by axe-core in the browser that shows it."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
AXE = Path(__file__).parent / "axe/node_modules/axe-core/axe.min.js"
_SERIOUS = ("serious", "critical")


@cache
def _axe() -> str:
    if not AXE.exists():
        subprocess.run([ROOT / "tools/axe.sh"], check=True, cwd=ROOT, timeout=600)
    return AXE.read_text(encoding="utf-8")


def is_accessible(page: Page) -> None:
    """Check that axe-core finds nothing serious on the page as it stands now."""
    found = hindrances(page)
    assert not found, "\n".join(found)


def hindrances(page: Page) -> list[str]:
    """Return each serious or critical violation with the elements that it is about.

    Nothing moves meanwhile, be it there already or come just now: text that fades in has less
    contrast than it is about to have.
    """
    page.emulate_media(reduced_motion="reduce")  # base.css: then nothing is animated
    page.evaluate(_axe())  # not as a script of the page: its own policy refuses those
    told = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    page.emulate_media(reduced_motion="null")
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: "
        + "; ".join(f"{node['target']} {node['failureSummary'][:200]}" for node in nodes[:5])
        for violation in told["violations"]
        if violation["impact"] in _SERIOUS and (nodes := violation["nodes"])
    ]
