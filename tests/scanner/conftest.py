"""A small catalog of drawn cards, built once by the real builder and the real embedder."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.bench_cards import write_cards
from scanner.catalog.build import build_pack
from scanner.catalog.pack import Pack
from scanner.embed import Embedder
from scanner.pipeline import Recognizer

CARDS = 60


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The embedder that is shipped."""
    return Embedder.load()


@pytest.fixture(scope="session")
def pack_path(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A pack of sixty drawn cards."""
    folder = tmp_path_factory.mktemp("drawn")
    table = write_cards(folder / "pictures", CARDS)
    out = folder / "pack"
    build_pack(game="drawn", pictures=folder / "pictures", facts=table, out=out, embedder=embedder)
    return out


@pytest.fixture(scope="session")
def pack(pack_path: Path, embedder: Embedder) -> Pack:
    """The same, open."""
    return Pack.open(pack_path, model_id=embedder.model_id, runtime=embedder.runtime)


@pytest.fixture(scope="session")
def recognizer(pack: Pack) -> Recognizer:
    """The shipped recognizer over the drawn cards."""
    return Recognizer.open([pack])
