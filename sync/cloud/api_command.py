"""`counterscan cloud api`: one process that serves the API and nothing else; several may run."""

from __future__ import annotations

import argparse
import time

from sync.cloud.api.server import ApiServer
from sync.cloud.opening import add_config_argument, config_of, open_store, until_told

_LOOK_EVERY_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until told to end. Raises CounterscanError with what to do."""
    config = config_of(args)
    stopping = until_told()
    with open_store(args, config) as store, ApiServer(store, config):
        while not stopping():
            time.sleep(_LOOK_EVERY_S)
    return 0
