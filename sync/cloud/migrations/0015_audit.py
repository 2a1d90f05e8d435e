"""Who changed what over the API. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    texts = ("who", "name", "address", "what", "target", "outcome")
    op.create_table(
        "api_audit",
        sa.Column("id", number, nullable=False, primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        sa.Column("status", number, nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_audit_at", "api_audit", ["at"])
    op.create_index("ix_api_audit_who", "api_audit", ["who", "id"])
    op.create_index("ix_api_audit_name", "api_audit", ["name", "id"])
    op.create_index("ix_api_audit_what", "api_audit", ["what", "id"])
