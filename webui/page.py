"""What a page of its own file brings: its place in the navigation and its routes.

A page is one file `webui/<name>.py` with `make(services) -> Blueprint`, which serves `/<name>` and
its JSON twin `/api/<name>`, and `PAGE`, one line of `webui/app.py`'s list. Each route of the twin
is described by `describe` of `webui/describe.py`. Its template extends `base.html`; a module of its
own JavaScript sends what a person asks with `send` of `shared.js`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint

from scanner.catalog.references import References
from scanner.config_change import Sources
from scanner.http.metrics import Meters
from webui.access import Role
from webui.book import Book
from webui.gate import Gate
from webui.hub import Hub
from webui.log_view import LogView
from webui.remote_trail import RemoteTrail
from webui.samples import Sampler
from webui.upload_folder import FolderWatcher
from webui.upload_intake import Intake
from webui.watcher import Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What runs behind the pages; `app.extensions["counterscan"]`.

    `currency` tells the one that the shop's prices are shown in; `restart` has this process end
    once it has answered, to be started anew.
    """

    data_dir: Path
    view: LogView
    hub: Hub
    watcher: Watcher
    references: References
    book: Book
    gate: Gate
    sources: Sources
    sampler: Sampler
    meters: Meters
    intake: Intake
    folder: FolderWatcher
    remote: RemoteTrail
    currency: Callable[[], str]
    restart: Callable[[], None]

    def stop(self) -> None:
        """End every open stream and the watcher, and close the log and the page's book."""
        self.hub.close()
        self.folder.stop()
        self.watcher.stop()
        self.sampler.stop()
        self.remote.stop()
        self.view.close()
        self.references.close()
        self.book.close()


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the navigation. `icon` is a symbol of `_icons.html` without its `i-`.

    Who has not the `role` is not shown the entry; what the page itself allows its routes say.
    `also` are addresses of further pages that belong to it.
    """

    title: str
    path: str
    icon: str
    make: Callable[[Services], Blueprint]
    role: Role = "counter"
    also: tuple[str, ...] = ()


def is_here(page: Page, path: str) -> bool:
    """Tell whether `path` is the page, lies below it, or belongs to it."""
    return any(
        path == begin or (begin != "/" and path.startswith(f"{begin}/"))
        for begin in (page.path, *page.also)
    )
