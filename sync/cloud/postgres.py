"""PostgreSQL as the cloud's database, with the same few calls as the SQLite file's `Log`."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from scanner.errors import (
    ConfigError,
    CounterscanError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
)

log = logging.getLogger(__name__)

_CONNECT_WITHIN_S = 10
_DEAD_AFTER = {
    "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
}  # fmt: skip
_USER_TIMEOUT = {"tcp_user_timeout": 30_000}
"""Whoever is gone without a word is given up after half a minute, by either end. TCP itself waits
hours, in which a lost worker's transaction would keep all others from its devices."""
_SERVER_SETTINGS = {
    "timezone": "UTC", **_USER_TIMEOUT,
    **{f"tcp_{name}": value for name, value in _DEAD_AFTER.items()},
}  # fmt: skip
_POOL = 5
_MOST_CONNECTIONS = 20
_DISK_FULL = "53100"
_READ_ONLY = {"25006", "42501"}
_LIMIT_EXCEEDED = "54"
_WRONG_SETTINGS = {"28P01", "28000", "3D000"}
_LEFT_ALONE = "25P03"
_LOCKED = "55P03"
_END_FROZEN = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
        AND application_name = :name AND state = 'active' AND wait_event = 'ClientRead'
        AND query_start < now() - make_interval(secs => :idle_s)
""")
"""A process that froze while it copied rows is not idle to PostgreSQL: it waits for it for ever."""


@dataclass(frozen=True, slots=True)
class Patience:
    """What a process that is frozen (stopped, not dead) may cost the others.

    `idle_s` is how long a transaction may be left alone until the server ends it, with all that it
    holds; `locked_s` how long one waits for another (0: for ever). `name` tells its connections.
    """

    name: str = "counterscan"
    idle_s: float = 300.0
    locked_s: float = 0.0


INTAKE = Patience("counterscan-ingest", idle_s=30.0, locked_s=20.0)
"""Of whoever takes rows in: a device's rows wait for nobody who is frozen for longer than this."""


class RefusedRowError(StoreError):
    """What was to be written is nothing that the database can keep; to try again is of no use."""


class Postgres:
    """The open database; usable from several threads."""

    def __init__(self, url: str, patience: Patience | None = None) -> None:
        """Connect when first asked. Raises CounterscanError where the driver is missing."""
        self._patience = patience or Patience()
        settings = {
            **_SERVER_SETTINGS,
            "idle_in_transaction_session_timeout": int(1000 * self._patience.idle_s),
            "lock_timeout": int(1000 * self._patience.locked_s),
        }
        self._where = make_url(url).render_as_string(hide_password=True)
        driver()
        self.engine: Engine = create_engine(
            url,
            pool_size=_POOL,
            max_overflow=_MOST_CONNECTIONS - _POOL,
            pool_pre_ping=True,
            connect_args={
                "application_name": self._patience.name,
                "connect_timeout": _CONNECT_WITHIN_S,
                **_DEAD_AFTER,
                **_USER_TIMEOUT,
                "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            },
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment, however many statements it runs. Raises StoreError."""
        engine = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with self._explained(), Session(engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction, on disk when the block has ended.

        Unlike SQLite's, several may write at once: who decides by what it reads takes
        `sync.cloud.tables.hold` first.

        Raises:
            StoreError: nothing was written; the call may be made again.
        """
        with (
            self._explained(),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def data_version(self) -> int:
        """A number that changes whenever any connection commits something written."""
        with self.read() as session:
            now = session.connection().execute(text("SELECT pg_current_snapshot()::text"))
            return hash(now.scalar_one())

    def is_refusal(self, error: DBAPIError) -> bool:
        """Whether what was to be written is nothing that the database can keep."""
        return _is_refusal(error.orig)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise what goes wrong inside as an error that says what to do."""
        psycopg = driver()
        try:
            yield
        except CounterscanError:
            raise
        except DBAPIError as error:
            if not isinstance(error.orig, psycopg.Error):
                raise
            raise self._of(error.orig) from error
        except psycopg.Error as error:
            raise self._of(error) from error
        except PoolTimeout as error:
            raise StoreError(
                f"All {_MOST_CONNECTIONS} connections to the database {self._where} are in use: "
                "it is tried again."
            ) from error

    def _of(self, error: Exception) -> Exception:
        psycopg = driver()
        said = " ".join(str(error).split())
        state = getattr(error, "sqlstate", None) or ""
        if state == _LOCKED:
            self._end_frozen()
        if state == _DISK_FULL or getattr(error, "errno", 0) == errno.ENOSPC:
            return StoreFullError(f"The disk of the database {self._where} is full: make room.")
        if state in _READ_ONLY:
            return StoreReadOnlyError(
                f"The database {self._where} can't be written by this user ({said}): give its "
                "tables to that user."
            )
        if state in _WRONG_SETTINGS or (not state and "authentication failed" in said):
            return ConfigError(f"The database {self._where} does not let the cloud in: {said}")
        if _is_refusal(error):
            return RefusedRowError(f"The database refused a row ({said}): please report this.")
        if isinstance(error, psycopg.OperationalError) or state == _LEFT_ALONE:
            return StoreError(
                f"The database {self._where} can't be used just now ({said}): it is tried again."
            )
        return error  # our own SQL is wrong: a defect, which shows its traceback

    def _end_frozen(self) -> None:
        """End what keeps others out and never will go on: it has frozen amid copying its rows."""
        words = {"name": self._patience.name, "idle_s": self._patience.idle_s}
        with suppress(DBAPIError, PoolTimeout), self.engine.begin() as connection:
            for _ in connection.execute(_END_FROZEN, words):
                log.warning("a worker that was frozen while it copied rows was cut off")


def _is_refusal(error: BaseException | None) -> bool:
    errors = driver().errors
    state = getattr(error, "sqlstate", None) or ""
    return isinstance(error, errors.IntegrityError | errors.DataError) or state.startswith(
        _LIMIT_EXCEEDED
    )


def driver() -> ModuleType:
    """The library that speaks with PostgreSQL, loaded where it is asked for only.

    Raises:
        CounterscanError: it is not installed.
    """
    try:
        import psycopg
    except ModuleNotFoundError:
        raise CounterscanError(
            "psycopg is not installed, which a cloud on PostgreSQL needs: pip install "
            "--require-hashes -r requirements-cloud.lock"
        ) from None
    return psycopg
