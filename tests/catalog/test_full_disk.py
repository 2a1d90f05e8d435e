"""A disk that is full or read-only, made for real with a small tmpfs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Outcome = dict[str, Any]


@pytest.fixture
def on_small_disk(tmp_path: Path) -> Callable[[str], Outcome]:
    """Do a piece of work of `small_disk` on a disk of its own and return what came of it."""
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        subprocess.run([*namespace, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system does not let a test mount a disk of its own")

    def run(work: str) -> Outcome:
        command = [*namespace, sys.executable, "-m", "tests.catalog.small_disk", work, tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        outcome: Outcome = json.loads(done.stdout)
        return outcome

    return run


def test_a_build_that_fills_the_disk_says_so_and_goes_on_later(
    on_small_disk: Callable[[str], Outcome],
) -> None:
    outcome = on_small_disk("build")
    assert "pack.building is full" in outcome["said"]
    assert outcome["said"].endswith("run the same command again, it goes on from where it was")
    assert outcome["left"] == ["pack.building"]
    assert outcome["resumed"] >= 64
    assert outcome["rows"] == 250


def test_a_full_or_read_only_disk_leaves_the_library_as_it_was(
    on_small_disk: Callable[[str], Outcome],
) -> None:
    outcome = on_small_disk("install")
    too_large, to_the_brim, read_only = outcome["said"]
    assert "is full" in too_large
    assert too_large.endswith("/large again")
    assert "is full" in to_the_brim
    assert to_the_brim.endswith("use demo@2 again")
    assert "Read-only file system" in read_only
    assert outcome["same"]
    assert outcome["current"] == "3"
