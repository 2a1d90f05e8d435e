"""What the cloud keeps: each device's log as it came in, and prices. Frozen."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, key: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=False, primary_key=key) for name in names]


def _numbers(*names: str, key: bool = False) -> list[sa.Column[Any]]:
    return [
        sa.Column(name, _NUMBER, nullable=False, primary_key=key, autoincrement=False)
        for name in names
    ]


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(), nullable=False)


def _id() -> sa.Column[Any]:
    return sa.Column("id", _NUMBER, nullable=False, primary_key=True, autoincrement=True)


_ANSWER = (
    "decision", "game", "card_id", "name", "set_name", "number", "variant", "finish"
)  # fmt: skip


def upgrade() -> None:
    """Make the tables and the view."""
    _of_devices()
    _of_logs()
    _of_prices()
    op.execute(_PRESENT_ANSWER)


def _of_devices() -> None:
    op.create_table(
        "device",
        *_texts("device", key=True),
        *_texts("log"),
        sa.Column("is_online", sa.Boolean(), nullable=False),
        *_texts("release", "counters"),
        _time("seen_at"),
    )
    log = ("device", "log", "stream")
    op.create_table("received", *_texts(*log, key=True), *_numbers("up_to"))
    op.create_table("received_early", *_texts(*log, key=True), *_numbers("after", "last", key=True))
    op.create_table(
        "refused_message", _id(), *_texts("topic"), *_numbers("size_bytes"), *_texts("reason"),
        _time("created_at"), sqlite_autoincrement=True,
    )  # fmt: skip


def _of_logs() -> None:
    def key() -> list[sa.Column[Any]]:
        return [*_texts("device", "log", key=True), *_numbers("id", key=True), _time("created_at")]

    words = ("name", "driver", "mode", "kind", "store", "location", "game", "condition", "language")
    op.create_table("batch", *key(), *_texts(*words))
    op.create_table(
        "scan", *key(), *_texts(*_ANSWER), *_numbers("batch_id", "sequence"),
        sa.Column("reasons", sa.JSON(), nullable=False), *_texts("view"),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("upside_down", sa.Boolean(), nullable=False),
        *_texts("recognizer", "model_id", "pack_id", "driver"), *_numbers("bin"), *_texts("rule"),
    )  # fmt: skip
    op.create_index("ix_scan_game_card_id", "scan", ["game", "card_id"])
    op.create_table(
        "retry", *key(), *_texts(*_ANSWER), *_numbers("scan_id"), *_texts("outcome"),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        *_texts("recognizer", "model_id", "pack_id"),
    )  # fmt: skip
    op.create_index("ix_retry_scan", "retry", ["device", "log", "scan_id"])
    op.create_table(
        "correction", *key(), *_texts(*_ANSWER), *_numbers("scan_id"),
        *_texts("kind", "language", "condition"), *_numbers("undoes"),
    )  # fmt: skip
    op.create_index("ix_correction_scan", "correction", ["device", "log", "scan_id"])


def _of_prices() -> None:
    kind = ("card_id", "finish", "condition", "currency", "source")
    op.create_table(
        "price", *_texts("game", "set_name", *kind, key=True), *_numbers("amount_minor"),
        _time("as_of"), *_numbers("changed_in"),
    )  # fmt: skip
    op.create_index("ix_price_changed", "price", ["game", "set_name", "changed_in"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_PRICE_CHANGE_BY_MONTH)
        op.execute("CREATE TABLE price_change_other PARTITION OF price_change DEFAULT")
    else:
        op.create_table(
            "price_change", _id(), *_texts("game", *kind), *_numbers("amount_minor"),
            _time("as_of"), sqlite_autoincrement=True,
        )  # fmt: skip
    op.create_index("ix_price_change_card", "price_change", ["game", "card_id"])
    op.create_table(
        "price_feed", *_texts("game", "set_name", key=True),
        *_numbers("told", "snapshot", "published"),
    )  # fmt: skip


# The key of a partitioned table must hold what it is partitioned by.
_PRICE_CHANGE_BY_MONTH = """
CREATE TABLE price_change (
    id BIGSERIAL NOT NULL,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    amount_minor BIGINT NOT NULL,
    as_of TIMESTAMP NOT NULL,
    PRIMARY KEY (id, as_of)
) PARTITION BY RANGE (as_of)
"""

# What each scan shows by now, by the device's own rule: the last word of a person that was not
# taken back, else the last retry that found something, else the scan. In the order of ids, so that
# it does not matter in which order rows came in.
_PRESENT_ANSWER = """
CREATE VIEW present_answer AS
SELECT
    scan.device AS device,
    scan.log AS log,
    scan.id AS scan_id,
    CASE WHEN person.id IS NOT NULL THEN 'person' WHEN again.id IS NOT NULL THEN 'retry'
        ELSE 'scan' END AS source,
    coalesce(person.decision, again.decision, scan.decision) AS decision,
    coalesce(person.game, again.game, scan.game) AS game,
    coalesce(person.card_id, again.card_id, scan.card_id) AS card_id,
    coalesce(person.name, again.name, scan.name) AS name,
    coalesce(person.set_name, again.set_name, scan.set_name) AS set_name,
    coalesce(person.number, again.number, scan.number) AS number,
    coalesce(person.variant, again.variant, scan.variant) AS variant,
    coalesce(person.finish, again.finish, scan.finish) AS finish,
    coalesce(nullif(person.language, ''), batch.language, '') AS language,
    coalesce(nullif(person.condition, ''), batch.condition, '') AS condition
FROM scan
LEFT JOIN batch
    ON batch.device = scan.device AND batch.log = scan.log AND batch.id = scan.batch_id
LEFT JOIN correction AS person
    ON person.device = scan.device AND person.log = scan.log AND person.id = (
    SELECT max(said.id) FROM correction AS said
    WHERE said.device = scan.device AND said.log = scan.log AND said.scan_id = scan.id
        AND said.kind = 'corrected' AND NOT EXISTS (
        SELECT 1 FROM correction AS back
        WHERE back.device = scan.device AND back.log = scan.log AND back.scan_id = scan.id
            AND back.kind = 'undone'
            AND (back.undoes = said.id OR (back.undoes = 0 AND back.id > said.id))
    )
)
LEFT JOIN retry AS again
    ON again.device = scan.device AND again.log = scan.log AND again.id = (
    SELECT max(last.id) FROM retry AS last
    WHERE last.device = scan.device AND last.log = scan.log AND last.scan_id = scan.id
        AND last.outcome IN ('accepted', 'review')
)
"""
