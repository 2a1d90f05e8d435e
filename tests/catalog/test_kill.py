"""SIGKILL at every step of the work: what is on the disk afterwards is usable."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from scanner.catalog.library import Library
from scanner.catalog.manifest import read_manifest
from scanner.catalog.opening import open_current
from scanner.catalog.pack import Pack
from scanner.config import load_settings
from tests.catalog.shelf import MODEL, RUNTIME, Shelf

Kill = Callable[[str, Path, int], bool]


@pytest.fixture
def kill() -> Iterator[Kill]:
    """Do a piece of work in a child that is killed at the given step; False when it got through."""
    command = [sys.executable, "-m", "tests.catalog.killed"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as driver:
        assert driver.stdin is not None
        assert driver.stdout is not None
        tell, hear = driver.stdin, driver.stdout

        def ask(work: str, folder: Path, moment: int) -> bool:
            print(work, folder, moment, file=tell, flush=True)
            return bool(json.loads(hear.readline()))

        yield ask
        tell.close()


@pytest.mark.slow
def test_a_build_killed_at_any_step_goes_on_to_the_same_pack(
    shelf: Shelf, tmp_path: Path, kill: Kill
) -> None:
    shelf.fill(4)
    shelf.build(tmp_path / "whole")
    (tmp_path / "rows.json").write_text(json.dumps(shelf.rows))
    want = read_manifest(tmp_path / "whole").files
    for moment in count(1):
        killed = kill("build", tmp_path, moment)
        if (tmp_path / "pack").exists():
            Pack.open(tmp_path / "pack", model_id=MODEL, runtime=RUNTIME, verify=True).close()
        assert not kill("build", tmp_path, 10**9)
        assert read_manifest(tmp_path / "pack").files == want
        assert not (tmp_path / "pack.building").exists()
        shutil.rmtree(tmp_path / "pack")
        if not killed:
            break
    assert moment > 25


@pytest.mark.slow
def test_a_library_is_usable_after_a_kill_at_any_step(
    tmp_path: Path, versions: list[Path], kill: Kill
) -> None:
    settings = load_settings(data_dir=tmp_path / "data")

    def in_use() -> str:
        (pack,) = open_current(settings, MODEL, RUNTIME)
        with_pictures = Pack.open(pack.path, model_id=MODEL, runtime=RUNTIME, verify=True)
        with_pictures.close()
        pack.close()
        return pack.pack_id

    seen = []
    for moment in count(1):
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        library = Library(tmp_path / "data")
        library.use(library.install(versions[0]), model_id=MODEL, runtime=RUNTIME)
        killed = kill("switch", tmp_path, moment)
        seen.append(in_use())
        assert not kill("switch", tmp_path, 10**9)
        assert in_use() == "demo@1"
        names = sorted(path.name for path in (library.folder / "demo").iterdir())
        assert names == ["1", "2", "current"]
        if not killed:
            break
    assert moment > 25
    # Some kills came while the new pack was in use, some while the old one was.
    assert set(seen) == {"demo@1", "demo@2"}
