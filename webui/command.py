"""`counterscan web`: serves the page on the shop's network."""

from __future__ import annotations

import argparse
import os
import signal
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from scanner.config import Settings
from scanner.config_change import Sources
from scanner.errors import UsageError
from scanner.pairing_code import publish_code
from scanner.supervisor import AGAIN
from webui.addresses import page_urls
from webui.app import Door
from webui.server import PageServer

NICENESS = 5
"""Cards go first: a busy page must not slow the feed loop. Under systemd the unit says so too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `counterscan web`."""
    parser.add_argument("--host", help="address to listen on (default: the [web] setting)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any free one")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--no-login",
        action="store_true",
        help="let everybody on the network do everything, without a password",
    )
    ways.add_argument(
        "--new-code",
        action="store_true",
        help="show a pairing code though the page is paired: for a forgotten password",
    )
    ways.add_argument("--link", default="", metavar="TOKEN", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; return the exit code."""
    settings: Settings = args.settings
    host = settings.web.host if args.host is None else args.host
    port = settings.web.port if args.port is None else args.port
    if not 0 <= port <= 65535:
        raise UsageError(f"--port {port} is not a port: give a number from 0 to 65535.")
    door = Door(
        show=partial(_show, settings.data_dir),
        hide=partial(publish_code, settings.data_dir, ""),
        is_open=args.no_login or not settings.web.login,
        link_token=args.link,
        new_code=args.new_code,
    )
    given = {
        "data_dir": args.data,
        "log_level": args.log_level,
        "web__host": args.host,
        "web__port": args.port,
    }
    server = PageServer(settings.data_dir, host, port, door, Sources(args.config, given))
    # With a link the bare address would only ask for a password that nobody has.
    opened = f"open?link={args.link}" if args.link else ""
    urls = [url + opened for url in page_urls(host, server.port)]
    print("Counterscan's page: " + "  or  ".join(urls), flush=True)
    door.hide()  # what an earlier process has left
    server.open_door()
    if os.nice(0) == 0:
        os.nice(NICENESS)

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        server.end_streams()
        raise SystemExit

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    try:
        server.serve()
    finally:
        door.hide()
    if server.restarts:
        return AGAIN
    return 1 if server.died else 0


def _show(data_dir: Path, code: str) -> None:
    publish_code(data_dir, code)
    print(f"To pair the page, open it in a browser and type this code: {code}", flush=True)
