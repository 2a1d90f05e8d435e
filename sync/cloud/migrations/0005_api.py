"""What the API needs: people, keys, devices' credentials, cards and their search. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False, primary_key=key) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, _NUMBER, nullable=False) for name in names]


def _time(name: str, may_be_empty: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(), nullable=may_be_empty)


def _id() -> sa.Column[int]:
    return sa.Column("id", _NUMBER, nullable=False, primary_key=True, autoincrement=True)


def upgrade() -> None:
    """Make the tables, the indexes and the full-text search."""
    _of_people()
    _of_devices()
    _of_cards()
    _of_messages()


def _of_people() -> None:
    op.create_table(
        "account", _id(), *_texts("name", "folded", "email", "role", "password_hash"),
        *_numbers("generation"), sa.Column("is_open", sa.Boolean(), nullable=False),
        _time("created_at"), sa.UniqueConstraint("folded"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table("token_end", *_texts("token", key=True), _time("expires_at"))
    op.create_table(
        "api_key", _id(), *_texts("label", "role", "secret_hash", "made_by"),
        *_numbers("per_minute", "per_day"), _time("created_at"), _time("revoked_at", True),
        sa.UniqueConstraint("secret_hash"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "login_failure", _id(), *_texts("name", "client"), _time("failed_at"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    for column in ("name", "client"):
        op.create_index(f"ix_login_failure_{column}", "login_failure", [column, "failed_at"])
    op.create_table(
        "api_usage", *_texts("who", "day", key=True),
        *_numbers("requests", "not_modified", "refused", "failed", "sent_bytes"),
        sa.Column("took_ms", sa.Float(), nullable=False),
    )  # fmt: skip


def _of_devices() -> None:
    op.create_table(
        "enrol_code", *_texts("code_hash", key=True), *_texts("device", "made_by"),
        _time("created_at"), _time("expires_at"), _time("used_at", True),
    )  # fmt: skip
    op.create_table(
        "credential", *_texts("device", key=True), *_texts("password_hash"), _time("created_at"),
        _time("revoked_at", True),
    )  # fmt: skip
    op.create_table(
        "collection_value", *_texts("device", "day", "currency", key=True),
        *_numbers("cards", "priced", "amount_minor"), _time("made_at"),
    )  # fmt: skip


def _of_cards() -> None:
    op.create_table(
        "card", _id(),
        *_texts("game", "card_id", "name", "set_name", "number", "variant"),
        *_texts("folded_name", "folded"), *_numbers("changed_in"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_card_game_card_id", "card", ["game", "card_id"], unique=True)
    op.create_index("ix_card_changed_in", "card", ["changed_in"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE card ADD COLUMN words tsvector GENERATED ALWAYS AS "
            "(array_to_tsvector(string_to_array(folded, ' '))) STORED"
        )
        # Without a list of what is still to be sorted in, which every search would read as well.
        op.execute("CREATE INDEX ix_card_words ON card USING gin (words) WITH (fastupdate = off)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE card_words USING fts5 (folded, content = 'card', "
            "content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3')"
        )
        for trigger in _KEEP_WORDS:
            op.execute(trigger)
    op.create_index("ix_price_card", "price", ["game", "card_id"])
    op.create_table(
        "price_trend",
        sa.Column("days", _NUMBER, nullable=False, primary_key=True, autoincrement=False),
        *_texts("game", "card_id", "finish", "condition", "currency", "source", key=True),
        *_numbers("before_minor", "amount_minor"), sa.Column("change", sa.Float(), nullable=False),
        _time("as_of"), *_numbers("made_in"),
    )  # fmt: skip
    op.create_index("ix_price_trend_change", "price_trend", ["days", "currency", "change"])
    op.create_index("ix_price_trend_made_in", "price_trend", ["made_in"])


def _of_messages() -> None:
    op.create_table(
        "webhook", _id(), *_texts("url", "salt", "made_by"), _time("created_at"),
        _time("ended_at", True), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "delivery", _id(), *_texts("channel", "target", "about", "body", "state"),
        *_numbers("tries"), _time("next_at"), *_texts("problem"), _time("created_at"),
        _time("done_at", True), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_delivery_due", "delivery", ["state", "next_at"])
    op.create_index("ix_delivery_once", "delivery", ["channel", "target", "about"], unique=True)


# A table that searches another one's rows is told of each change: https://sqlite.org/fts5.html
_KEEP_WORDS = (
    """
    CREATE TRIGGER card_words_new AFTER INSERT ON card BEGIN
        INSERT INTO card_words (rowid, folded) VALUES (new.id, new.folded);
    END
    """,
    """
    CREATE TRIGGER card_words_changed AFTER UPDATE OF folded ON card BEGIN
        INSERT INTO card_words (card_words, rowid, folded) VALUES ('delete', old.id, old.folded);
        INSERT INTO card_words (rowid, folded) VALUES (new.id, new.folded);
    END
    """,
    """
    CREATE TRIGGER card_words_gone AFTER DELETE ON card BEGIN
        INSERT INTO card_words (card_words, rowid, folded) VALUES ('delete', old.id, old.folded);
    END
    """,
)
