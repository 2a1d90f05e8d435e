"""How the exchange with the cloud fares, for the Health page and its JSON twin."""

from __future__ import annotations

from typing_extensions import TypedDict

from scanner.errors import StoreError
from scanner.store_sync import LinkKind
from webui.log_view import LogView


class CloudAnswer(TypedDict):
    """The exchange: connected, refused, lost or unheard, and how many scans are still to go.

    `rules_refused` is connected, but that the broker takes no alert rules.
    """

    state: str
    waiting: int


def cloud_standing(view: LogView) -> CloudAnswer | None:
    """How it stands; None where there never was one, or without a log."""
    try:
        store = view.store()
        event = store.sync_event()
        if event is None:
            return None
        newest = store.latest_scans(1)
        sent = store.sync_cursors().get("scan", 0)
    except StoreError:
        return None
    return {"state": event.kind, "waiting": max(0, (newest[0].id or 0) - sent) if newest else 0}


def cloud_tile(cloud: CloudAnswer | None) -> list[tuple[str, str, str]]:
    """Title, value and a word beside it; none where there never was an exchange."""
    if cloud is None:
        return []
    words: dict[str, str] = {
        LinkKind.CONNECTED: "connected", LinkKind.RULES_REFUSED: "connected",
        LinkKind.LOST: "away",
    }  # fmt: skip
    word = words.get(cloud["state"], "refused")
    count = cloud["waiting"]
    waits = f"{count:,} scan{'s' if count != 1 else ''} to send" if count else "all is sent"
    return [("Cloud", word, waits)]
