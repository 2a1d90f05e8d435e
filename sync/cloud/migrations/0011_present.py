"""What a scan shows now: also by which row, how likely that is right, and after later words on its
batch; and which offers were paid. Frozen."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# As in 0001, with the row that says it, its probability (1 where a person named the card), and
# what a person said of the batch after it was begun.
_PRESENT_ANSWER = """
CREATE VIEW present_answer AS
SELECT
    scan.device AS device,
    scan.log AS log,
    scan.id AS scan_id,
    CASE WHEN person.id IS NOT NULL THEN 'person' WHEN again.id IS NOT NULL THEN 'retry'
        ELSE 'scan' END AS source,
    coalesce(person.id, again.id, scan.id) AS row_id,
    coalesce(person.decision, again.decision, scan.decision) AS decision,
    coalesce(person.game, again.game, scan.game) AS game,
    coalesce(person.card_id, again.card_id, scan.card_id) AS card_id,
    coalesce(person.name, again.name, scan.name) AS name,
    coalesce(person.set_name, again.set_name, scan.set_name) AS set_name,
    coalesce(person.number, again.number, scan.number) AS number,
    coalesce(person.variant, again.variant, scan.variant) AS variant,
    coalesce(person.finish, again.finish, scan.finish) AS finish,
    coalesce(nullif(person.language, ''), word.language, batch.language, '') AS language,
    coalesce(nullif(person.condition, ''), word.condition, batch.condition, '') AS condition,
    CASE WHEN person.id IS NOT NULL THEN 1.0 WHEN again.id IS NOT NULL THEN again.probability
        ELSE scan.probability END AS probability
FROM scan
LEFT JOIN batch
    ON batch.device = scan.device AND batch.log = scan.log AND batch.id = scan.batch_id
LEFT JOIN batch_word AS word
    ON word.device = scan.device AND word.log = scan.log AND word.id = (
    SELECT max(last.id) FROM batch_word AS last
    WHERE last.device = scan.device AND last.log = scan.log AND last.batch_id = scan.batch_id
)
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


def _of_a_batch() -> list[sa.Column[Any]]:
    return [
        *(sa.Column(name, sa.String(), primary_key=True) for name in ("device", "log")),
        sa.Column("id", _NUMBER, nullable=False, primary_key=True, autoincrement=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("batch_id", _NUMBER, nullable=False),
    ]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables, and the view anew."""
    words = ("name", "store", "location", "condition", "language")
    op.create_table("batch_word", *_of_a_batch(), *_texts(*words))
    bought = sa.Column("bought", sa.JSON(), nullable=False)
    op.create_table("offer_made", *_of_a_batch(), *_texts("outcome"), bought)
    for name in ("batch_word", "offer_made"):
        op.create_index(f"ix_{name}_batch", name, ["device", "log", "batch_id"])
    op.execute("DROP VIEW present_answer")
    op.execute(_PRESENT_ANSWER)
