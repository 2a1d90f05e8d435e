"""The page's own book: its tables are what the migrations make, and its rows stay."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import create_engine

from scanner.store_backup import generations
from tests.store.test_migrate import shape
from webui.book import DATABASE, Book
from webui.book_tables import Audit, BookTable, Person, Token


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


def test_a_book_is_backed_up_when_people_come_and_go_and_for_the_service_alone(
    tmp_path: Path,
) -> None:
    book = Book(tmp_path)
    book.wait_for_backup()
    book.add(Person(name="Ada", role="manager", password_hash="x"))
    book.wait_for_backup()
    newest, *_ = generations(tmp_path, DATABASE)
    assert newest.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(newest)) as connection:
        assert connection.execute("SELECT name FROM person").fetchall() == [("Ada",)]
    book.add(Person(name="Ada", role="", password_hash=""))
    book.close()
    assert len(generations(tmp_path, DATABASE)) == 2
    assert generations(tmp_path) == [], "the log's own backups are others"


def test_a_restored_book_tells_of_it_and_holds_no_way_in(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.add(Token(kind="key", name="Ada", token_hash="a"))
    book.add(Person(name="Ada", role="manager", password_hash="x"))
    book.close()
    (tmp_path / DATABASE).write_bytes(b"torn" * 4000)
    book = Book(tmp_path)
    assert [person.name for person in book.people()] == ["Ada"]
    assert book.tokens() == []
    [told] = book.audit(5)
    assert "page.db.damaged-1" in told.text
    book.close()
