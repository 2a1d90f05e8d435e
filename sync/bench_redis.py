"""A real Redis for tests: on a free port, in a folder that is thrown away."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time

from scanner.errors import CounterscanError
from sync.bench_broker import free_port, start_on_free_port

_START_WITHIN_S = 60.0


class MissingRedisError(CounterscanError, RuntimeError):
    """There is no Redis on this computer."""


class RedisServer:
    """A server of its own. A context manager; the port stays through restarts."""

    def __init__(self) -> None:
        """Prepare it. Raises `MissingRedisError`."""
        found = shutil.which("redis-server")
        if found is None:
            raise MissingRedisError(
                "redis-server is not installed; as root, run: apt-get install redis-server "
                "(make test does)"
            )
        self._program = found
        self._folder = tempfile.mkdtemp(prefix="counterscan-redis-")
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, as cloud.toml has it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> RedisServer:
        start_on_free_port(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it and return once it listens. Raises CounterscanError."""
        self._process = subprocess.Popen(
            [
                self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--dir", self._folder,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until_mono_s = time.monotonic() + _START_WITHIN_S
        while time.monotonic() < until_mono_s and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as one:
                    one.sendall(b"PING\r\n")
                    if one.recv(7) == b"+PONG\r\n":
                        return
            except OSError:
                time.sleep(0.02)
        raise CounterscanError("redis-server does not start")

    def stop(self) -> None:
        """Stop it as `kill` does."""
        self.kill()

    def kill(self) -> None:
        """Kill it; it forgets everything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
