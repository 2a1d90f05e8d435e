from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.asyncapi import text
from sync.protocol import (
    Counters,
    PriceSnapshot,
    device_topic,
    part,
    price_topic,
    unpart,
)
from sync.protocol_rows import ScanRows, rows_model
from sync.wire import LARGEST_PACKET_BYTES, MessageError, pack, pack_json, read_json, unpack

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LOG = "0123456789abcdef"


def scans(*ids: int, after: int = 0) -> ScanRows:
    rows = [
        {"id": id_, "created_at": NOW, "decision": "accepted", "batch_id": 1, "sequence": id_}
        for id_ in ids
    ]
    return ScanRows.model_validate({"log": LOG, "after": after, "rows": rows})


def test_a_message_comes_out_as_it_went_in() -> None:
    assert unpack(pack(scans(1, 2, 5)), rows_model("scan")) == scans(1, 2, 5)


def test_keys_of_a_newer_release_are_passed_over() -> None:
    body = json.loads(zlib.decompress(pack(scans(1))))
    body["mood"] = "good"
    body["rows"][0]["glow"] = 3
    assert unpack(zlib.compress(json.dumps(body).encode()), ScanRows) == scans(1)


def test_an_older_device_says_no_probability_and_a_newer_one_does() -> None:
    assert scans(1).rows[0].probability is None
    body = json.loads(zlib.decompress(pack(scans(1))))
    body["rows"][0]["probability"] = 0.9991
    assert unpack(zlib.compress(json.dumps(body).encode()), ScanRows).rows[0].probability == 0.9991
    body["rows"][0]["probability"] = 1.5
    with pytest.raises(MessageError, match="probability"):
        unpack(zlib.compress(json.dumps(body).encode()), ScanRows)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"not compressed", "decompressed"),
        (pack(scans(1))[:-4], "cut off"),
        (pack(scans(1)) + b"more", "cut off, or longer"),
        (zlib.compress(bytes(40_000_000)), "grows beyond"),
        (bytes(LARGEST_PACKET_BYTES + 1), "more than"),
        (zlib.compress(b"[]"), "message"),
        (zlib.compress(b'{"log": "x", "after": 0, "rows": []}'), "log"),
        (zlib.compress(pack_json(scans(1)).replace(b'"id":1', b'"id":-1')), "rows.0.id"),
        (zlib.compress(pack_json(scans(1)).replace(b'"id":1', b'"id":1e99')), "rows.0.id"),
        (zlib.compress(pack_json(scans(1)).replace(b'"accepted"', b'"maybe"')), "decision"),
        (zlib.compress(b"\xff\xfe{}"), "JSON"),
    ],
)
def test_what_is_no_message_is_refused_with_a_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        unpack(payload, ScanRows)


def test_rows_must_be_in_the_order_of_their_ids() -> None:
    for ids, after in [((2, 1), 0), ((1, 1), 0), ((3,), 3)]:
        with pytest.raises(ValueError, match="order"):
            scans(*ids, after=after)


def test_prices_need_an_amount_for_each_card() -> None:
    group = {"source": "s", "currency": "EUR", "finish": "foil", "as_of": NOW}
    body = {"game": "demo", "set": "A", "version": 1}
    good = {**group, "cards": ["a"], "amounts": [5]}
    assert PriceSnapshot.model_validate({**body, "groups": [good]}).groups[0].amounts == [5]
    for wrong in ({**good, "amounts": []}, {**good, "amounts": [-5]}, {**good, "currency": "€"}):
        with pytest.raises(ValueError, match=r"amount|currency|greater"):
            PriceSnapshot.model_validate({**body, "groups": [wrong]})


@pytest.mark.parametrize("name", ["First Light", "a/b", "+", "#", "", "%", "Pokémon", "$SYS"])
def test_any_name_is_one_level_of_a_topic(name: str) -> None:
    assert unpart(part(name)) == name
    assert not set(part(name)) & set("/+#")
    assert price_topic("demo", name, "delta").count("/") == 5
    assert part(name)


def test_a_devices_topics_are_below_its_own_name() -> None:
    assert device_topic("counter-1", "up", "scan") == "counterscan/1/device/counter-1/up/scan"


def test_times_without_a_zone_are_utc() -> None:
    counters = {"log": LOG, "at": "2026-05-01T12:00:00Z", "up_to_scan": 0, "accepted": 0}
    read = read_json(json.dumps({**counters, "review": 0, "unknown": 0, "waiting": 0}).encode(),
                     Counters)  # fmt: skip
    assert read.at == NOW


def test_the_published_description_is_the_protocols() -> None:
    written = (Path(__file__).parents[2] / "docs/asyncapi.json").read_text(encoding="utf-8")
    assert written == text(), "make it anew: python -m sync.asyncapi > docs/asyncapi.json"
