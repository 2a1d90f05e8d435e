"""`counterscan web`: serves the page on the shop's network."""

from __future__ import annotations

import argparse
import signal
from types import FrameType
from typing import NoReturn

from scanner.config import Settings
from scanner.errors import UsageError
from webui.addresses import page_urls
from webui.server import PageServer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `counterscan web`."""
    parser.add_argument("--host", help="address to listen on (default: the [web] setting)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any free one")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; return the exit code."""
    settings: Settings = args.settings
    host = settings.web.host if args.host is None else args.host
    port = settings.web.port if args.port is None else args.port
    if not 0 <= port <= 65535:
        raise UsageError(f"--port {port} is not a port: give a number from 0 to 65535.")
    server = PageServer(settings.data_dir, host, port)
    print("Counterscan's page: " + "  or  ".join(page_urls(host, server.port)), flush=True)

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        server.end_streams()
        raise SystemExit

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    server.serve()
    return 1 if server.died else 0
