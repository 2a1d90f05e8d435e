"""`counterscan cloud serve`: one process takes in what devices send, and publishes prices."""

from __future__ import annotations

import argparse

from sync.cloud.opening import add_config_argument, config_of, open_store, until_told
from sync.cloud.service import CloudService


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until told to end. Raises CounterscanError with what to do."""
    config = config_of(args)
    pairing = config.pairing()
    stopping = until_told()
    with open_store(args, config) as store:
        CloudService(store, pairing).run(stopping)
    return 0
