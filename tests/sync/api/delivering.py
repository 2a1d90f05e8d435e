"""What the tests of alerts that leave the cloud share: alerts, and what sends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from scanner.tables import utc_now
from sync.cloud.alert_store import add_alerts
from sync.cloud.api.app import create_app
from sync.cloud.api.deliverer import Deliverer
from sync.cloud.api.deliveries import WAITING
from sync.cloud.config import CloudConfig
from sync.cloud.config_api import MailSettings, WebhookSettings
from sync.cloud.store import CloudStore
from sync.cloud.tables_api import DELIVERY
from tests.sync.api.conftest import Asker, Cloud
from tests.sync.api.receivers import MailServer

RAISED = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def alert(number: int, **words: Any) -> dict[str, Any]:
    row = {
        "key": f"key-{number}", "fingerprint": "f", "device": "", "rule": "Movers",
        "cause": "above", "game": "pokemon", "card_id": "base1-4", "name": "Charizard",
        "set_name": "Base", "number": "4/102", "variant": "", "finish": "holo",
        "text": "above 100.00 EUR: now 120.00 EUR by tcgcsv",
        "places": [{"device": "counter-1", "batch": "Long box", "sequence": 17, "bin": 3}],
        "raised_at": RAISED, "price_as_of": RAISED - timedelta(days=3),
    }  # fmt: skip
    return {**row, **words}


def raise_alerts(store: CloudStore, *numbers: int, **words: Any) -> None:
    with store.log.write() as session:
        add_alerts(session.connection(), [alert(number, **words) for number in numbers])


NEAR = WebhookSettings(private_addresses=True)


class Shop:
    """A cloud with webhooks and mail, and what sends."""

    def __init__(self, store: CloudStore, mail: MailSettings | None = None) -> None:
        config = CloudConfig(webhooks=NEAR, mail=mail or MailSettings())
        self.store = store
        self.cloud = Cloud(create_app(store, config), store)
        self.manager: Asker = self.cloud.key("manager")[0]
        self.sender = Deliverer(store, config)
        self.sender.step()  # from now on alerts are news

    def webhook(self, url: str) -> tuple[int, str]:
        made = self.manager.told("/api/v1/webhooks", {"url": url}, status=201)
        return made["id"], made["secret"]

    def hurry(self) -> None:
        """Let everything that waits be due."""
        with self.store.log.write() as session:
            waiting = update(DELIVERY).where(DELIVERY.c.state == WAITING)
            session.connection().execute(waiting.values(next_at=utc_now()))

    def messages(self) -> list[dict[str, Any]]:
        return list(self.manager.told("/api/v1/deliveries")["deliveries"])


def mail_to(server: MailServer, **more: Any) -> MailSettings:
    settings = {"host": "127.0.0.1", "port": server.port, "security": "none",
                "sender": "cloud@shop.example", **more}  # fmt: skip
    return MailSettings.model_validate(settings)


def shop_with_mail(store: CloudStore, settings: MailSettings) -> Shop:
    shop = Shop(store, settings)
    owner = shop.cloud.person()
    body = {"name": "Rita", "password": "long enough 1", "email": "rita@shop.example"}
    owner.told("/api/v1/people", body, status=201)
    return shop
