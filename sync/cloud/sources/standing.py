"""How each source of prices stands, from the cloud's database and its settings."""

from __future__ import annotations

from datetime import timedelta

from scanner.tables import utc_now
from sync.cloud.sources.book_sql import SqlBook
from sync.cloud.sources.health import SourceState, source_states
from sync.cloud.sources.registry import requests_per_day
from sync.cloud.sources.settings import SourcesSettings
from sync.cloud.store import CloudStore

LOOK_BACK = timedelta(days=14)


def states_of(store: CloudStore, settings: SourcesSettings) -> list[SourceState]:
    """Every source that can be asked or has been asked in the last two weeks. Raises StoreError."""
    now, book = utc_now(), SqlBook(store)
    per_day = requests_per_day(settings)
    return source_states(book.runs_since(now - LOOK_BACK), book.usage(now.date()), per_day, now)
