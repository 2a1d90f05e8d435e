from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.store.small_disk import can_mount, on_small_disk


def test_a_crop_that_does_not_fit_leaves_nothing_half_written(tmp_path: Path) -> None:
    found = on_small_disk("crop_does_not_fit", tmp_path)
    kind, text = found["error"]
    assert kind == "StoreFullError"
    assert "is full: make room" in text
    assert found["scans"] == ["a", "b", "c"]
    assert found["crops"] == ["1.jpg", "2.jpg", "3.jpg"]
    assert found["again"] == [4, 4, True], "the same card goes through once there is room"


def test_a_row_that_does_not_fit_takes_its_crop_back(tmp_path: Path) -> None:
    found = on_small_disk("row_does_not_fit", tmp_path)
    assert found["error"][0] == "StoreFullError"
    assert found["scans"] == ["a"]
    assert found["crops"] == ["1.jpg"]
    assert found["sequences"] == [2, 3], "and leaves no gap"


def test_scanning_until_the_disk_is_full_loses_no_card(tmp_path: Path) -> None:
    found = on_small_disk("until_full", tmp_path)
    assert found["error"][0] == "StoreFullError"
    assert found["acknowledged"] > 10
    assert found["read"] == found["acknowledged"], "the page still reads"
    assert found["event"][0] == "StoreFullError"
    assert found["opened_full"] == [] or found["opened_full"][0] == "StoreFullError"
    assert found["scans"] == found["whole"] == found["crops"] == found["acknowledged"]
    assert found["sequences"]
    assert not found["notice"], "a full disk is no damage"


def test_a_backup_that_does_not_fit_disturbs_nothing(tmp_path: Path) -> None:
    found = on_small_disk("backup_does_not_fit", tmp_path, size_bytes=100 * 1024 * 1024)
    assert found["before"] == found["after"] != []
    assert found["by_hand"][0] == "StoreFullError"


def needs_mounts() -> None:
    if not can_mount():
        pytest.skip("a read-only disk needs `unshare -Urm`, or root; the next test needs neither")


def test_a_read_only_disk_is_named_as_such(tmp_path: Path) -> None:
    needs_mounts()
    found = on_small_disk("read_only_disk", tmp_path)
    for role in ("feed", "web"):
        kind, text = found[role]
        assert kind == "StoreReadOnlyError"
        assert "isn't mounted read-only" in text
    assert found["scans"] == 1


def test_a_disk_that_turns_read_only_under_way_is_named_as_such(tmp_path: Path) -> None:
    needs_mounts()
    assert on_small_disk("turns_read_only", tmp_path)["commit"][0] == "StoreReadOnlyError"


def test_a_folder_of_another_user_is_named_as_such() -> None:
    # Not in pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-m", "tests.store.disk_scenarios", "foreign_folder", name],
            capture_output=True,
            text=True,
            check=False,
        )
        for path in Path(name).glob("**/"):
            path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    for use, (kind, text) in json.loads(done.stdout).items():
        assert kind == "StoreReadOnlyError", (use, text)
        assert "give the folder to that user" in text
