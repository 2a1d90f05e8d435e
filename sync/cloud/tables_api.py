"""The tables of the cloud's API: who may ask, what they asked, and which devices are let in."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, String, Table

from scanner.tables import UtcDateTime
from sync.cloud.tables import METADATA, Number

ACCOUNT = Table(
    "account",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("name", String, nullable=False),
    Column("folded", String, nullable=False, unique=True),
    Column("email", String, nullable=False),
    Column("role", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("generation", Number, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)
"""One person. `generation` grows with what ends every token that the person holds."""

TOKEN_END = Table(
    "token_end",
    METADATA,
    Column("token", String, primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""Tokens that were signed out before their time."""

API_KEY = Table(
    "api_key",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("label", String, nullable=False),
    Column("role", String, nullable=False),
    Column("secret_hash", String, nullable=False, unique=True),
    Column("made_by", String, nullable=False),
    Column("per_minute", Number, nullable=False),
    Column("per_day", Number, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    sqlite_autoincrement=True,
)

LOGIN_FAILURE = Table(
    "login_failure",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("name", String, nullable=False),
    Column("client", String, nullable=False),
    Column("failed_at", UtcDateTime, nullable=False),
    Index("ix_login_failure_name", "name", "failed_at"),
    Index("ix_login_failure_client", "client", "failed_at"),
    sqlite_autoincrement=True,
)

API_USAGE = Table(
    "api_usage",
    METADATA,
    Column("who", String, primary_key=True),
    Column("day", String, primary_key=True),
    *(
        Column(name, Number, nullable=False)
        for name in ("requests", "not_modified", "refused", "failed", "sent_bytes")
    ),
    Column("took_ms", Float, nullable=False),
    Column("cost_micro", Number, nullable=False, server_default="0"),
)
"""What a key (`key 3`) or a person (`account 1`) asked on one day (UTC), and what it cost in
millionths of the currency that was set then."""

ENROL_CODE = Table(
    "enrol_code",
    METADATA,
    Column("code_hash", String, primary_key=True),
    Column("device", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

CREDENTIAL = Table(
    "credential",
    METADATA,
    Column("device", String, primary_key=True),
    Column("password_hash", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)
"""A device's way in at the broker, as Mosquitto's password file has it."""

CARD = Table(
    "card",
    METADATA,
    Column("id", Number, primary_key=True),
    *(
        Column(name, String, nullable=False)
        for name in ("game", "card_id", "name", "set_name", "number", "variant")
    ),
    Column("folded_name", String, nullable=False),
    Column("folded", String, nullable=False),
    Column("changed_in", Number, nullable=False),
    Index("ix_card_game_card_id", "game", "card_id", unique=True),
    Index("ix_card_changed_in", "changed_in"),
    sqlite_autoincrement=True,
)
"""The printings that the cloud knows. `folded` holds every word that a search may ask for, in small
letters without accents; the full text is searched by FTS5 (`card_words`) on SQLite, and by the
generated column `words` (tsvector, GIN) on PostgreSQL: see `sync/cloud/api/card_search.py`.
"""

PRICE_TREND = Table(
    "price_trend",
    METADATA,
    Column("days", Number, primary_key=True, autoincrement=False),
    *(
        Column(name, String, primary_key=True)
        for name in ("game", "card_id", "finish", "condition", "currency", "source")
    ),
    Column("before_minor", Number, nullable=False),
    Column("amount_minor", Number, nullable=False),
    Column("change", Float, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("made_in", Number, nullable=False),
    Index("ix_price_trend_change", "days", "currency", "change"),
    Index("ix_price_trend_made_in", "made_in"),
)
"""How prices moved within some days; made anew by `sync/cloud/api/trends.py`."""

COLLECTION_VALUE = Table(
    "collection_value",
    METADATA,
    *(Column(name, String, primary_key=True) for name in ("device", "day", "currency")),
    *(Column(name, Number, nullable=False) for name in ("cards", "priced", "amount_minor")),
    Column("made_at", UtcDateTime, nullable=False),
)
"""What the cards that a device had scanned by the end of a day were worth on that day."""

WEBHOOK = Table(
    "webhook",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("url", String, nullable=False),
    Column("salt", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    sqlite_autoincrement=True,
)
"""Who is told of alerts. The secret that signs is made of `salt` and a key in a file."""

DELIVERY = Table(
    "delivery",
    METADATA,
    Column("id", Number, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("channel", "target", "about")),
    Column("body", String, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Number, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("problem", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index("ix_delivery_due", "state", "next_at"),
    Index("ix_delivery_once", "channel", "target", "about", unique=True),
    sqlite_autoincrement=True,
)
"""One message to one receiver: `state` is waiting, done or dead (given up)."""
