"""The page beside the demo, in a process of its own as on the appliance."""

from __future__ import annotations

import logging
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

from scanner.errors import AlreadyRunningError
from scanner.supervisor import die_with_parent

STOP_WITHIN_S = 10.0
_LISTENS_WITHIN_S = 60.0

log = logging.getLogger(__name__)


def choose_port(asked: int | None, usual: int) -> int:
    """The port for the page: `asked`, else the usual one, else any free one.

    Raises AlreadyRunningError when the port that was asked for is busy.
    """
    if asked:
        if not _is_free(asked):
            raise AlreadyRunningError(
                f"Port {asked} is busy: choose another with --port, or stop what uses it."
            )
        return asked
    if asked is None and _is_free(usual):
        return usual
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the server does it: a port whose last connections are only fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


class PageProcess:
    """`counterscan web` as a child that ends with this process, however that ends.

    The demo needs no pairing: who opens `url` is signed in, as long as this process runs.
    """

    def __init__(self, data_dir: Path, port: int, *, quiet: bool):
        """Start it. With `quiet` its own announcement does not reach standard output."""
        link = secrets.token_urlsafe(12)
        self._port = port
        self.url = f"http://localhost:{port}/open?link={link}"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "scanner.cli", "--data", str(data_dir)),
                *("--log-level", "warning", "web", "--port", str(port), "--link", link),
            ],
            stdout=subprocess.DEVNULL if quiet else None,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def wait_until_there(self) -> None:
        """Return once whoever opens `url` is answered, or once that takes too long."""
        end_mono_s = time.monotonic() + _LISTENS_WITHIN_S
        while self._process.poll() is None and time.monotonic() < end_mono_s:
            try:
                socket.create_connection(("localhost", self._port), 1.0).close()
            except OSError:
                time.sleep(0.1)
            else:
                return

    def close(self) -> None:
        """Stop it, and say so if it had died before."""
        code = self._process.poll()
        if code is not None:
            log.warning("the page's process had ended with exit code %d", code)
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            log.warning("the page's process did not stop and was killed")
            self._process.kill()
            self._process.wait()
