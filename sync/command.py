"""`counterscan sync`: the exchange with the cloud."""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import time
from contextlib import suppress

from scanner.config import Settings
from scanner.errors import ConfigError, StoreError
from scanner.store import Store
from scanner.store_sync import LinkKind
from sync.agent import Agent
from sync.pairing import read_pairing

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: everything is in the pairing file and in the settings."""
    parser.epilog = "docs/SYNC.md says how a device is paired."


def run(args: argparse.Namespace) -> int:
    """Exchange until told to end. Raises ConfigError where this device is not rightly paired."""
    settings: Settings = args.settings
    try:
        return _exchange(settings)
    except ConfigError as error:
        _tell_page(settings, str(error))
        raise


def _exchange(settings: Settings) -> int:
    pairing = read_pairing(settings.sync.file(settings.data_dir))
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: signals.append(number))
    with _open(settings, signals) as store:
        Agent(store, pairing, page=_page(settings)).run(lambda: bool(signals))
    return 0


def _tell_page(settings: Settings, problem: str) -> None:
    """Say on the page what a person must mend; nothing where no pairing was tried."""
    if not settings.sync.file(settings.data_dir).exists():
        return
    # Where there is no log yet, the console and the journal say it all the same.
    with (
        suppress(StoreError),
        Store.open(settings.data_dir, role="sync", wait_s=_LOOK_EVERY_S) as store,
    ):
        store.add_sync_event(LinkKind.REFUSED, problem)


def _page(settings: Settings) -> str:
    """The page's address for a dashboard in the shop; "" where none is to know of this device."""
    if not settings.sync.home_assistant:
        return ""
    return f"http://{socket.gethostname()}.local:{settings.web.port}/"


def _open(settings: Settings, signals: list[int]) -> Store:
    """The log, as soon as the feed process has made it."""
    said = ""
    while True:
        try:
            return Store.open(settings.data_dir, role="sync", wait_s=_LOOK_EVERY_S)
        except StoreError as error:
            if signals:
                raise
            if str(error) != said:
                log.warning("%s", error)
                said = str(error)
            time.sleep(_LOOK_EVERY_S)
