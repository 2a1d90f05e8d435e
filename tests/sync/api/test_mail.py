"""Alerts reach mailboxes, once each, however the receivers misbehave."""

from __future__ import annotations

import email
from email import policy
from pathlib import Path

import pytest
from sqlalchemy import update

from sync.cloud.api.deliveries import DEAD, DONE, WAITING
from sync.cloud.api.mail import message_of
from sync.cloud.store import CloudStore
from sync.cloud.tables_api import ACCOUNT
from tests.sync.api.delivering import RAISED, alert, mail_to, raise_alerts, shop_with_mail
from tests.sync.api.receivers import Hook, MailServer


def test_alerts_come_by_mail_the_first_at_once_and_the_next_in_one(
    either_cloud: CloudStore,
) -> None:
    with MailServer() as server:
        shop = shop_with_mail(either_cloud, mail_to(server))
        raise_alerts(shop.store, 1)
        assert shop.sender.step() == 1
        raise_alerts(shop.store, 2)
        assert shop.sender.step() == 0
        raise_alerts(shop.store, 3)
        assert shop.sender.step() == 0
        shop.hurry()
        assert shop.sender.step() == 1
    [(to, first), (_, second)] = server.taken
    assert to == "rita@shop.example"
    message = email.message_from_string(first, policy=policy.default)
    assert message["Subject"] == (
        "Alert: Movers: Charizard Base 4/102 holo: above 100.00 EUR: now 120.00 EUR by tcgcsv"
    )
    assert "at counter-1, Long box, bin 3, card 17" in message.get_content()
    assert (
        "raised 2026-05-04 09:30 UTC, the price is of 2026-05-01 09:30 UTC (3 days old then)"
        in message.get_content()
    )
    assert "2 alerts" in email.message_from_string(second, policy=policy.default)["Subject"]


@pytest.mark.parametrize(
    ("answers", "state", "problem"),
    [
        ({"rcpt": "550 nobody here"}, DEAD, "nobody here"),
        ({"rcpt": "450 later"}, WAITING, "later"),
        ({"data": "554 no"}, DEAD, "554"),
        ({"greeting": "421 busy"}, WAITING, "421"),
        ({"mail": "cut"}, WAITING, "can't be used"),
        ({"greeting": "nonsense"}, WAITING, ""),
    ],
)
def test_a_mail_server_that_misbehaves_loses_nothing(
    tmp_path: Path, answers: dict[str, str], state: str, problem: str
) -> None:
    with CloudStore(tmp_path) as store, MailServer(**answers) as server:
        shop = shop_with_mail(store, mail_to(server))
        raise_alerts(store, 1)
        assert shop.sender.step() == 1
        [message] = shop.messages()
        assert message["state"] == state
        assert problem in message["problem"]
        assert server.taken == []


def test_mail_is_never_sent_in_the_clear_where_tls_is_asked_for(tmp_path: Path) -> None:
    with CloudStore(tmp_path) as store, MailServer() as server:
        secret = {"security": "starttls", "user": "cloud", "password": "secret"}
        shop = shop_with_mail(store, mail_to(server, **secret))
        raise_alerts(store, 1)
        shop.sender.step()
        assert server.taken == []
        assert "STARTTLS" in shop.messages()[0]["problem"]


def test_a_card_can_not_write_headers_of_a_mail() -> None:
    evil = alert(1, name="Mew\r\nBcc: all@example.com", text="x\n\ny") | {
        "raised_at": RAISED.isoformat(), "price_as_of": None,
    }  # fmt: skip
    message = message_of("a@b.example", "c@d.example", [evil])
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize(
    "address",
    ["a@[", "=?utf-8?q?a=0d=0aBcc:x@y?=@x.y", "(é_]%).{!b%{]@..(*b", "a@b@c", "a b@c",
     "a@b\r\nX: y", "a@", "@b", "a..b@c", "a@b,c@d", "Ada <a@b>"],
)  # fmt: skip
def test_what_is_no_address_is_not_taken_and_one_of_old_stops_no_other(
    tmp_path: Path, address: str
) -> None:
    with CloudStore(tmp_path) as store, MailServer() as server, Hook() as hook:
        shop = shop_with_mail(store, mail_to(server))
        owner = shop.cloud.person("Olga the Second")
        body = {"name": "Eve", "password": "long enough 1", "email": address}
        assert "e-mail address" in owner.told("/api/v1/people", body, status=400)["error"]
        with store.log.write() as session:
            eve = update(ACCOUNT).where(ACCOUNT.c.name == "Rita").values(email=address)
            session.connection().execute(eve)
        shop.webhook(hook.url)
        raise_alerts(store, 1)
        assert shop.sender.step() == 2
        assert len(hook.taken) == 1
        by_channel = {each["channel"]: each for each in shop.messages()}
        assert by_channel["webhook"]["state"] == DONE
        assert by_channel["email"]["state"] in (WAITING, DEAD, DONE)
        assert all("\nBcc" not in said for _, said in server.taken)
