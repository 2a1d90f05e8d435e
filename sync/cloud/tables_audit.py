"""Who changed what over the API."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, String, Table

from scanner.tables import UtcDateTime
from sync.cloud.tables import METADATA, Number

API_AUDIT = Table(
    "api_audit",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    *(
        Column(name, String, nullable=False)
        for name in ("who", "name", "address", "what", "target", "outcome")
    ),
    Column("status", Number, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_api_audit_at", "at"),
    Index("ix_api_audit_who", "who", "id"),
    Index("ix_api_audit_name", "name", "id"),
    Index("ix_api_audit_what", "what", "id"),
    sqlite_autoincrement=True,
)
"""One change, or a try. `who` is `account 1`, `key 3`, `device counter-1`, `shell` or "" for a
stranger, `what` the route's name, such as `keys.revoke`. `outcome` is begun until the answer goes
out, then done, refused or failed, with the answer's `status`. Nothing secret is ever here.
"""
