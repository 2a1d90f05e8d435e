"""Which job ran when, and what came of it."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from scanner.tables import UtcDateTime
from sync.cloud.tables import METADATA, Number

JOB_RUN = Table(
    "job_run",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("job", String, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("ix_job_run_job", "job", "began_at"),
    sqlite_autoincrement=True,
)
