"""A cloud whose devices have scanned cards, and a price source that knows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from scanner.tables import utc_now
from sync.cloud.sources.settings import SourcesSettings
from sync.cloud.store import CloudStore
from sync.cloud.tables import LOG_TABLES
from tests.sync.sources.cards import price, product, results
from tests.sync.sources.web import Web, raw, told, validated
from tests.sync.test_wire import LOG

NEWT = ("th-4", "Glimmer Newt", "4/60")
WING = ("th-1", "Brasswing", "1/60")


def scanned(store: CloudStore, *cards: tuple[str, str, str], again: int = 0) -> None:
    """Scans of a device, so that the cloud knows these printings."""
    table = LOG_TABLES["scan"]
    empty = {column.name: None if column.nullable else "" for column in table.c}
    rows = [
        {
            **empty, "device": "counter-1", "log": LOG, "id": 100 * again + number + 1,
            "created_at": utc_now(), "reasons": [], "batch_id": 1, "sequence": number + 1,
            "score": 1.0, "upside_down": False, "bin": 0, "decision": "accepted",
            "game": "pokemon", "card_id": card_id, "name": name, "number": number_,
            "set_name": "Tin Harbour", "finish": "normal",
        }
        for number, (card_id, name, number_) in enumerate(cards)
    ]  # fmt: skip
    with store.log.write() as session:
        session.connection().execute(insert(table), rows)


def serve(web: Web, newt: Any = 0.5, etag: str = "", stamp: str = "01") -> None:
    prices = results(price(4, newt), price(1, 3))
    web.routes.update(
        {
            "/tcgcsv/last-updated.txt": raw(
                f"2026-05-{stamp}T20:05:30+0000".encode(), ETag=f'"{stamp}"'
            ),
            "/tcgcsv/tcgplayer/3/groups": told(
                results({"groupId": 77, "name": "Tin Harbour"}, {"groupId": 8, "name": "Other"})
            ),
            "/tcgcsv/tcgplayer/3/77/products": told(
                results(product(4, "Glimmer Newt", "4/60"), product(1, "Brasswing", "1/60"))
            ),
            "/tcgcsv/tcgplayer/3/77/prices": validated(prices, etag) if etag else told(prices),
        }
    )


def settings(web: Web, **more: Any) -> SourcesSettings:
    return SourcesSettings(**{"mirror": web.url, "only": "tcgcsv", "collect": True, **more})
