"""One feed process per data folder: a lock that the kernel takes back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from scanner.errors import AlreadyRunningError
from scanner.store_faults import explained

LOCK_FILE = "feed.lock"


class FeedLock:
    """Held from `__init__` to `release`, or to the end of the process however it ends."""

    def __init__(self, data_dir: Path) -> None:
        """Take the lock at once.

        Raises:
            AlreadyRunningError: another process has it; the message names it.
            StoreReadOnlyError, StoreFullError, StoreError: the folder can't be written.
        """
        path = data_dir / LOCK_FILE
        with explained(data_dir):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o664)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
                os.close(self._descriptor)
                raise AlreadyRunningError(
                    f"Another feed process (pid {holder or 'unknown'}) runs on {data_dir}: stop "
                    f"it first (`kill {holder or '<pid>'}`, or `systemctl stop counterscan-feed`), "
                    "or give this one another folder with --data."
                ) from None
            try:
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
            except BaseException:
                os.close(self._descriptor)
                raise

    def release(self) -> None:
        """Give the lock back. The file stays: without it two processes could hold two files."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
