"""Puts the API together: the gate, the routes, what they work on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from scanner.http.describe import Description
from scanner.http.ids import bound_numbers
from scanner.http.metrics import Meters, time_requests
from sync.cloud import files
from sync.cloud.api import (
    alert_routes,
    api_page,
    audit_routes,
    card_routes,
    collection_routes,
    device_routes,
    fleet_routes,
    key_routes,
    operations,
    release_routes,
    rule_routes,
    sign_in,
    upload_routes,
)
from sync.cloud.api.accounts import Accounts
from sync.cloud.api.audit import Trail
from sync.cloud.api.broker_files import BrokerFiles
from sync.cloud.api.dates import Json
from sync.cloud.api.deliverer import webhooks_of
from sync.cloud.api.devices import Devices
from sync.cloud.api.gate import MAX_BODY_BYTES, Gate, guard
from sync.cloud.api.kept_answers import KeptAnswers
from sync.cloud.api.keys import ApiKeys
from sync.cloud.api.rates import OwnRates, Rates, SharedRates
from sync.cloud.api.tokens import TokenKeys
from sync.cloud.api.usage import Usage
from sync.cloud.config import CloudConfig
from sync.cloud.releases import Releases
from sync.cloud.store import CloudStore
from sync.cloud.uploads import Uploads

log = logging.getLogger(__name__)

TOKEN_KEYS = "token_keys"


@dataclass(frozen=True, slots=True)
class Services:
    """What runs behind the API."""

    store: CloudStore
    config: CloudConfig
    gate: Gate
    devices: Devices
    kept: KeptAnswers
    meters: Meters
    uploads: Uploads


def token_keys_file(data_dir: Path, config: CloudConfig) -> Path:
    """Where the keys that sign tokens are."""
    return data_dir / (config.http.token_keys or TOKEN_KEYS)


def accounts_of(store: CloudStore, config: CloudConfig) -> Accounts:
    """The people of a cloud. Raises ConfigError where the file of keys is wrong."""
    return Accounts(store, TokenKeys(token_keys_file(store.data_dir, config)))


def create_app(
    store: CloudStore,
    config: CloudConfig,
    *,
    rates: Rates | None = None,
    look_every_s: float | None = None,
) -> Flask:
    """Return the API over an open database.

    Args:
        store: the database.
        config: the cloud's settings.
        rates: who counts requests; by default this process, or Redis where the settings name one.
        look_every_s: how often cards and prices are looked at for a change, where not as usual.

    Raises:
        ConfigError: a file with secrets is wrong.
    """
    app = Flask(__name__)
    app.json = Json(app)
    bound_numbers(app)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    if rates is None:
        rates = SharedRates(config.redis) if config.redis else OwnRates()
    gate = Gate(
        accounts_of(store, config), ApiKeys(store), rates, Usage(store, config.http), Trail(store)
    )
    guard(app, gate)
    meters = Meters()
    time_requests(app, meters, "api")
    broker_files = BrokerFiles(config.mosquitto, config.user)
    kept = KeptAnswers(store) if look_every_s is None else KeptAnswers(store, look_every_s)
    meters.add(kept.metrics)
    uploads = Uploads(store.data_dir / "releases" / "uploads", config.files.upload_mb)
    behind = Services(
        store, config, gate, Devices(store, broker_files, config.user), kept, meters, uploads
    )
    app.extensions["counterscan"] = behind
    releases = Releases(store.data_dir, config.files.url)
    for blueprint in (
        sign_in.make(gate),
        key_routes.make(gate, config.http.cost_currency),
        device_routes.make(behind.devices, config),
        fleet_routes.make(store, behind.devices),
        card_routes.make(store, config.http),
        collection_routes.make(store, config.http),
        alert_routes.make(store, webhooks_of(store, config)),
        rule_routes.make(store),
        audit_routes.make(gate.trail),
        operations.make(store, config, meters),
        upload_routes.make(uploads),
        release_routes.make(store, config, releases, uploads),
        files.make(releases.files),
        api_page.make(),
    ):
        app.register_blueprint(blueprint)
    kept.share(app)
    return app


def services(app: Flask) -> Services:
    """Return what runs behind `app`."""
    found = app.extensions["counterscan"]
    assert isinstance(found, Services)
    return found


def largest_body_bytes(app: Flask) -> int:
    """Return the largest request body that any route takes."""
    described = (getattr(view, "description", None) for view in app.view_functions.values())
    sizes = (found.max_body_bytes for found in described if isinstance(found, Description))
    return max(MAX_BODY_BYTES, *sizes)


def upkeep(app: Flask) -> list[tuple[str, float, Callable[[], object]]]:
    """What is to be done beside answering: a name, every how many seconds, and what."""
    behind = services(app)
    return [
        ("usage", 1.0, behind.gate.usage.flush),
        ("broker files", 10.0, behind.devices.tell_broker),
        ("uploads", 3600.0, behind.uploads.all),
    ]
