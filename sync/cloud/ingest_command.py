"""`counterscan cloud ingest --worker N`: takes rows in beside other processes that do."""

from __future__ import annotations

import argparse

from scanner.errors import UsageError
from sync.cloud.ingest_worker import IngestWorker
from sync.cloud.opening import add_config_argument, config_of, open_store, until_told
from sync.cloud.postgres import INTAKE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--worker", type=int, default=1, metavar="N",
        help="this worker's number, from 1; each needs its own (default: 1)",
    )  # fmt: skip
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Take rows in until told to end. Raises CounterscanError with what to do."""
    if args.worker < 1:
        raise UsageError("--worker must be 1 or more; 0 is the worker within `cloud serve`")
    config = config_of(args)
    if not config.database:
        raise UsageError(
            "Workers share the load on PostgreSQL only: set database in cloud.toml (docs/SYNC.md), "
            "or let `cloud serve` alone take everything in"
        )
    pairing = config.pairing()
    stopping = until_told()
    with open_store(args, config, INTAKE) as store:
        IngestWorker(store, pairing, args.worker).run(stopping)
    return 0
