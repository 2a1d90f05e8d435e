"""`counterscan cloud serve`: takes in what devices send, publishes prices, and runs the jobs."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from sync.cloud.api.server import ApiServer
from sync.cloud.opening import add_config_argument, config_of, open_store, until_told
from sync.cloud.scheduler import Scheduler
from sync.cloud.service import CloudService


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until told to end. Raises CounterscanError with what to do."""
    config = config_of(args)
    pairing = config.pairing()
    stopping = until_told()
    with ExitStack() as stack:
        store = stack.enter_context(open_store(args, config))
        if not config.redis:
            stack.enter_context(Scheduler(store, config))
        if config.http.serve:
            stack.enter_context(ApiServer(store, config))
        CloudService(store, pairing).run(stopping)
    return 0
