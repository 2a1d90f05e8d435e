"""The benchmarks of the catalog, small enough to be quick."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.cli import main
from tests.catalog.shelf import Shelf


def figures(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, float]:
    capsys.readouterr()
    assert main(["bench", *words, "--json"]) == 0
    found: dict[str, float] = json.loads(capsys.readouterr().out)
    return found


def test_every_search_finds_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, "search", "--rows", "5000", "--queries", "20")
    assert found["rows"] == 5000
    assert found["vectors_found_first"] == found["hashes_found_first"] == 1.0
    assert found["vectors_ms_p50"] > 0


def test_a_large_catalog_is_searched_as_surely_and_the_bars_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = figures(capsys, "search", "--rows", "20000", "--queries", "20")
    assert found["vectors_found_first"] == found["exact_found_first"] == 1.0
    assert found["megabytes"] == pytest.approx(20_000 * (128 + 16 + 32) / 1e6, abs=0.06)
    assert (found["bar_ms_p50"], found["bar_megabytes"]) == (2.0, 25.0)


def test_the_speed_bench_tells_the_kinds_of_frames_apart_and_names_its_bars(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = figures(capsys, "speed", "--rows", "9000", "--cards", "12", "--frames", "2")
    assert (found["rows"], found["cards"]) == (9000, 18)
    for kind in ("alone", "reprinted"):
        assert found[f"{kind}_top1_artwork"] == 1.0
        assert found[f"{kind}_ms_p95"] >= found[f"{kind}_ms_p50"] > 0
    assert found["search_found"] == 1.0
    assert found["orb_ms_p50"] > found["hash_ms_p50"] > 0
    for bar in found["bars"]:  # type: ignore[attr-defined]
        assert bar["met"] == (bar["found"] <= bar["bar"])


def test_made_up_pictures_are_all_built(capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, "catalog", "--count", "12")
    assert (found["pictures"], found["skipped"]) == (12, 0)
    assert found["pictures_per_s"] > 0


def test_a_persons_own_pictures_can_be_measured(
    shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.fill(3)
    shelf.add("gone.png", "gone")
    where = ("--pictures", str(shelf.pictures), "--facts", str(shelf.write_facts()))
    found = figures(capsys, "catalog", *where)
    assert (found["pictures"], found["skipped"]) == (3, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search", "--rows", "0"), "must be at least 1"),
        (("speed", "--frames", "0"), "must be at least 1"),
        (("catalog", "--count", "0"), "must be at least 1"),
        (("catalog", "--facts", "x.csv"), "go together"),
    ],
)
def test_senseless_measures_are_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main(["bench", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_bench_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    figures(capsys, "catalog", "--count", "2")
    figures(capsys, "search", "--rows", "10", "--queries", "1")
    assert list(tmp_path.iterdir()) == []
