"""One device's messages must stop nobody else's: whatever they hold, they are taken in or refused.

A message that the cloud can't put on disk would come again for ever, before all others.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from scanner.card_facts import CardFacts
from scanner.price_feed import PriceTold
from sync.cloud.alert_judge import AlertJudge
from sync.cloud.alert_store import message
from sync.cloud.alert_store import payload as payload_of_alerts
from sync.cloud.api.app import create_app
from sync.cloud.config import CloudConfig
from sync.cloud.ingest import Ingest
from sync.cloud.intake import MOST_EARLY, Arrived, Progress, advanced
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.rule_store import message as payload_of_rules
from sync.cloud.store import CloudStore, Refused
from sync.protocol import Alerts, DeviceState, PriceSnapshot, ShopRules, device_topic
from sync.protocol_fleet import PackRelease
from sync.wire import (
    LARGEST_MESSAGE_BYTES,
    LARGEST_PACKET_BYTES,
    MessageError,
    pack,
    read_json,
    unpack,
)
from tests.sync.api.conftest import Cloud
from tests.sync.conftest import DEVICE, OTHER
from tests.sync.test_cloud_store import incoming
from tests.sync.test_wire import LOG, scans

LAST = 2**63 - 1
NOW = "2026-05-01T12:00:00Z"
NUL = "\0x\0"
ANSWERED = {"decision": "accepted", "batch_id": 1, "sequence": 1}
ALL_TEXTS = dict.fromkeys(
    ("game", "card_id", "name", "set_name", "number", "variant", "finish", "text", "cause"), NUL
)


def plain(**body: object) -> bytes:
    return json.dumps(body).encode()


def packed(**body: object) -> bytes:
    return zlib.compress(plain(**body))


def row(**values: object) -> bytes:
    return packed(log=LOG, after=0, rows=[{"id": 1, "created_at": NOW, **values}])


def rule(**values: object) -> bytes:
    about = {"name": "x", "cause": "above", "amount": "1 EUR", "only_scanned": False, **values}
    return packed(log=LOG, version=1, rules=[about])


def asking(value: object, field: str = "copies_seen", op: str = "is") -> bytes:
    return rule(cards={"field": field, "op": op, "value": value})


HOSTILE: dict[str, tuple[str, bytes]] = {
    "nulls in an alert": ("alert", row(key="a" * 32, rule="\0", scan_id=1, **ALL_TEXTS)),
    "nulls in who closed one": ("closed", row(key="a" * 32, by=NUL)),
    "nulls in why one was withdrawn": ("withdrawn", row(key="a" * 32, why=NUL)),
    "nulls in a scan": ("scan", row(**ANSWERED, game=NUL, name=NUL, reasons=[NUL])),
    "nulls in a batch": ("batch", row(name=NUL, driver=NUL, store=NUL)),
    "nulls in a correction": ("correction", row(kind="corrected", scan_id=1, language=NUL)),
    "nulls in a bulk edit": ("stock_change", row(kind="edited", summary=NUL)),
    "nulls in an edit": ("stock_edit", row(change_id=1, scan_id=1, removed=NUL)),
    "nulls in an answer": (
        "answers", plain(answers=[{"id": NUL, "outcome": "done", "detail": NUL, "at": NOW}])
    ),
    "nulls in log lines": ("log", packed(command=NUL, at=NOW, lines=[NUL])),
    "nulls in holdings": (
        "holdings", plain(at=NOW, packs={NUL: NUL}, models=NUL, updates=[])
    ),
    "nulls in rules": ("rules", packed(log=LOG, version=1, rules=[], lists={NUL: [NUL]})),
    "nulls in a state": ("state", plain(online=True, release=NUL, log=LOG)),
    "nulls in a rule for all": (
        "shared_rules", packed(rules=[
            {"key": "a" * 32, "version": 1, "changed_at": NOW, "by": NUL, "rule": {"name": NUL}},
            {"key": "b" * 32, "version": 1, "changed_at": NOW, "by": NUL,
             "rule": {"name": "x", "cards": {"field": "name", "op": "is", "value": NUL}}},
            {"key": "c" * 32, "version": 1, "changed_at": NOW, "device": NUL, "rule": None},
        ])
    ),
    "numbers of 400 digits in a rule for all": (
        "shared_rules", packed(rules=[
            {"key": "d" * 32, "version": 1, "changed_at": NOW, "rule": {
                "name": "x", "cards": {"field": "copies_seen", "op": "is", "value": 10**400}}},
        ])
    ),
    "large numbers in counters": (
        "counters",
        plain(log=LOG, at=NOW, up_to_scan=LAST, accepted=LAST, review=0, unknown=0, waiting=LAST),
    ),
    "large numbers in a count": ("hand_count", row(batch_id=LAST, cards=LAST)),
    "a number beyond 64 bits": ("hand_count", row(batch_id=2**63, cards=1)),
    "a number of 400 digits in a rule": ("rules", asking(10**400)),
    "a number that is none in a rule": ("rules", asking(float("nan"))),
    "a number without end in a rule": ("rules", asking(float("inf"), op="at_least")),
    "an amount of 400 digits": ("rules", asking("9" * 400 + " EUR", field="price", op="above")),
    "days without end in a rule": ("rules", rule(days=10**30)),
    "a rule nested without end": (
        "rules", zlib.compress(b'{"log":"","version":1,"rules":[' + b'{"not":' * 5000)
    ),
    "half a character": ("state", b'{"online": true, "release": "\\ud800"}'),
    "bytes that are no text": ("state", b'{"online": true, "release": "\xff\xfe"}'),
    "keys twice": ("state", b'{"online": 7, "online": true, "log": "", "log": "x"}'),
    "a name of 100,000 letters": ("batch", row(name="x" * 100_000, driver="d")),
    "reasons without end": ("scan", row(**ANSWERED, reasons=["x"] * 100_000)),
}  # fmt: skip
TIMES = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "1e300",
         "1970-01-01T00:00:00+23:59", "2999-12-31T23:59:59-23:59")  # fmt: skip
HOSTILE |= {
    f"a time like {at}": (
        "batch", packed(log=LOG, after=0, rows=[
            {"id": 1, "created_at": at, "name": "n", "driver": "d"}
        ])
    )
    for at in TIMES
}  # fmt: skip


class NoFacts:
    """A cloud without packs."""

    def facts_of(self, _game: str, _card_id: str) -> CardFacts | None:
        return None


def topic_of(what: str, device: str = DEVICE) -> str:
    return device_topic(device, what) if what == "state" else device_topic(device, "up", what)


def test_no_message_of_one_device_stops_anothers(either_cloud: CloudStore) -> None:
    desk = AlertJudge(either_cloud, NoFacts())
    for number, (name, (what, payload)) in enumerate(HOSTILE.items(), start=1):
        Ingest(either_cloud).take(
            [
                incoming(topic_of(what), payload),
                incoming(topic_of("scan", OTHER), pack(scans(number, after=number - 1))),
            ]
        )
        assert either_cloud.received(OTHER, LOG) == {"scan": number}, name
        price = PriceTold("c", "normal", "NM", "EUR", number * 100, "s", datetime.now(UTC))
        tell_prices(either_cloud, "demo", "A", [price], now_ms())
        desk.step()
        with either_cloud.log.read() as session:
            told = message(session.connection())
        assert unpack(pack(told), Alerts) == told, name


def test_what_is_noted_of_a_refused_message_is_short_and_one_line(
    either_cloud: CloudStore,
) -> None:
    lines = {"log": LOG, "version": 1, "rules": [], "lists": {"a\nforged line " * 9999: 7}}
    huge = asking("9" * 1_000_000, field="price", op="above")
    topic = topic_of("rules")
    Ingest(either_cloud).take([incoming(topic, packed(**lines)), incoming(topic, huge)])
    with either_cloud.log.read() as session:
        noted = session.connection().execute(text("SELECT reason FROM refused_message")).scalars()
        reasons = list(noted)
    assert len(reasons) == 2
    assert all(len(reason) <= 400 and reason.isprintable() for reason in reasons)


def test_a_null_character_is_replaced_and_nothing_else() -> None:
    def release(written: bytes) -> str:
        return read_json(b'{"online": true, "release": "%s"}' % written, DeviceState).release

    assert release(rb"a\u0000b\u0000\u0000") == "a�b��"
    assert release(rb"a\\u0000") == r"a\u0000"
    assert release(rb"a\\\u0000") == "a\\�"
    with pytest.raises(MessageError, match="JSON"):
        release(rb"\u00\u000000")  # what is left when the inner one is taken out is one again


BOMBS = {
    "lists": b"[],",
    "objects": b"{},",
    "numbers": b"1,",
    "texts": b'"a",',
    "lists in lists": b"[" * 150 + b"]" * 150 + b",",
}
_MEASURED = """
import resource, sys
from sync.protocol_rows import ScanRows
from sync.wire import MessageError, unpack
limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + 100 * 1024
payload = sys.stdin.buffer.read()
try:
    unpack(payload, ScanRows)
except MessageError as error:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.exit(0 if used < limit else f"{used - limit} KiB too much: {error}")
sys.exit("it was taken")
"""


@pytest.mark.parametrize("part", BOMBS.values(), ids=BOMBS.keys())
def test_a_few_kilobytes_never_grow_to_hundreds_of_megabytes(part: bytes) -> None:
    most = LARGEST_MESSAGE_BYTES - 100
    bomb = b'{"x":[' + (part * (most // len(part))).rstrip(b",") + b'],"rows":[]}'
    payload = zlib.compress(bomb)
    assert len(payload) < 200_000
    words = [sys.executable, "-c", _MEASURED]
    done = subprocess.run(words, input=payload, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_gaps_without_end_are_forgotten_and_come_again() -> None:
    spans = [(2 * at, 2 * at + 1) for at in range(1, 5 * MOST_EARLY)]
    so_far = advanced(Progress(0, frozenset()), spans)
    assert (so_far.up_to, len(so_far.early)) == (0, MOST_EARLY)
    assert max(so_far.early) == (2 * MOST_EARLY, 2 * MOST_EARLY + 1)
    closed = advanced(so_far, [(0, 2), *((last, last + 1) for _, last in so_far.early)])
    assert closed == Progress(2 * MOST_EARLY + 2, frozenset())


def test_ids_at_the_end_of_64_bits_break_no_sum(either_cloud: CloudStore) -> None:
    for log in ("0" * 16, "1" * 16):
        last = scans(LAST, after=LAST - 1).model_copy(update={"log": log, "after": 0})
        Ingest(either_cloud).take([incoming(topic_of("scan"), pack(last))])
    Ingest(either_cloud).take([incoming(topic_of("state"), plain(online=True))])
    cloud = Cloud(create_app(either_cloud, CloudConfig()), either_cloud)
    owner = cloud.person()
    assert owner.ask("/api/v1/devices").status_code == 200
    assert owner.ask(f"/api/v1/devices/{DEVICE}").status_code == 200
    assert owner.ask("/metrics").status_code == 200


def test_a_device_has_one_name(either_cloud: CloudStore) -> None:
    """A broker's user `counter%2D1` must not pass for counter-1."""
    for topic in ("counter%2D1", "counter-1%00", "%63ounter-1", "", "counter-1%"):
        payload = pack(scans(1))
        Ingest(either_cloud).take([incoming(f"counterscan/1/device/{topic}/up/scan", payload)])
    with either_cloud.log.read() as session:
        query = text("SELECT count(*), (SELECT count(*) FROM scan) FROM refused_message")
        assert tuple(session.connection().execute(query).one()) == (5, 0)


def noise(letters: int, seed: int) -> str:
    """A text that can't be made shorter."""
    return random.Random(seed).randbytes(letters).hex()[:letters]


def listing(name: str) -> bytes:
    entries = [noise(900, number) for number in range(2000)]
    return packed(log=LOG, version=1, rules=[], lists={name: entries})


def test_long_texts_of_one_device_do_not_silence_alerts_and_rules(
    either_cloud: CloudStore,
) -> None:
    """The broker drops a packet that is longer than a device takes, and tells nobody."""
    rows = [
        {**{name: noise(400, 99 * number + at) for at, name in enumerate(ALL_TEXTS)},
         "id": number, "created_at": NOW, "key": f"{number:032x}", "rule": "r", "scan_id": 1}
        for number in range(1, 1001)
    ]  # fmt: skip
    by = [{"id": number, "created_at": NOW, "key": noise(32, number), "by": noise(400, number)}
          for number in range(1, 1001)]  # fmt: skip
    lists = {"field": "list", "op": "one_of", "value": ["L", "M"]}
    shared = {"key": "a" * 32, "version": 1, "changed_at": NOW,
              "rule": {"name": "x", "cards": lists, "cause": "seen"}}  # fmt: skip
    for device, what, payload in (
        *(
            (DEVICE, "alert", packed(log=LOG, after=at, rows=rows[at : at + 250]))
            for at in range(0, 1000, 250)
        ),
        (DEVICE, "closed", packed(log=LOG, after=0, rows=by)),
        (DEVICE, "rules", listing("L")),
        (OTHER, "rules", listing("M")),
        (DEVICE, "shared_rules", packed(rules=[shared])),
    ):
        assert len(payload) < LARGEST_PACKET_BYTES, what
        Ingest(either_cloud).take([incoming(topic_of(what, device), payload)])
    with either_cloud.log.read() as session:
        alerts = payload_of_alerts(session.connection())
        rules = payload_of_rules(session.connection())
    assert max(len(alerts), len(rules)) + 4096 <= LARGEST_PACKET_BYTES
    assert unpack(alerts, Alerts).open[0].key == f"{1000:032x}"
    assert unpack(rules, ShopRules).rules[0].key == "a" * 32


def test_absurd_amounts_never_reach_a_devices_sums() -> None:
    group = {"source": "s", "currency": "EUR", "finish": "foil", "as_of": NOW, "cards": ["a"]}
    for amount in (10**12 + 1, LAST, -1, 0.5):
        body = {"game": "g", "set": "A", "version": 1, "groups": [{**group, "amounts": [amount]}]}
        with pytest.raises(MessageError, match="amounts"):
            read_json(plain(**body), PriceSnapshot)


@pytest.mark.parametrize(
    "name", ["..", ".", "a/b", "../../x", "/etc", "current", "x" * 65, "é", NUL]
)
@pytest.mark.parametrize("field", ["game", "version"])
def test_what_is_announced_has_names_that_are_safe_as_folders(name: str, field: str) -> None:
    body: dict[str, object] = {
        "channel": "stable", "version": "1", "created_at": NOW, "model_id": "m", "game": "demo",
        "size_bytes": 1, "sha256": "a" * 64, "url": "https://cloud.example/x",
    }  # fmt: skip
    assert read_json(plain(**body), PackRelease).version == "1"
    with pytest.raises(MessageError, match=field):
        read_json(plain(**body | {field: name}), PackRelease)


def test_many_large_messages_are_not_held_in_memory_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    class Weighed(CloudStore):
        def take(self, arrived: Sequence[Arrived], refused: Sequence[Refused] = ()) -> None:
            held.append(len(arrived))
            super().take(arrived, refused)

    monkeypatch.setattr("sync.cloud.ingest.MOST_AT_ONCE_BYTES", 1_000_000)
    long = {**ANSWERED, "reasons": ["x" * 400] * 50}
    with Weighed(tmp_path) as store:
        messages = [
            incoming(topic_of("scan"), packed(log=LOG, after=10 * at, rows=[
                {"id": 10 * at + each, "created_at": NOW, **long} for each in range(1, 11)
            ]))
            for at in range(20)
        ]  # fmt: skip
        assert sum(len(message.payload) for message in messages) < 100_000
        Ingest(store).take(messages)
        assert store.received(DEVICE, LOG) == {"scan": 200}
        assert sum(held) == 20
        assert max(held) <= 6
        held.clear()
        Ingest(store).take(
            [
                incoming(topic_of("scan", OTHER), pack(scans(at, after=at - 1)))
                for at in range(1, 65)
            ]
        )
        assert held == [64]
