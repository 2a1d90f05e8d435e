"""A real Mosquitto for tests and measurements: on a free port, with the product's access list."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from scanner.errors import CounterscanError
from sync.cloud.broker import access_list

CLOUD = "cloud"
PASSWORD = "not-a-secret"
_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
_START_WITHIN_S = 60.0
_PORTS_TRIED = 5
_RUNS = " running"


class MissingBrokerError(CounterscanError, RuntimeError):
    """There is no Mosquitto on this computer."""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server(Protocol):
    """A server in a process of its own, which is made to listen on `port`."""

    port: int

    def start(self) -> None:
        """Start it and return once it listens. Raises CounterscanError."""

    def kill(self) -> None:
        """End it, if it runs."""


def start_on_free_port(server: Server) -> None:
    """Start a server, on another port where a program has taken its own since it was found free.

    Raises CounterscanError.
    """
    for tries_left in reversed(range(_PORTS_TRIED)):
        try:
            server.start()
        except CounterscanError:
            server.kill()
            if not (tries_left and _is_taken(server.port)):
                raise
            server.port = free_port()
        else:
            return


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def program(name: str) -> str:
    """Where a program of Mosquitto is. Raises `MissingBrokerError`."""
    found = shutil.which(name) or shutil.which(name, path=_PATH)
    if found is None:
        raise MissingBrokerError(
            f"{name} is not installed; as root, run: apt-get install mosquitto (make test does)"
        )
    return found


class Broker:
    """Mosquitto in a folder of its own. A context manager; the port stays through restarts."""

    def __init__(
        self, folder: Path, users: tuple[str, ...], extra: str = "", listener: str = "", *,
        address: str = "127.0.0.1", prefix: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Prepare it for these devices, and for `cloud`; all have the same password.

        Args:
            folder: an empty or missing folder.
            users: the devices' names.
            extra: further lines of the configuration.
            listener: further lines for the listener: its certificates.
            address: where it listens.
            prefix: words before the command, such as those that run it in another network.
        """
        self.port = free_port()
        self.folder = folder
        self._prefix = list(prefix)
        folder.mkdir(parents=True, exist_ok=True)
        self._passwords = folder / "passwords"
        self._passwords.touch(mode=0o600)
        everybody = "".join(f"{user}:{PASSWORD}\n" for user in (CLOUD, *users))
        self._passwords.write_text(everybody, encoding="utf-8")
        hashing = [program("mosquitto_passwd"), "-U", str(self._passwords)]
        subprocess.run(hashing, check=True, capture_output=True)
        (folder / "acl").write_text(access_list(CLOUD), encoding="utf-8")
        self._configuration = (
            f"{address}\n{listener}\n"
            "allow_anonymous false\nuser root\n"
            f"password_file {self._passwords}\nacl_file {folder / 'acl'}\n"
            f"persistence true\npersistence_location {folder}/\n"
            f"log_dest file {folder / 'mosquitto.log'}\n{extra}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Broker:
        start_on_free_port(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def add_user(self, user: str, password: str = PASSWORD) -> None:
        """Let a user in, or change the password; a running broker needs `reload`."""
        words = [program("mosquitto_passwd"), "-b", str(self._passwords), user, password]
        subprocess.run(words, check=True, capture_output=True)

    def remove_user(self, user: str) -> None:
        """Revoke a user; a running broker needs `restart` to cut it off."""
        words = [program("mosquitto_passwd"), "-D", str(self._passwords), user]
        subprocess.run(words, check=True, capture_output=True)

    def allow(self, user: str, *filters: str) -> None:
        """Let a user of the shop's own read some topics; the broker is restarted."""
        self.add_user(user)
        rights = "".join(f"topic read {one}\n" for one in filters)
        access = self.folder / "acl"
        access.write_text(f"user {user}\n{rights}\n{access.read_text(encoding='utf-8')}")
        self.restart()

    def start(self) -> None:
        """Start it and return once it listens. Raises `MissingBrokerError`, or CounterscanError."""
        ran_before = self._said().count(_RUNS)
        file = self.folder / "mosquitto.conf"
        file.write_text(f"listener {self.port} {self._configuration}", encoding="utf-8")
        self._process = subprocess.Popen(
            [*self._prefix, program("mosquitto"), "-c", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until_mono_s = time.monotonic() + _START_WITHIN_S
        while time.monotonic() < until_mono_s and self._process.poll() is None:
            if self._said().count(_RUNS) > ran_before:
                return
            time.sleep(0.02)
        raise CounterscanError(f"mosquitto does not start: {self._said()[-500:]}")

    def _said(self) -> str:
        file = self.folder / "mosquitto.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    @property
    def process_id(self) -> int:
        """The number of the running broker's process. Raises CounterscanError."""
        if self._process is None:
            raise CounterscanError("Mosquitto is not running.")
        return self._process.pid

    def stop(self) -> None:
        """Stop it in order: it writes down what it keeps."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it: it forgets what it had not written down."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def crash(self) -> None:
        """Kill and start."""
        self.kill()
        self.start()

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None


def write_pairing(
    file: Path, port: int, user: str, password: str = PASSWORD, host: str = "127.0.0.1"
) -> Path:
    """The pairing file of one end of a test."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    text = f'broker = "mqtt://{host}:{port}"\nuser = "{user}"\npassword = "{password}"\n'
    file.write_text(text, encoding="utf-8")
    return file
