"""A real disk that is small, or read-only, for a child process, with or without being root.

The child lives in a mount namespace of its own, so that nothing is left mounted whatever happens.
Where a container forbids that, its small /dev/shm is as good a small disk.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_SMALL_ENOUGH_BYTES = 256 * 1024 * 1024
_MOUNT = 'mount -t tmpfs -o "size=$1,mode=0777" tmpfs "$2" && shift 2 && exec "$@"'


@cache
def _namespace() -> list[str] | None:
    """The command that gives a child its own mounts; None where the kernel or container forbids."""
    own = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    if shutil.which("unshare") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            [*own, "sh", "-c", _MOUNT, "sh", "1m", folder, "true"], capture_output=True, check=False
        )
    return own if tried.returncode == 0 else None


@contextmanager
def small_disk(size_bytes: int, tmp_path: Path) -> Iterator[tuple[list[str], Path]]:
    """How to start a child (words before its own), and the folder that is a small disk to it."""
    namespace = _namespace()
    if namespace is not None:
        folder = tmp_path / "disk"
        folder.mkdir()
        yield [*namespace, "sh", "-c", _MOUNT, "sh", str(size_bytes), str(folder)], folder
        return
    shared = Path("/dev/shm")
    if shared.is_dir() and shutil.disk_usage(shared).total <= _SMALL_ENOUGH_BYTES:
        with tempfile.TemporaryDirectory(dir=shared) as name:
            yield [], Path(name)
        return
    why = "no small disk here: this test needs `unshare -Urm`, or root, or a small /dev/shm"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def on_small_disk(
    scenario: str, tmp_path: Path, *, size_bytes: int = 4 * 1024 * 1024
) -> dict[str, Any]:
    """Run a scenario of `tests/store/disk_scenarios.py` there; what it found."""
    with small_disk(size_bytes, tmp_path) as (before, folder):
        done = subprocess.run(
            [*before, sys.executable, "-m", "tests.store.disk_scenarios", scenario, str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def can_mount() -> bool:
    """Whether a child can be given mounts of its own."""
    return _namespace() is not None
