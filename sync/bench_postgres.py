"""A real PostgreSQL for tests and measurements: on a free port, in a folder that is thrown away.

PostgreSQL refuses to run as root: there its own user, or `nobody`, runs it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from scanner.errors import CounterscanError
from sync.bench_broker import free_port, start_on_free_port

USER = "counterscan"
PASSWORD = "not-a-secret"
_START_WITHIN_S = 120.0
_UNPRIVILEGED = ("postgres", "nobody")


class MissingPostgresError(CounterscanError, RuntimeError):
    """There is no PostgreSQL on this computer."""


def program(name: str) -> str:
    """Where a program of the newest PostgreSQL is. Raises `MissingPostgresError`."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: each.parts[-2])
    path = os.pathsep.join([*map(str, reversed(folders)), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        raise MissingPostgresError(
            f"{name} is not installed; as root, run: apt-get install postgresql (make test does)"
        )
    return found


class PostgresServer:
    """A server with databases of one test each. A context manager."""

    def __init__(self, *, durable: bool = False, extra: tuple[str, ...] = ()) -> None:
        """Prepare it.

        Args:
            durable: whether it waits for the disk, as a shop's does; tests need not.
            extra: further settings, such as `shared_buffers=256MB`.
        """
        self.port = free_port()
        self._settings = (
            "listen_addresses=127.0.0.1", "unix_socket_directories=",
            "shared_buffers=64MB", f"fsync={'on' if durable else 'off'}",
            "timezone=UTC", "log_timezone=UTC", *extra,
        )  # fmt: skip
        self._folder = Path(tempfile.mkdtemp(prefix="counterscan-postgres-"))
        self._user = _other_user()
        if self._user is not None:
            os.chown(self._folder, self._user, -1)
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PostgresServer:
        try:
            self._make()
            start_on_free_port(self)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it and return once it lets someone in. Raises CounterscanError."""
        words = [program("postgres"), "-D", str(self._folder / "data")]
        for setting in (f"port={self.port}", *self._settings):
            words += ["-c", setting]
        with (self._folder / "server.log").open("ab") as said:
            self._process = subprocess.Popen(
                words, stdout=said, stderr=said, user=self._user, cwd=self._folder
            )
        until_mono_s = time.monotonic() + _START_WITHIN_S
        while time.monotonic() < until_mono_s and self._process.poll() is None:
            if _accepts(self.url("postgres")):
                return
            time.sleep(0.05)
        raise CounterscanError(f"PostgreSQL does not start: {self.log()[-500:]}")

    def stop(self) -> None:
        """Stop it in order, cutting every connection off."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Stop it at once, as a crash does."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_START_WITHIN_S)
            self._process = None

    @property
    def process_id(self) -> int:
        """The number of the running server's first process. Raises CounterscanError."""
        if self._process is None:
            raise CounterscanError("PostgreSQL is not running.")
        return self._process.pid

    def log(self) -> str:
        """What the server has said."""
        return (self._folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def url(self, database: str) -> str:
        """The address of a database, as cloud.toml has it."""
        return f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new_database(self, like: str = "template1") -> str:
        """Make a database, empty or a copy of the one called `like`, and return its address."""
        name = f"cloud_{next(self._numbers)}"
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
        engine.dispose()
        return self.url(name)

    def _make(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        words = [
            program("initdb"), "-D", str(self._folder / "data"), "-U", USER, "--auth=scram-sha-256",
            f"--pwfile={secret}", "--encoding=UTF8", "--no-locale", "--no-sync",
        ]  # fmt: skip
        made = subprocess.run(
            words, user=self._user, cwd=self._folder, capture_output=True, check=False
        )
        if made.returncode:
            raise CounterscanError(f"initdb failed: {made.stderr.decode(errors='replace')[-500:]}")


def _other_user() -> int | None:
    """Who is to run the server in root's place; None where this is not root."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise CounterscanError("PostgreSQL needs a user other than root: add one called postgres.")


def _accepts(url: str) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 5})
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True
