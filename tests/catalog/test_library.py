"""The packs on a device: install, use, roll back, remove."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanner.catalog.disk import locked
from scanner.catalog.library import Library
from scanner.catalog.opening import open_current
from scanner.config import load_settings
from scanner.errors import AlreadyRunningError, PackDamagedError, PackError, PackMismatchError
from tests.catalog.shelf import MODEL, RUNTIME, Shelf, paint_card

READER = {"model_id": MODEL, "runtime": RUNTIME}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data")


def in_use(tmp_path: Path, **catalog: object) -> list[str]:
    settings = load_settings(data_dir=tmp_path / "data").model_copy()
    if catalog:
        changed = settings.catalog.model_copy(update=catalog)
        settings = settings.model_copy(update={"catalog": changed})
    return [pack.pack_id for pack in open_current(settings, MODEL, RUNTIME)]


def test_an_installed_pack_is_a_whole_copy_not_yet_in_use(
    library: Library, versions: list[Path], tmp_path: Path
) -> None:
    assert library.install(versions[0]) == "demo@1"
    shutil.rmtree(versions[0])
    with pytest.raises(PackError, match="No catalog pack is in use .*build one with"):
        in_use(tmp_path)
    library.use("demo@1", **READER)
    assert in_use(tmp_path) == ["demo@1"]


def test_only_the_packs_own_files_are_copied(library: Library, versions: list[Path]) -> None:
    (versions[0] / "notes.txt").write_text("mine")
    library.install(versions[0])
    assert not (library.path("demo@1") / "notes.txt").exists()


def test_rollback_goes_to_the_pack_before_and_back(
    library: Library, versions: list[Path], tmp_path: Path
) -> None:
    for pack in versions:
        library.use(library.install(pack), **READER)
    assert in_use(tmp_path) == ["demo@3"]
    assert library.rollback("demo", **READER) == "demo@2"
    assert in_use(tmp_path) == ["demo@2"]
    assert library.rollback("demo", **READER) == "demo@3"
    assert in_use(tmp_path) == ["demo@3"]


def test_using_the_pack_in_use_again_keeps_the_way_back(
    library: Library, versions: list[Path]
) -> None:
    for pack in versions[:2]:
        library.use(library.install(pack), **READER)
    library.use("demo@2", **READER)
    assert library.rollback("demo", **READER) == "demo@1"


def test_there_is_nothing_before_the_first_pack(library: Library, versions: list[Path]) -> None:
    library.use(library.install(versions[0]), **READER)
    with pytest.raises(PackError, match="no earlier pack of demo to go back to"):
        library.rollback("demo", **READER)
    with pytest.raises(PackError, match="no earlier pack of chess"):
        library.rollback("chess", **READER)


def test_a_damaged_pack_is_not_installed(library: Library, versions: list[Path]) -> None:
    next(versions[0].rglob("*.jpg")).write_bytes(b"scribble")
    with pytest.raises(PackDamagedError, match="jpg is damaged .*copy or build the pack again"):
        library.install(versions[0])
    assert [path.name for path in (library.folder / "demo").iterdir()] == []


def test_a_damaged_or_strange_pack_is_not_used(library: Library, versions: list[Path]) -> None:
    library.use(library.install(versions[0]), **READER)
    library.install(versions[1])
    next(library.path("demo@2").rglob("*.jpg")).write_bytes(b"scribble")
    with pytest.raises(PackDamagedError):
        library.use("demo@2", **READER)
    with pytest.raises(PackMismatchError):
        library.use("demo@1", model_id="big-2", runtime=RUNTIME)
    assert library.current("demo") == "1"


def test_rollback_refuses_a_pack_that_does_not_fit(library: Library, versions: list[Path]) -> None:
    for pack in versions[:2]:
        library.use(library.install(pack), **READER)
    with pytest.raises(PackMismatchError):
        library.rollback("demo", model_id="big-2", runtime=RUNTIME)
    assert library.current("demo") == "2"


def test_installing_again_mends_a_damaged_pack(
    library: Library, versions: list[Path], tmp_path: Path
) -> None:
    library.use(library.install(versions[0]), **READER)
    (library.path("demo@1") / "vectors.npy").write_bytes(b"scribble")
    with pytest.raises(PackDamagedError, match="vectors.npy is damaged"):
        in_use(tmp_path)
    library.install(versions[0])
    assert in_use(tmp_path) == ["demo@1"]


def test_another_pack_of_the_same_name_is_refused(
    library: Library, versions: list[Path], tmp_path: Path
) -> None:
    library.install(versions[0])
    shelf = Shelf(tmp_path / "other")
    shelf.add("x.png", "x", paint_card(7))
    shelf.build(tmp_path / "impostor", version="1")
    with pytest.raises(PackError, match="installed as demo@1; build yours .* another --version"):
        library.install(tmp_path / "impostor")


def test_the_pack_in_use_can_not_be_removed(
    library: Library, versions: list[Path], tmp_path: Path
) -> None:
    for pack in versions[:2]:
        library.use(library.install(pack), **READER)
    with pytest.raises(PackError, match="is in use; use another one first"):
        library.remove("demo@2")
    library.remove("demo@1")
    assert [entry.pack_id for entry in library.entries()] == ["demo@2"]
    with pytest.raises(PackError, match="no earlier pack"):
        library.rollback("demo", **READER)
    assert in_use(tmp_path) == ["demo@2"]


def test_the_list_shows_what_is_in_use_and_what_is_damaged(
    library: Library, versions: list[Path]
) -> None:
    for pack in versions:
        library.use(library.install(pack), **READER)
    (library.path("demo@1") / "pack.toml").write_text("scribble")
    found = {entry.pack_id: entry for entry in library.entries()}
    assert found["demo@3"].in_use
    assert found["demo@2"].previous
    assert found["demo@1"].manifest is None
    assert "damaged" in found["demo@1"].problem


def test_settings_may_name_games_and_versions(
    library: Library, versions: list[Path], tmp_path: Path
) -> None:
    for pack in versions[:2]:
        library.use(library.install(pack), **READER)
    assert in_use(tmp_path, packs=("demo",)) == ["demo@2"]
    assert in_use(tmp_path, packs=("demo@1",)) == ["demo@1"]
    with pytest.raises(PackError, match="No pack of chess is in use; choose one"):
        in_use(tmp_path, packs=("demo", "chess"))
    with pytest.raises(PackError, match="demo@9 is not installed; `counterscan catalog list`"):
        in_use(tmp_path, packs=("demo@9",))


def test_scribble_in_the_small_file_is_put_right_by_use(
    library: Library, versions: list[Path], tmp_path: Path
) -> None:
    library.use(library.install(versions[0]), **READER)
    (library.folder / "demo" / "current").write_bytes(b"\xff\x00../../etc\n")
    with pytest.raises(PackError, match="No catalog pack is in use"):
        in_use(tmp_path)
    library.use("demo@1", **READER)
    assert in_use(tmp_path) == ["demo@1"]


def test_two_catalog_commands_do_not_mix(library: Library, versions: list[Path]) -> None:
    library.install(versions[0])
    held = locked(library.folder / ".lock", "Another catalog command")
    with held, pytest.raises(AlreadyRunningError, match="wait until it has finished"):
        library.install(versions[1])


@pytest.mark.parametrize("name", ["demo@../1", "../x@1", "demo@", "demo", "demo@current"])
def test_names_can_not_lead_out_of_the_library(library: Library, name: str) -> None:
    with pytest.raises(PackError):
        library.path(name)
