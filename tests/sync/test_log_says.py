"""What an owner reads in the cloud's log: prices told to devices, alerts raised, messages sent."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from sync.bench_broker import Broker
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import CloudStore
from tests.sync.alert_kit import ABOVE, asked, price, tell
from tests.sync.api.delivering import mail_to, raise_alerts, shop_with_mail
from tests.sync.api.receivers import Hook, MailServer
from tests.sync.conftest import DEVICE, Running, service, until


def told(caplog: pytest.LogCaptureFixture, logger: str) -> list[tuple[str, dict[str, Any]]]:
    """What lines with fields say, and their fields."""
    return [
        (record.getMessage(), record.__dict__["fields"])
        for record in caplog.records
        if record.name == logger and "fields" in record.__dict__
    ]


def test_prices_told_to_devices_and_alerts_raised_are_one_line_each(
    broker: Broker, cloud_store: CloudStore, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cloud_store.take_alert_rules(DEVICE, asked({**ABOVE, "name": "Dear"}))
    tell(cloud_store, price(1800, 0), price(1900, 0, "card-2"))
    tell_prices(cloud_store, "demo", "Other", [price(500, 0, "card-3")], now_ms())
    running.start(service(cloud_store, broker.port))
    until(lambda: bool(told(caplog, "sync.cloud.service")))
    [(said, fields)] = told(caplog, "sync.cloud.service")
    size_bytes = fields.pop("bytes")
    assert fields == {"prices": 3, "sets": 2, "snapshots": 2}
    assert said == f"devices are told 3 prices of 2 sets (2 of them whole) in {size_bytes} bytes"
    assert told(caplog, "sync.cloud.alert_judge") == []

    tell(cloud_store, price(2500, 1), price(2600, 1, "card-2"))
    until(lambda: len(told(caplog, "sync.cloud.service")) == 2)
    running.stop()
    [(said, fields)] = told(caplog, "sync.cloud.alert_judge")
    assert said == "2 alerts raised by 2 changed prices: Dear 2"
    assert fields == {"alerts": 2, "prices": 2}


def test_a_message_that_is_sent_is_a_line_without_anybodys_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with CloudStore(tmp_path) as store, MailServer() as mail, Hook() as hook:
        shop = shop_with_mail(store, mail_to(mail))
        hook_id, secret = shop.webhook(f"{hook.url}&token=very-secret")
        raise_alerts(store, 1, 2)
        assert shop.sender.step() == 2
        assert (len(mail.taken), len(hook.taken)) == (1, 1)
    lines = sorted(told(caplog, "sync.cloud.api.deliverer"), key=lambda line: line[1]["channel"])
    [(by_mail, of_mail), (by_hook, of_hook)] = lines
    assert (
        by_mail == f"message {of_mail['delivery']} to email r…@shop.example, try 1: 2 alerts sent"
    )
    assert by_hook == (f"message {of_hook['delivery']} to webhook {hook_id}, try 1: 2 alerts sent")
    assert {name: of_mail[name] for name in ("alerts", "tries", "state")} == {
        "alerts": 2, "tries": 1, "state": "done"
    }  # fmt: skip
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("sync.")]
    for word in ("rita@", "very-secret", secret):
        assert word not in "\n".join(ours)


def test_a_message_that_nobody_takes_is_told_without_an_address_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with CloudStore(tmp_path) as store, MailServer(rcpt="550 <rita@shop.example> unknown") as mail:
        shop = shop_with_mail(store, mail_to(mail))
        raise_alerts(store, 1)
        assert shop.sender.step() == 1
        [message] = shop.messages()
    assert "rita@shop.example was refused" in message["problem"], "a manager is told the whole"
    [(said, fields)] = told(caplog, "sync.cloud.api.deliverer")
    assert "r…@shop.example was refused: 550 <r…@shop.example> unknown" in said
    assert (fields["state"], "rita" in caplog.text) == ("dead", False)
