"""A broker whose access list is older than rules for all scanners: told, and tried again."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from scanner.store import Store
from scanner.store_sync import LinkKind
from sync.bench_broker import Broker
from sync.cloud.store import CloudStore
from tests.sync.conftest import DEVICE, Running, agent, service, until
from tests.sync.test_shared_rules import in_the_cloud, scanners


def test_an_old_access_list_is_told_and_what_was_said_goes_out_once_it_is_mended(
    broker: Broker, cloud_store: CloudStore, running: Running, tmp_path: Path
) -> None:
    access = broker.folder / "acl"
    todays = access.read_text(encoding="utf-8")
    access.write_text(re.sub(r".*/up/shared_rules\n", "", todays), encoding="utf-8")
    broker.restart()
    with scanners(tmp_path) as (first, _):
        running.start(service(cloud_store, broker.port))
        running.start(agent(first.sync, broker.port))
        until(lambda: stands(first.page) == LinkKind.CONNECTED)
        first.keep("Dear")
        until(lambda: stands(first.page) == LinkKind.RULES_REFUSED)
        event = first.page.sync_event()
        assert event is not None
        assert "access list is out of date" in event.detail
        assert "counterscan cloud broker-acl" in event.detail
        assert in_the_cloud(cloud_store) == []
        assert first.names() == ["Dear"], "it holds here meanwhile"
        access.write_text(todays, encoding="utf-8")
        os.kill(broker.process_id, signal.SIGHUP)  # as after an update: nobody is cut off
        until(lambda: in_the_cloud(cloud_store) == ["Dear"])
        until(lambda: stands(first.page) == LinkKind.CONNECTED)
        running.stop()
    with cloud_store.log.read() as session:
        assert session.connection().exec_driver_sql(
            "SELECT device FROM shared_rule"
        ).scalars().all() == [DEVICE]


def stands(page: Store) -> str:
    event = page.sync_event()
    return "" if event is None else str(event.kind)
