"""Alert rules over the API: for all scanners, with what each device has beside them."""

from __future__ import annotations

from typing import Any

import pytest

from sync.protocol import AlertRules
from tests.sync.api.conftest import Cloud

DEAR = {"name": "Dear", "cause": "above", "amount": "20 EUR"}


def test_a_rule_is_made_changed_and_removed_for_good(either_api: Cloud) -> None:
    manager, reader = either_api.key("manager")[0], either_api.key()[0]
    made = manager.told("/api/v1/rules", {"rule": DEAR}, status=201)
    assert (made["name"], made["version"], made["changed_by"], made["device"]) == (
        "Dear", 1, "till", "",
    )  # fmt: skip
    assert made["words"] == "Any card, when its price is more than 20.00 EUR."
    own = AlertRules(log="", version=1, rules=[{"name": "Own"}, {"name": "?", "cause": "odd"}])
    either_api.store.take_alert_rules("counter-1", own)
    told = reader.told("/api/v1/rules")
    assert [rule["key"] for rule in told["rules"]] == [made["key"]]
    [device] = told["devices"]
    assert device["device"] == "counter-1"
    assert [(rule["name"], bool(rule["problem"])) for rule in device["rules"]] == [
        ("Own", False), ("?", True),
    ]  # fmt: skip
    address = f"/api/v1/rules/{made['key']}"
    changed = manager.told(address, {"rule": {**DEAR, "beeps": 5}, "version": 1}, "PUT")
    assert (changed["version"], changed["rule"]["beeps"]) == (2, 5)
    assert manager.ask(address, {"rule": DEAR, "version": 1}, "PUT").status_code == 409
    assert manager.told(address, {"rule": DEAR}, "PUT")["version"] == 3
    assert manager.ask(address, method="DELETE").status_code == 204
    assert manager.ask(address, method="DELETE").status_code == 404
    assert manager.ask(address, {"rule": DEAR}, "PUT").status_code == 404
    assert reader.told("/api/v1/rules")["rules"] == []
    assert manager.told("/api/v1/rules", {"rule": DEAR}, status=201)["key"] != made["key"]


def test_a_reader_and_a_stranger_change_nothing(cloud: Cloud) -> None:
    reader = cloud.key()[0]
    assert reader.ask("/api/v1/rules", {"rule": DEAR}).status_code == 403
    assert reader.ask(f"/api/v1/rules/{'a' * 32}", {"rule": DEAR}, "PUT").status_code == 403
    assert reader.ask(f"/api/v1/rules/{'a' * 32}", method="DELETE").status_code == 403
    assert cloud.stranger.ask("/api/v1/rules").status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"rule": {"name": "A", "cause": "above"}}, 400, "is no amount"),
        ({"rule": {"name": "A", "cause": "stolen"}}, 400, "cause"),
        ({"rule": {}}, 400, "name"),
        ({"rule": "seen"}, 400, "rule"),
        ({}, 400, "rule"),
        ({"rule": {"name": "A"}, "more": 1}, 400, "more"),
        ({"rule": {"name": "Dear"}}, 409, "already"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_reason(
    cloud: Cloud, body: Any, status: int, reason: str
) -> None:
    manager = cloud.key("manager")[0]
    manager.told("/api/v1/rules", {"rule": DEAR}, status=201)
    refused = manager.ask("/api/v1/rules", body)
    assert refused.status_code == status
    assert reason in refused.json["error"]
    nested: dict[str, Any] = {"field": "set", "op": "is", "value": "A"}
    for _ in range(100):
        nested = {"not": nested}
    assert manager.ask("/api/v1/rules", {"rule": {"name": "C", "cards": nested}}).status_code == 400
