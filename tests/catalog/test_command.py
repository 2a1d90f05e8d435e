"""`counterscan catalog`, as a person at the keyboard meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.catalog.command import SKIPPED_SOME
from scanner.cli import main
from tests.catalog.shelf import Shelf, paint_card
from tests.conftest import Counterscan

Catalog = Callable[..., tuple[int, str, str]]


@pytest.fixture
def catalog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Catalog:
    """Run `counterscan catalog …` on a data folder of its own: exit code, output, errors."""

    def run(*words: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--data", str(tmp_path / "data"), "catalog", *map(str, words)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return run


@pytest.fixture
def build(catalog: Catalog, shelf: Shelf, tmp_path: Path) -> Catalog:
    """Run `counterscan catalog build` for the shelf into the folder `pack`."""

    def run(*words: str | Path) -> tuple[int, str, str]:
        where = ["--pictures", shelf.pictures, "--facts", shelf.write_facts()]
        return catalog("build", "--game", "demo", *where, "--out", tmp_path / "pack", *words)

    return run


def pack_of(output: str) -> Any:
    return json.loads(output)["pack"]


def test_a_pack_is_built_put_in_use_replaced_and_rolled_back(
    shelf: Shelf, catalog: Catalog, build: Catalog, tmp_path: Path
) -> None:
    shelf.fill(2)
    code, output, _ = build("--version", "1")
    assert code == 0
    assert "Built demo@1" in output
    assert f"counterscan catalog use {tmp_path / 'pack'}" in output
    assert catalog("use", tmp_path / "pack")[:2] == (
        0,
        "demo@1 is in use. A scanner that runs takes it up once it is idle.\n",
    )
    shelf.add("new.png", "new", paint_card(8))
    assert build("--version", "2", "--force")[0] == 0
    assert "Use it with: counterscan catalog use demo@2" in catalog("install", tmp_path / "pack")[1]
    assert pack_of(catalog("use", "demo@2", "--json")[1]) == "demo@2"
    states = {entry["pack"]: entry for entry in json.loads(catalog("list", "--json")[1])}
    assert states["demo@2"]["in_use"]
    assert states["demo@1"]["previous"]
    assert states["demo@2"]["cards"] == 3
    assert pack_of(catalog("rollback", "--json")[1]) == "demo@1"
    lines = catalog("list")[1].splitlines()
    assert [line.split()[:2] for line in lines] == [["demo@2", "previous"], ["demo@1", "in"]]
    assert catalog("remove", "demo@2")[0] == 0
    assert len(catalog("list")[1].splitlines()) == 1


def test_skipped_pictures_are_named_and_show_in_the_exit_code(shelf: Shelf, build: Catalog) -> None:
    shelf.fill(2)
    shelf.add("gone.png", "gone")
    code, output, errors = build()
    assert code == SKIPPED_SOME
    assert "skipped gone.png: it does not exist" in errors
    assert "SKIPPED 1 pictures" in output
    code, output, _ = build("--json")
    assert code == SKIPPED_SOME
    report = json.loads(output)
    assert report["skipped"] == [{"path": "gone.png", "why": "does not exist"}]
    assert (report["cards"], report["rows"], report["resumed"]) == (2, 2, 3)


def test_a_wrong_table_is_one_sentence(shelf: Shelf, build: Catalog) -> None:
    shelf.fill(1)
    shelf.add("../x.png", "x")
    code, output, errors = build()
    assert (code, output) == (1, "")
    (line,) = [line for line in errors.splitlines() if "NO MODEL" not in line]
    assert line.startswith("counterscan: ")
    assert "line 3" in line


def test_verify_tells_whole_packs_from_damaged_ones(
    shelf: Shelf, catalog: Catalog, build: Catalog, tmp_path: Path
) -> None:
    shelf.fill(2)
    build("--version", "1")
    catalog("use", tmp_path / "pack")
    code, output, _ = catalog("verify", tmp_path / "pack", "demo@1")
    assert code == 0
    assert output.count("every file is as it was built (2 printings)") == 2
    next((tmp_path / "pack").rglob("*.jpg")).write_bytes(b"scribble")
    code, output, errors = catalog("verify", tmp_path / "pack", "demo@1")
    assert code == 1
    assert "is damaged (its checksum differs)" in errors
    assert output.count("every file is as it was built") == 1
    found = catalog("verify", tmp_path / "pack", "--json")[1]
    assert json.loads(found)["ok"] is False
    assert catalog("verify")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["use", "nowhere"], "nowhere is neither a pack's folder nor GAME@VERSION"),
        (["use", "demo@7"], "demo@7 is not installed; `counterscan catalog list` shows what is"),
        (["install", "nowhere"], "is not a catalog pack"),
        (["rollback"], "there is nothing to go back to"),
        (["rollback", "demo"], "There is no earlier pack of demo"),
        (["remove", "demo@7"], "is not installed"),
        (["verify"], "No pack is installed"),
        (["verify", "../x@1"], "can't be a game"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_sentence(
    catalog: Catalog, words: list[str], said: str
) -> None:
    code, output, errors = catalog(*words)
    assert code != 0
    assert output == ""
    assert said in errors


def test_a_build_draws_no_bar_into_a_file(
    shelf: Shelf, counterscan: Counterscan, tmp_path: Path
) -> None:
    shelf.fill(2)
    where = ["--pictures", shelf.pictures, "--facts", shelf.write_facts(), "--out", tmp_path / "p"]
    done = counterscan("catalog", "build", "--game", "demo", *where)
    assert done.returncode == 0
    assert "reading pictures" not in done.stderr
