"""What devices are told of theirs that is on disk."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Engine, event, text

from sync.cloud.store import CloudStore
from sync.cloud.teller import Teller
from sync.link import Outcome, Verdict
from sync.protocol_rows import UP
from tests.sync.test_intake import message, scan
from tests.sync.test_wire import LOG


class Heard:
    """A broker's ear: what was published, and under which number."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        assert retain
        self.messages.append((topic, json.loads(payload)))
        return len(self.messages)


def stale(cloud: CloudStore) -> int:
    with cloud.log.read() as session:
        query = text("SELECT count(*) FROM received WHERE up_to <> told")
        return int(session.connection().execute(query).scalar_one())


def test_many_devices_are_told_at_once_and_it_is_noted_in_one_go(
    either_cloud: CloudStore,
) -> None:
    count, heard = 60, Heard()
    either_cloud.take(
        [message("scan", 0, [scan(1), scan(2)], f"device-{number}") for number in range(count)]
    )
    teller = Teller(either_cloud, tell_every_s=0)
    teller.step(heard)  # type: ignore[arg-type]
    assert {topic.split("/")[3] for topic, _ in heard.messages} == {
        f"device-{number}" for number in range(count)
    }
    assert heard.messages[0][1] == {"log": LOG, "up_to": dict.fromkeys(UP, 0) | {"scan": 2}}
    for number in range(1, count + 1):
        assert teller.answered(Outcome(number, Verdict.KEPT))
    assert stale(either_cloud) == count
    written: list[str] = []

    def watch(*said: Any) -> None:
        if said[2].startswith("UPDATE"):
            written.append(said[2])

    either_cloud.take([message("scan", 2, [scan(3)], "device-0")])
    event.listen(Engine, "before_cursor_execute", watch)
    try:
        teller.step(heard)  # type: ignore[arg-type]
    finally:
        event.remove(Engine, "before_cursor_execute", watch)
    assert len(written) == 1
    assert stale(either_cloud) == 1
    assert len(heard.messages) == count + 1
    assert heard.messages[-1][1]["up_to"]["scan"] == 3


def test_a_device_of_which_nothing_is_known_is_told_so(either_cloud: CloudStore) -> None:
    teller, heard = Teller(either_cloud, tell_every_s=0), Heard()
    teller.came_online("new", LOG)
    teller.step(heard)  # type: ignore[arg-type]
    teller.step(heard)  # type: ignore[arg-type]
    assert [said["up_to"] for _, said in heard.messages] == [dict.fromkeys(UP, 0)]
