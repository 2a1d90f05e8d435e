"""`counterscan cloud serve`: takes in what devices send, publishes prices, and runs the jobs."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from contextlib import ExitStack

from sync.cloud.api.deliverer import Deliverer
from sync.cloud.api.server import ApiServer
from sync.cloud.config import CloudConfig
from sync.cloud.ingest_worker import IngestWorker
from sync.cloud.opening import add_config_argument, config_of, open_store, until_told
from sync.cloud.postgres import INTAKE
from sync.cloud.scheduler import Scheduler
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--no-ingest", action="store_true",
        help="leave the devices' rows to `cloud ingest`, of which there must be some",
    )  # fmt: skip
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until told to end. Raises CounterscanError with what to do."""
    config = config_of(args)
    pairing = config.pairing()
    told = stopping = until_told()
    with ExitStack() as stack:
        store = stack.enter_context(open_store(args, config))
        if config.redis:
            from sync.cloud.alert_asker import AlertAsker  # loads Celery

            stack.enter_context(AlertAsker(store, config))
        else:
            stack.enter_context(Scheduler(store, config))
        stack.enter_context(Deliverer(store, config))
        if config.http.serve:
            stack.enter_context(ApiServer(store, config))
        shares = bool(config.database)
        if shares and not args.no_ingest:
            taking = stack.enter_context(open_store(args, config, INTAKE))
            stopping = _with_worker(stack, taking, config, stopping)
        takes_rows = not shares and not args.no_ingest
        service = CloudService(
            store, pairing, takes_rows=takes_rows, judges_alerts=not config.redis
        )
        service.run(stopping)
    return 0 if told() else 1


def _with_worker(
    stack: ExitStack, store: CloudStore, config: CloudConfig, stopping: Callable[[], bool]
) -> Callable[[], bool]:
    """Run worker 0 beside; a worker that dies ends the process, as `stopping` then says."""
    worker = IngestWorker(store, config.pairing(), 0)
    ending = threading.Event()
    thread = threading.Thread(target=worker.run, args=(ending.is_set,), name="ingest-0")
    thread.start()
    stack.callback(thread.join)
    stack.callback(ending.set)
    return lambda: stopping() or not thread.is_alive()
