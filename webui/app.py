"""Puts the page together. It reads the log and the preview, and adds commands; nothing more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask, request

from scanner.catalog.references import References
from webui import live, review
from webui.hub import Hub
from webui.log_view import LogView
from webui.page import Page, Services, is_here
from webui.security import protect
from webui.watcher import Watcher

PAGES: tuple[Page, ...] = (live.PAGE, review.PAGE)
"""Every page, in the navigation's order: Live, Review, Batches, Inventory, Rules, Settings, Health.

A page that is not written yet is not here, so that nothing links to it.
"""

MAX_STREAMS = 16
"""Open pages that are told the news; further ones ask every few seconds."""


def create_app(data_dir: Path, *, on_death: Callable[[], None] = lambda: None) -> Flask:
    """Return the pages over the log in `data_dir`, which need not exist yet.

    `on_death` is called if the thread that notices news dies; the server should then end, so that
    it is started anew.
    """
    app = Flask(__name__)
    app.url_map.merge_slashes = False  # a doubled slash is a wrong address, not a redirect
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    protect(app)
    view = LogView(data_dir.absolute(), app.jinja_env)
    hub = Hub(MAX_STREAMS)
    references = References(view.data_dir, lambda: view.store().packs_used())
    behind = Services(view.data_dir, view, hub, Watcher(view, hub, on_death), references)
    app.extensions["counterscan"] = behind
    for page in PAGES:
        app.register_blueprint(page.make(behind))
    app.context_processor(_navigation)
    return app


def _navigation() -> dict[str, object]:
    here = next((page for page in PAGES if is_here(page, request.path)), None)
    return {"pages": PAGES, "here": here}


def services(app: Flask) -> Services:
    """Return what runs behind `app`."""
    found = app.extensions["counterscan"]
    assert isinstance(found, Services)
    return found


def worker_threads() -> int:
    """Return how many server threads serve `MAX_STREAMS` streams and short requests beside them."""
    return MAX_STREAMS + 8
