"""A worker that is stopped, not dead, amid a transaction: the others go on, and it does once more.

To the broker and to PostgreSQL it is there and silent, and what it holds is held.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from scanner.errors import StoreError
from scanner.store import Store
from sync.bench_broker import CLOUD, Broker
from sync.bench_log import FilledLog, differences
from sync.bench_partition import End
from sync.cloud.copying import copy_text
from sync.cloud.intake import Arrived
from sync.cloud.postgres import Patience
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES, hold_all
from sync.protocol_rows import UP
from tests.sync.conftest import DEVICE, Running, agent, pairing, until
from tests.sync.test_intake import scans_from
from tests.sync.test_wire import LOG

WAIT_S = 300.0
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
_LEFT_ALONE = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'counterscan-ingest' AND state = 'idle in transaction'
"""


@pytest.fixture
def cloud(postgres_url: str, tmp_path: Path) -> Iterator[CloudStore]:
    with CloudStore(tmp_path / "cloud", postgres_url) as store:
        yield store


def asked(cloud: CloudStore, query: str) -> int:
    with cloud.log.read() as session:
        return int(session.connection().execute(text(query)).scalar_one())


@pytest.fixture
def started(broker: Broker, postgres_url: str, tmp_path: Path) -> Iterator[Callable[[int], End]]:
    """Starts a worker that is a process of its own."""
    with ExitStack() as stack:

        def start(number: int) -> End:
            end = End(f"worker-{number}", tmp_path / "cloud", broker.port, CLOUD, postgres_url)
            stack.callback(end.kill)
            end.start()
            return end

        yield start


def test_rows_that_a_frozen_worker_holds_arrive_by_another_and_it_goes_on_once_thawed(
    broker: Broker, filled: FilledLog, device_store: Store, cloud: CloudStore, running: Running,
    started: Callable[[int], End],
) -> None:  # fmt: skip
    filled.add_scans(200)  # one message: each time that it comes again it is another worker's
    log = device_store.log_name()
    frozen = started(1)
    paired = pairing(broker.port, CLOUD)
    running.start(CloudService(cloud, paired, takes_rows=False, longest_back_off_s=0.2))
    with cloud.log.write() as session:
        keys = ["\0".join((DEVICE, log, stream)) for stream in UP]
        hold_all(session.connection(), "received", keys)
        running.start(agent(device_store, broker.port))
        until(lambda: asked(cloud, _WAITING) > 0, WAIT_S)  # its rows are in, not for good
        os.kill(frozen.process_id, signal.SIGSTOP)
    until(lambda: asked(cloud, _LEFT_ALONE) > 0, WAIT_S)
    other = started(2)
    until(lambda: not differences(filled.data_dir, cloud, DEVICE), WAIT_S)
    assert cloud.received(DEVICE, log)["scan"] == 200
    os.kill(frozen.process_id, signal.SIGCONT)
    other.end()
    filled.add_scans(200)
    until(lambda: not differences(filled.data_dir, cloud, DEVICE), WAIT_S)
    assert asked(cloud, "SELECT count(*) FROM scan") == 400
    running.stop()


def copy_and_freeze(
    store: CloudStore, arrived: Sequence[Arrived], wait: Callable[[], None]
) -> None:
    """What a worker does that freezes before the last of its rows has left it."""
    names = ", ".join(f'"{column.name}"' for column in LOG_TABLES["scan"].columns)
    with store.log.write() as session:
        connection: Any = session.connection().connection
        with connection.cursor() as cursor, cursor.copy(f"COPY scan ({names}) FROM STDIN") as copy:
            messages = [(each.device, each.message) for each in arrived]
            for lines in copy_text(LOG_TABLES["scan"], messages):
                copy.write(lines)
            wait()


def test_a_worker_frozen_while_it_copies_rows_is_cut_off(
    postgres_url: str, cloud: CloudStore, tmp_path: Path
) -> None:
    """PostgreSQL waits for it for ever: to that it is not idle."""
    hasty = Patience("counterscan-ingest", idle_s=1.0, locked_s=1.0)
    rows = [scans_from(first, 1000) for first in range(1, 5001, 1000)]
    taken: list[bool] = []
    with ExitStack() as stack:
        frozen, other = (
            stack.enter_context(CloudStore(tmp_path / "cloud", postgres_url, hasty))
            for _ in range(2)
        )

        def takes() -> bool:
            with suppress(StoreError):
                other.take(rows)
                taken.append(True)
            return bool(taken)

        with pytest.raises(StoreError, match="tried again"):
            copy_and_freeze(frozen, rows, lambda: until(takes, WAIT_S))
        frozen.take([*rows, scans_from(5001, 40)])
    assert cloud.received(DEVICE, LOG) == {"scan": 5040}
    assert asked(cloud, "SELECT count(*) FROM scan") == 5040


def test_a_transaction_that_the_server_has_ended_is_made_again(
    postgres_url: str, tmp_path: Path, cloud: CloudStore
) -> None:
    hasty = Patience("counterscan-ingest", idle_s=0.2)
    with CloudStore(tmp_path / "cloud", postgres_url, hasty) as store:
        with pytest.raises(StoreError, match="tried again"):
            stay_away(store, cloud)
        store.take([scans_from(1, 40)])
    assert cloud.received(DEVICE, LOG) == {"scan": 40}


def stay_away(store: CloudStore, cloud: CloudStore) -> None:
    """Leave a transaction alone until its connection is gone, and go on with it."""
    with store.log.write() as session:
        number = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        mine = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {number}"
        until(lambda: asked(cloud, mine) == 0)
        session.connection().execute(text("SELECT 1"))
