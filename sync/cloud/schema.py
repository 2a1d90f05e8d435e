"""Brings the cloud's database to today's tables: Alembic revisions, in one transaction each start.

The files are `sync/cloud/migrations/NNNN_name.py`, one after another, for SQLite and PostgreSQL
alike. Nothing here is run by hand: whoever opens the database migrates it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from scanner.errors import StoreError

FOLDER = Path(__file__).parent / "migrations"
FIRST = "0001"
_LOCK = 0x636F756E746572  # any number that nobody else uses in this database


@cache
def revisions() -> tuple[str, ...]:
    """The numbers of all revisions, in order. Raises StoreError for a gap or a fork."""
    script = _script()
    heads = script.get_heads()
    found = tuple(reversed([each.revision for each in script.walk_revisions()]))
    if len(heads) != 1 or found != tuple(f"{at + 1:04d}" for at in range(len(found))):
        raise StoreError(f"The revisions in {FOLDER} are {found}; install Counterscan again.")
    return found


def revision_of(connection: Connection) -> str | None:
    """Which revision a database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(connection: Connection, to: str = "head") -> None:
    """Apply what is missing, within the connection's transaction, which the caller commits.

    Raises:
        StoreError: the database is from a newer release.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if connection.dialect.name == "sqlite" and _is_of_the_sql_file(connection):
        MigrationContext.configure(connection).stamp(_script(), FIRST)
    now = revision_of(connection)
    if now is not None and now not in revisions():
        raise StoreError(
            f"The cloud's database is at revision {now}, from a newer Counterscan than this one, "
            f"which knows {revisions()[-1]}: update Counterscan on this machine."
        )
    target = revisions()[-1] if to == "head" else to
    if now == target:
        return
    _run(connection, target)


def _run(connection: Connection, target: str) -> None:
    script = _script()

    def steps(at: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs(target, at)

    with EnvironmentContext(Config(), script, fn=steps, destination_rev=target) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def _is_of_the_sql_file(connection: Connection) -> bool:
    """Whether the file was made before there was Alembic, by its first revision's twin in SQL."""
    tables = inspect(connection).get_table_names()
    return "received" in tables and "alembic_version" not in tables


@cache
def _script() -> ScriptDirectory:
    return ScriptDirectory(FOLDER, version_locations=[FOLDER])
