"""Alerts: the devices' rules, what was raised and told, and who closed it. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CARD = ("game", "card_id", "name", "set_name", "number", "variant", "finish", "text")


def _texts(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False, primary_key=key) for name in names]


def _number(name: str, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, nullable=False, primary_key=key, autoincrement=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", _NUMBER, nullable=False, primary_key=True, autoincrement=True)


def _key() -> sa.Column[str]:
    return sa.Column("key", sa.String(), nullable=False, unique=True)


def upgrade() -> None:
    """Make the tables, and the indexes that find a printing's scans."""
    owner = ("device", "log")
    op.create_table(
        "alert", *_texts(*owner, key=True), _number("id", key=True), _time("created_at"),
        *_texts("key", "rule", "cause", *_CARD), _number("scan_id"),
    )  # fmt: skip
    op.create_table(
        "closed", *_texts(*owner, key=True), _number("id", key=True), _time("created_at"),
        *_texts("key", "by"),
    )  # fmt: skip
    op.create_table(
        "alert_rules", *_texts("device", key=True), *_texts("log"), _number("version"),
        _json("rules"), _json("lists"), _time("told_at"),
    )  # fmt: skip
    op.create_table(
        "card_alert", _id(), _key(), *_texts("fingerprint", "device", "rule", "cause", *_CARD),
        _json("places"), _time("raised_at"), _time("created_at"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_card_alert_card", "card_alert", ["game", "card_id"])
    op.create_table(
        "alert_closed", _id(), _key(), *_texts("by", "device"), _time("closed_at"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table("alert_cursor", *_texts("name", key=True), _number("position"))
    for table in ("retry", "correction"):
        op.create_index(f"ix_{table}_game_card_id", table, ["game", "card_id"])
