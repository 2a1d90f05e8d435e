"""`counterscan sync`: the exchange with the cloud.

It ends to be started anew where the page asks for it, so that changed settings count, or where the
device is paired anew. Where a wrong pairing
keeps it from working and somebody would start it again, it waits for the pairing to be mended.
"""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from scanner.config import Settings
from scanner.errors import ConfigError, StoreError, UsageError
from scanner.store import Store
from scanner.store_sync import LinkKind
from scanner.supervisor import AGAIN, is_kept_alive
from sync.agent import Agent
from sync.enrol import enrol
from sync.fleet import Fleet
from sync.page_restart import RestartOrder
from sync.pairing import read_pairing

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_OF_A_PAIRING = frozenset({".toml", ".pem", ".crt", ".cer", ".key"})

_Files = Mapping[str, int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the one thing that is done beside exchanging: pairing this device with a cloud."""
    parser.epilog = (
        "Without more, this exchanges with the cloud until told to end. enrol pairs this device "
        "with the cloud at URL, by a CODE that somebody made there (docs/CLOUD-API.md)."
    )
    parser.add_argument("what", nargs="?", choices=("enrol",), help="pair with a cloud")
    parser.add_argument("url", nargs="?", metavar="URL", help="the cloud's address")
    parser.add_argument("code", nargs="?", metavar="CODE", help="the code that was made there")
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE",
        help="for enrol: who signed the cloud's certificate, where this system does not know them",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Exchange until told to end. Raises ConfigError where this device is not rightly paired."""
    settings: Settings = args.settings
    if args.what == "enrol":
        return _enrol(settings, args.url, args.code, args.ca_file)
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: signals.append(number))
    before = _pairing_files(settings)
    try:
        return _exchange(settings, signals)
    except ConfigError as error:
        _tell_page(settings, str(error))
        if not is_kept_alive():
            raise
        log.error("%s Everything else goes on; this waits until it is mended.", error)
        return _await_mending(settings, signals, before)


def _exchange(settings: Settings, signals: list[int]) -> int:
    file = settings.sync.file(settings.data_dir)
    before = _changed_at([file])
    pairing = read_pairing(file)
    of_tls = (pairing.ca_file, pairing.cert_file, pairing.key_file)
    files = [file, *(path for path in of_tls if path is not None)]
    before |= _changed_at(files[1:])
    with _open(settings, signals) as store:
        restart = RestartOrder(store, is_kept_alive=is_kept_alive())
        fleet = Fleet(settings, store, pairing)
        agent = Agent(store, pairing, page=_page(settings), fleet=fleet)

        def is_new() -> bool:
            return is_kept_alive() and _changed_at(files) != before

        agent.run(lambda: bool(signals) or restart.look() or is_new())
        starts_again = restart.is_given or is_new()
    return AGAIN if starts_again and not signals else 0


def _await_mending(settings: Settings, signals: list[int], before: _Files) -> int:
    """Return once something beside the pairing has changed, or the page asks for a start."""
    with _open(settings, signals) as store:
        restart = RestartOrder(store, is_kept_alive=True)
        while not signals:
            if restart.look() or _pairing_files(settings) != before:
                return AGAIN
            time.sleep(_LOOK_EVERY_S)
    return 0


def _changed_at(files: Sequence[Path]) -> dict[str, int]:
    """When each file was last changed; one that is gone is not in it."""
    found = {}
    for path in files:
        with suppress(OSError):
            found[str(path)] = path.stat().st_mtime_ns
    return found


def _pairing_files(settings: Settings) -> _Files:
    """What lies where the pairing does: its file, certificates and keys, and when each changed."""
    folder = settings.sync.file(settings.data_dir).parent
    found = {}
    with suppress(OSError):
        for path in folder.iterdir():
            if path.suffix in _OF_A_PAIRING:
                found[path.name] = path.stat().st_mtime_ns
    return found


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


def _enrol(settings: Settings, url: str | None, code: str | None, ca_file: Path | None) -> int:
    if not url or not code:
        raise UsageError("say where and with which code: counterscan sync enrol URL CODE")
    file = settings.sync.file(settings.data_dir)
    user = enrol(url, code, file, ca_file=ca_file)
    print(f"this device is {user} to the cloud from now on; {file} has its password")
    print("on an appliance start the exchange now: sudo systemctl restart counterscan-sync")
    return 0


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
            return Store.open(
                settings.data_dir, role="sync", wait_s=_LOOK_EVERY_S,
                price_order=settings.prices.order,
            )  # fmt: skip
        except StoreError as error:
            if signals:
                raise
            if str(error) != said:
                log.warning("%s", error)
                said = str(error)
            time.sleep(_LOOK_EVERY_S)
