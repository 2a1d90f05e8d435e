from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def kill(scenario: str, folder: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.kills", scenario, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where that can be: a killed process leaves the same files there as on a disk."""
    shared = Path("/dev/shm")
    if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 32_000_000:
        with tempfile.TemporaryDirectory(dir=shared) as name:
            yield Path(name)
    else:
        yield tmp_path


@pytest.mark.slow
def test_every_commit_that_returned_is_in_the_log_once(tmp_path: Path) -> None:
    found = kill("at_random_moments", tmp_path)
    acknowledged, keys = found["acknowledged"], found["keys"]
    assert len(acknowledged) > 50
    assert set(acknowledged) <= set(keys), "no card is lost"
    assert keys == list(range(1, len(keys) + 1)), "and none is there twice"
    assert found["sequences"] == keys
    assert found["whole_crops"] == len(keys)
    assert found["restored"] == 0, "a power cut is no damage"


def test_a_power_cut_at_any_step_of_a_commit_leaves_the_whole_scan_or_none(
    quick_folder: Path,
) -> None:
    states = kill("during_a_commit", quick_folder)
    assert len(states) > 10
    for state in states:
        assert state["keys"] in ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6])
        assert state["sequences"] == state["keys"]
        assert state["whole_crops"] == len(state["keys"])
        assert state["notice"] == ""
    assert states[0]["keys"][-1] == 5
    assert states[-1]["keys"][-1] == 6


def test_a_power_cut_at_any_step_of_a_restore_leads_to_the_restored_log(quick_folder: Path) -> None:
    states = kill("during_a_restore", quick_folder)
    assert len(states) > 10
    for state in states:
        assert state["keys"] == [1, 2, 3]
        assert "it holds 3 scans" in state["notice"]
        assert state["restored"] == 1


def test_a_power_cut_at_any_step_of_a_backup_harms_neither_log_nor_backups(
    quick_folder: Path,
) -> None:
    states = kill("during_a_backup", quick_folder)
    assert len(states) > 10
    for state in states:
        assert state["keys"] == [1, 2, 3, 4, 5]
        assert state["notice"] == ""
        assert state["sound_backups"], "a copy has its name only once it is whole"


def test_a_power_cut_at_the_birth_of_the_log_is_forgotten(quick_folder: Path) -> None:
    for state in kill("at_birth", quick_folder):
        assert state["keys"] == []
        assert state["notice"] == ""
