"""Puts the page together. It reads the log and the preview, and adds commands; nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from webui.hub import Hub
from webui.live import make_live
from webui.log_view import LogView
from webui.security import protect
from webui.watcher import Watcher

MAX_STREAMS = 16
"""Open pages that are told the news; further ones ask every few seconds."""


@dataclass(frozen=True, slots=True)
class Services:
    """What runs behind the page; `app.extensions["counterscan"]`."""

    view: LogView
    hub: Hub
    watcher: Watcher

    def stop(self) -> None:
        """End every open stream and the watcher, and close the log."""
        self.hub.close()
        self.watcher.stop()
        self.view.close()


def create_app(data_dir: Path, *, on_death: Callable[[], None] = lambda: None) -> Flask:
    """Return the page over the log in `data_dir`, which need not exist yet.

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
    watcher = Watcher(view, hub, on_death)
    app.extensions["counterscan"] = Services(view, hub, watcher)
    app.register_blueprint(make_live(view, hub, watcher))
    return app


def services(app: Flask) -> Services:
    """Return what runs behind `app`."""
    found = app.extensions["counterscan"]
    assert isinstance(found, Services)
    return found


def worker_threads() -> int:
    """Return how many server threads serve `MAX_STREAMS` streams and short requests beside them."""
    return MAX_STREAMS + 8
