"""A data folder and the log in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.store import Store
from scanner.tables import Batch


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    with Store.open(data_dir, role="feed") as opened:
        yield opened


@pytest.fixture
def page(store: Store, data_dir: Path) -> Iterator[Store]:
    with Store.open(data_dir, role="web") as opened:
        yield opened


@pytest.fixture
def batch(store: Store) -> Batch:
    return store.create_batch("a long box", 100, "simulated")
