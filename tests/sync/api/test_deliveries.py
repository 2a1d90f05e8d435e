"""Alerts reach webhooks, once each, however the receivers misbehave; they are read by REST."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from scanner.errors import ConfigError
from scanner.tables import utc_now
from sync.cloud.api import webhooks as webhooks_module
from sync.cloud.api.addresses import AddressError, checked_url, is_public, resolved
from sync.cloud.api.deliverer import Deliverer, webhooks_of
from sync.cloud.api.deliveries import DEAD, DONE, MOST_TRIES, WAITING, Deliveries
from sync.cloud.config import CloudConfig
from sync.cloud.store import CloudStore
from sync.cloud.tables_alerts import ALERT_CLOSED
from sync.cloud.tables_api import DELIVERY
from tests.sync.api.conftest import Cloud
from tests.sync.api.delivering import Shop, raise_alerts
from tests.sync.api.receivers import Hook, said


@pytest.fixture
def shop(either_cloud: CloudStore) -> Shop:
    return Shop(either_cloud)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as receiver:
        yield receiver


def test_a_webhook_gets_each_alert_once_and_can_prove_who_sent_it(shop: Shop, hook: Hook) -> None:
    _, secret = shop.webhook(hook.url)
    raise_alerts(shop.store, 1, 2)
    assert [shop.sender.step() for _ in range(3)] == [1, 0, 0]
    [(headers, body)] = hook.taken
    told = json.loads(body)
    assert [each["key"] for each in told["alerts"]] == ["key-1", "key-2"]
    assert told["alerts"][0]["places"][0]["bin"] == 3
    assert headers["host"] == f"127.0.0.1:{hook.port}"
    time, proof = (part.partition("=")[2] for part in headers["counterscan-signature"].split(","))
    assert abs(int(time) - utc_now().timestamp()) < 120
    signed = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(proof, signed)
    [message] = shop.messages()
    assert (message["state"], message["tries"], message["problem"]) == (DONE, 1, "")
    assert headers["counterscan-delivery"] == str(message["id"])


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("500 Oh", "500"), ("404 Not there", "404"), ("302 Elsewhere", "302"), ("cut", "Protocol"),
        ("nonsense\r\n\r\n", "Protocol"), ("HTTP/1.1 200 OK\r\n" + "x: " + "y" * 200_000, ""),
    ],
)  # fmt: skip
def test_a_webhook_that_misbehaves_is_tried_again(
    tmp_path: Path, answer: str, problem: str
) -> None:
    with CloudStore(tmp_path) as store, Hook(answer, "204 Fine") as hook:
        shop = Shop(store)
        shop.webhook(hook.url)
        raise_alerts(store, 1)
        began = utc_now()
        assert shop.sender.step() == 1
        [message] = shop.messages()
        assert (message["state"], message["tries"]) == (WAITING, 1)
        assert problem in message["problem"]
        wait = datetime.fromisoformat(message["next_at"]) - began
        assert timedelta(seconds=20) < wait < timedelta(seconds=90)
        shop.hurry()
        shop.sender.step()
        assert shop.messages()[0]["state"] == DONE
        assert len(hook.taken) == 2


def test_a_webhook_that_never_answers_is_given_up_for_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks_module, "WITHIN_S", 0.5)
    with CloudStore(tmp_path) as store, Hook("never") as slow, Hook() as quick:
        shop = Shop(store)
        shop.webhook(slow.url)
        shop.webhook(quick.url)
        raise_alerts(store, 1)
        assert shop.sender.step() == 2
        done, waits = shop.messages()
        assert (done["state"], waits["state"]) == (DONE, WAITING)
        assert "did not answer within" in waits["problem"]


def test_who_asks_for_time_gets_it(tmp_path: Path) -> None:
    busy = said("429 Busy", "Retry-After: 900").decode()
    with CloudStore(tmp_path) as store, Hook(busy) as hook:
        shop = Shop(store)
        shop.webhook(hook.url)
        raise_alerts(store, 1)
        shop.sender.step()
        [message] = shop.messages()
        wait = datetime.fromisoformat(message["next_at"]) - utc_now()
        assert timedelta(minutes=10) < wait <= timedelta(minutes=15)


def test_a_message_nobody_takes_is_dead_until_somebody_sends_it_again(
    shop: Shop, hook: Hook
) -> None:
    hook.answers = ["500 Oh"]
    shop.webhook(hook.url)
    raise_alerts(shop.store, 1)
    for _ in range(MOST_TRIES + 2):
        shop.sender.step()
        shop.hurry()
    assert len(hook.taken) == MOST_TRIES
    [dead] = shop.manager.told("/api/v1/deliveries?state=dead")["deliveries"]
    assert (dead["state"], dead["tries"]) == (DEAD, MOST_TRIES)
    hook.answers = ["200 OK"]
    path = f"/api/v1/deliveries/{dead['id']}/again"
    assert shop.manager.ask(path, method="POST").status_code == 204
    shop.sender.step()
    assert shop.messages()[0]["state"] == DONE
    assert shop.manager.ask(path, method="POST").status_code == 400


def test_one_that_is_gone_is_told_no_more(shop: Shop, hook: Hook) -> None:
    hook.answers = ["410 Gone"]
    shop.webhook(hook.url)
    raise_alerts(shop.store, 1)
    shop.sender.step()
    raise_alerts(shop.store, 2)
    assert shop.sender.step() == 0
    assert shop.manager.told("/api/v1/webhooks") == {"webhooks": []}
    assert [each["state"] for each in shop.messages()] == [DEAD]


def test_a_test_message_and_an_end(shop: Shop, hook: Hook) -> None:
    number, secret = shop.webhook(hook.url)
    assert secret not in shop.manager.ask("/api/v1/webhooks").get_data(as_text=True)
    path = f"/api/v1/webhooks/{number}"
    assert shop.manager.ask(f"{path}/test", method="POST").status_code == 202
    assert shop.sender.step() == 1
    assert json.loads(hook.taken[0][1])["alerts"][0]["cause"] == "test"
    assert shop.manager.ask(path, method="DELETE").status_code == 204
    raise_alerts(shop.store, 1)
    assert shop.sender.step() == 0
    assert shop.manager.ask(f"{path}/test", method="POST").status_code == 404


def test_what_another_process_took_is_not_sent_twice(shop: Shop, hook: Hook) -> None:
    shop.webhook(hook.url)
    raise_alerts(shop.store, 1)
    deliveries = Deliveries(shop.store)
    deliveries.queue_new(sends_mail=False)
    [taken] = deliveries.take_due()
    assert deliveries.take_due() == []
    assert shop.sender.step() == 0  # it died, and its time is not over
    [again] = deliveries.take_due(utc_now() + timedelta(minutes=6))
    assert (again.id, again.tries) == (taken.id, 2)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/x", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/x",
        "https://192.168.1.1/", "https://169.254.169.254/latest", "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://0.0.0.0/",
        "https://[2002:7f00:1::]/", "https://100.64.0.1/", "https://224.0.0.1/", "ftp://x/",
        "https://", "https://a b/", "https://user:secret@shop.example/", "https://shop.example:0/",
        "https://shop.example:99999/", "file:///etc/passwd", "//x", "https://shop.example/#x",
        "https://sh\u00f6p.example/", "https://x/" + "a" * 1000,
    ],
)  # fmt: skip
def test_webhooks_do_not_go_to_the_own_network(cloud: Cloud, url: str) -> None:
    with pytest.raises(AddressError):
        checked_url(url, may_be_private=False)
    manager, _ = cloud.key("manager")
    assert manager.ask("/api/v1/webhooks", {"url": url}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1"])
def test_nor_by_a_name_that_leads_there(tmp_path: Path, hook: Hook, host: str) -> None:
    with pytest.raises(AddressError, match="own network"):
        resolved(f"https://{host}:{hook.port}/", may_be_private=False)
    with CloudStore(tmp_path) as store:
        strict = CloudConfig()
        webhooks_of(store, strict).add(f"https://{host}:{hook.port}/", "Olga")
        sender = Deliverer(store, strict)
        sender.step()
        raise_alerts(store, 1)
        assert sender.step() == 1
        with store.log.read() as session:
            row = session.connection().execute(select(DELIVERY)).one()
    assert row.state == DEAD
    assert "own network" in row.problem
    assert hook.taken == []


def test_addresses_of_the_internet_are_public() -> None:
    import ipaddress

    for address in ("93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"):
        assert is_public(ipaddress.ip_address(address))


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with CloudStore(tmp_path) as store:
        webhooks_of(store, CloudConfig())
        (tmp_path / "webhook_key").chmod(0o644)
        with pytest.raises(ConfigError, match="chmod 640"):
            webhooks_of(store, CloudConfig())


def test_alerts_are_read_and_acknowledged_once_for_everybody(either_api: Cloud) -> None:
    raise_alerts(either_api.store, 1, 2, 3)
    reader, manager = either_api.key()[0], either_api.key("manager")[0]

    def shown(query: str = "") -> list[str]:
        return [each["key"] for each in reader.told(f"/api/v1/alerts{query}")["alerts"]]

    assert shown() == ["key-3", "key-2", "key-1"]
    assert reader.ask("/api/v1/alerts/key-2/close", method="POST").status_code == 403
    assert manager.ask("/api/v1/alerts/key-2/close", method="POST").status_code == 204
    assert manager.ask("/api/v1/alerts/key-2/close", method="POST").status_code == 204
    assert manager.ask("/api/v1/alerts/nobody/close", method="POST").status_code == 404
    assert shown() == ["key-3", "key-1"]
    [closed] = reader.told("/api/v1/alerts?state=closed")["alerts"]
    assert (closed["key"], closed["closed_by"]) == ("key-2", "till")
    assert shown("?state=all&limit=2") == ["key-3", "key-2"]
    last = reader.told("/api/v1/alerts?state=all&limit=2")["alerts"][-1]["id"]
    assert shown(f"?state=all&before={last}") == ["key-1"]
    with either_api.store.log.read() as session:
        assert len(session.connection().execute(select(ALERT_CLOSED)).all()) == 1
