"""Puts the page together. It reads the log and the preview, and adds commands; nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, current_app, g, request

from scanner.catalog.references import References
from scanner.config import Settings
from scanner.config_change import Sources
from scanner.device import device_state
from scanner.errors import ConfigError
from scanner.http.describe import Description
from scanner.http.ids import bound_numbers
from scanner.http.metrics import Meters, time_requests
from scanner.stock import currency_in_use
from webui import (
    api_page,
    batches,
    bins,
    card_alerts,
    health,
    inventory,
    live,
    offers,
    people,
    prices,
    review,
    rules,
    settings,
    sign_in,
    updates,
    uploads,
)
from webui.access import Access
from webui.addresses import page_urls
from webui.audit import Trail
from webui.book import Book
from webui.gate import Gate, guard
from webui.hub import Hub
from webui.log_view import LogView
from webui.page import Page, Services, is_here
from webui.pairing import Pairing
from webui.remote_trail import RemoteTrail
from webui.samples import Sampler
from webui.security import MAX_BODY_BYTES, protect
from webui.shared_answers import SharedAnswers
from webui.upload_folder import FolderWatcher, folder_of
from webui.upload_intake import Intake
from webui.watcher import Watcher

PAGES: tuple[Page, ...] = (
    live.PAGE,
    review.PAGE,
    batches.PAGE,
    inventory.PAGE,
    prices.PAGE,
    card_alerts.PAGE,
    rules.PAGE,
    bins.PAGE,
    settings.PAGE,
    health.PAGE,
)
"""Every page, in the navigation's order.

A page that is not written yet is not here, so that nothing links to it.
"""

FURTHER: tuple[Callable[[Services], Blueprint], ...] = (
    sign_in.make,
    people.make,
    api_page.make,
    offers.make,
    uploads.make,
    updates.make,
)
"""Routes that have no place in the navigation."""

MAX_STREAMS = 16
"""Open pages that are told the news; further ones ask every few seconds."""


@dataclass(frozen=True, slots=True)
class Door:
    """How people get in. `show` is given the pairing code as soon as there is one, `hide` is called
    once nobody need type it any more."""

    show: Callable[[str], None] = lambda _code: None
    hide: Callable[[], None] = lambda: None
    is_open: bool = False
    link_token: str = ""
    new_code: bool = False


def create_app(
    data_dir: Path,
    *,
    door: Door | None = None,
    sources: Sources | None = None,
    on_death: Callable[[], None] = lambda: None,
    on_restart: Callable[[], None] = lambda: None,
) -> Flask:
    """Return the pages over the log in `data_dir`, which need not exist yet.

    `sources` is where this process's settings came from, for the page that changes them.
    `on_death` is called if the thread that notices news dies; the server should then end, so that
    it is started anew; so it should soon after `on_restart` is called.
    """
    app = Flask(__name__)
    bound_numbers(app)
    app.url_map.merge_slashes = False  # a doubled slash is a wrong address, not a redirect
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    protect(app)
    book = Book(data_dir.absolute())
    door = door or Door()
    access, pairing = Access(book), Pairing(door.show, door.hide)
    gate = Gate(access, Trail(book), pairing, door.is_open, door.link_token, door.new_code)
    guard(app, gate)
    sources = sources or Sources(None, {"data_dir": data_dir})
    settings = _settings(sources)
    view = LogView(data_dir.absolute(), app.jinja_env, settings.prices.order)
    sampler = Sampler(book, view.store, lambda: device_state(view.data_dir))
    view.further_notices = sampler.notices
    meters = Meters()
    time_requests(app, meters, "page")
    hub = Hub(MAX_STREAMS)
    intake = Intake(view.store, view.data_dir)
    behind = Services(
        data_dir=view.data_dir,
        view=view,
        hub=hub,
        watcher=Watcher(view, hub, on_death),
        references=References(view.data_dir, lambda: view.store().packs_used()),
        book=book,
        gate=gate,
        sources=sources,
        sampler=sampler,
        meters=meters,
        intake=intake,
        folder=FolderWatcher(intake, folder_of(sources, view.data_dir)),
        remote=RemoteTrail(book, view.store),
        currency=lambda: currency_in_use(view.store(), settings.decision.currency),
        restart=on_restart,
    )
    app.extensions["counterscan"] = behind
    for page in PAGES:
        app.register_blueprint(page.make(behind))
    for make in FURTHER:
        app.register_blueprint(make(behind))
    SharedAnswers(view).share(app)
    app.context_processor(_around)
    return app


def _settings(sources: Sources) -> Settings:
    try:
        return sources.load()
    except ConfigError:  # the command has complained already
        return Settings()


def open_door(app: Flask) -> None:
    """Show a pairing code where nobody is paired yet, or where one was asked for."""
    gate = services(app).gate
    if gate.wants_code or not (gate.access.is_paired() or gate.is_open or gate.link_token):
        gate.pairing.begin()


def _around() -> dict[str, object]:
    """What every template may use, whichever page it is."""
    who = g.get("visitor")
    here = next((page for page in PAGES if is_here(page, request.path)), None)
    return {
        "pages": [page for page in PAGES if who and who.may(page.role)],
        "here": here,
        "visitor": who,
        "unwell": services(current_app).sampler.notices(),
        "open_alerts": services(current_app).view.open_alerts() if who else 0,
        "urls": page_urls("", int(request.environ.get("SERVER_PORT", 80))),
    }


def services(app: Flask) -> Services:
    """Return what runs behind `app`."""
    found = app.extensions["counterscan"]
    assert isinstance(found, Services)
    return found


def worker_threads() -> int:
    """Return how many server threads serve `MAX_STREAMS` streams and short requests beside them."""
    return MAX_STREAMS + 8


def largest_body_bytes(app: Flask) -> int:
    """Return the largest request body that any route takes."""
    described = (getattr(view, "description", None) for view in app.view_functions.values())
    sizes = (found.max_body_bytes for found in described if isinstance(found, Description))
    return max(MAX_BODY_BYTES, *sizes)
