"""SIGKILL at every step of a switch: a pack is in use afterwards, and the update ends well."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from scanner.catalog.library import Library
from scanner.catalog.manifest import read_manifest
from scanner.catalog.opening import open_current
from scanner.config import load_settings
from sync.update_switch import Change, Switch
from tests.sync.update_kit import make_shop


@pytest.mark.slow
def test_a_switch_killed_at_any_step_leaves_one_pack_or_the_other(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop")
    manifest = read_manifest(shop.packs["1"])
    fresh, data_dir = tmp_path / "fresh", tmp_path / "data"
    library = Library(fresh)
    for version in ("1", "2"):
        library.install(shop.packs[version])
    library.use("drawn@1", model_id=manifest.model_id, runtime=manifest.runtime)
    settings = load_settings(data_dir=data_dir)
    seen = set()
    command = [sys.executable, "-m", "tests.sync.killed"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as driver:
        assert driver.stdin is not None
        assert driver.stdout is not None
        for moment in count(1):
            shutil.rmtree(data_dir, ignore_errors=True)
            shutil.copytree(fresh, data_dir)
            print(data_dir, moment, file=driver.stdin, flush=True)
            was_killed = json.loads(driver.stdout.readline())
            [pack] = open_current(settings, manifest.model_id, manifest.runtime)
            pack.close()
            seen.add(pack.version)
            switch = Switch(data_dir, data_dir / "updates", lambda _packs, _models: "")
            if switch.go_back():
                assert Library(data_dir).current("drawn") == "1"
            assert switch.make(Change({"drawn": "2"})) == ("", False)
            assert Library(data_dir).current("drawn") == "2"
            assert not switch.go_back()
            if not was_killed:
                break
        driver.stdin.close()
    assert moment > 8
    assert seen == {"1", "2"}
