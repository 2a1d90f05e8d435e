"""The page's own book: its tables are what the migrations make, and its rows stay."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import create_engine

from tests.store.test_migrate import shape
from webui.book import DATABASE, Book
from webui.book_tables import Audit, BookTable


def test_the_migrated_tables_are_those_that_the_code_declares(tmp_path: Path) -> None:
    Book(tmp_path / "data").close()
    engine = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    BookTable.metadata.create_all(engine)
    engine.dispose()
    with (
        closing(sqlite3.connect(tmp_path / "declared.db")) as declared,
        closing(sqlite3.connect(tmp_path / "data" / DATABASE)) as migrated,
    ):
        assert shape(migrated) == shape(declared)


@pytest.mark.parametrize("change", ["DELETE FROM audit", "UPDATE audit SET name = 'nobody'"])
def test_nobody_changes_the_audit_log(tmp_path: Path, change: str) -> None:
    book = Book(tmp_path)
    book.add(Audit(name="Ada", address="", kind="login", text="Signed in"))
    with (
        closing(sqlite3.connect(tmp_path / DATABASE)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="rows of audit are never"),
    ):
        connection.execute(change)
    assert [row.name for row in book.audit(10)] == ["Ada"]
    book.close()
