from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.catalog.shelf import Shelf, paint_card


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty shelf."""
    return Shelf(tmp_path / "shelf")


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packs that tests take copies of: demo (demo@1, five cards) and v1, v2, v3."""
    folder = tmp_path_factory.mktemp("built")
    shelf = Shelf(folder / "demo-shelf")
    shelf.fill(5)
    shelf.build(folder / "demo")
    shelf = Shelf(folder / "shelf")
    for version in (1, 2, 3):
        shelf.add(f"c{version}.png", f"c{version}", paint_card(version))
        shelf.build(folder / f"v{version}", version=str(version))
    return folder


@pytest.fixture
def demo_pack(built_once: Path, tmp_path: Path) -> Path:
    """A finished pack, demo@1, of five cards."""
    return shutil.copytree(built_once / "demo", tmp_path / "demo-pack")


@pytest.fixture
def versions(built_once: Path, tmp_path: Path) -> list[Path]:
    """Three packs of the demo game, demo@1 … demo@3, of one, two and three cards."""
    return [shutil.copytree(built_once / name, tmp_path / name) for name in ("v1", "v2", "v3")]
