from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.store import Store
from scanner.store_sync import LinkKind
from scanner.store_updates import MODELS, Outcome, UpdateKind
from scanner.tables_updates import RemoteCommand
from tests.sync.conftest import until
from tests.webui.served import PageProcess
from webui.book import Book
from webui.log_view import _cloud_problem, update_problem
from webui.remote_trail import KIND, catch_up


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ([], False),
        ([LinkKind.LOST], False),
        ([LinkKind.REFUSED], True),
        ([LinkKind.UNHEARD], True),
        ([LinkKind.REFUSED, LinkKind.CONNECTED], False),
    ],
)
def test_the_page_says_what_only_a_person_can_mend(
    tmp_path: Path, kinds: list[LinkKind], told: bool
) -> None:
    Store.open(tmp_path, role="feed").close()
    with Store.open(tmp_path, role="sync") as store:
        for kind in kinds:
            store.add_sync_event(kind, "Pair the device again.")
        said = _cloud_problem(store)
    assert said == ("Pair the device again. Scanning goes on; nothing is lost." if told else "")


def test_the_page_says_what_was_not_taken_until_something_is(tmp_path: Path) -> None:
    Store.open(tmp_path, role="feed").close()
    with Store.open(tmp_path, role="sync") as store:
        assert update_problem(store) == ""
        store.add_update_event("pack/demo", "2", UpdateKind.FETCHING, "")
        assert update_problem(store) == ""
        store.add_update_event("pack/demo", "2", UpdateKind.REFUSED, "The pack is not signed.")
        store.add_update_event(MODELS, "5", UpdateKind.ROLLED_BACK, "It did not pass.")
        assert update_problem(store) == (
            "The models 5: It did not pass. demo 2: The pack is not signed. "
            "Scanning goes on with what was in use."
        )
        store.add_update_event(MODELS, "6", UpdateKind.IN_USE, "")
        store.add_update_event("pack/demo", "2", UpdateKind.WITHDRAWN, "")
        assert update_problem(store) == ""


def remote_command(number: int) -> RemoteCommand:
    now = datetime.now(UTC)
    return RemoteCommand(
        name=f"command-{number}", kind="send_logs", is_allowed=True, issued_by="Ada",
        issued_at=now, expires_at=now + timedelta(minutes=5),
    )  # fmt: skip


def test_what_the_cloud_asked_is_in_the_audit_log_when_it_comes_and_when_it_ends(
    tmp_path: Path,
) -> None:
    Store.open(tmp_path, role="feed").close()
    book = Book(tmp_path)
    with Store.open(tmp_path, role="sync") as store:
        store.add_remote_command(remote_command(1), "The shop does not allow it.")
        store.add_remote_command(remote_command(2))
        catch_up(book, store)
        catch_up(book, store)
        store.answer_remote(2, Outcome.DONE, "The lines were sent.")
        catch_up(book, store)
        catch_up(book, store)
    rows = book.audit(10, kind=KIND)
    book.close()
    assert [(row.name, row.address, row.text) for row in rows] == [
        ("Ada", "the cloud",
         "Asked by the cloud: send logs. Done: The lines were sent. [command-2]"),
        ("Ada", "the cloud", "Asked by the cloud: send logs. [command-2, under way]"),
        ("Ada", "the cloud",
         "Asked by the cloud: send logs. Refused: The shop does not allow it. [command-1]"),
    ]  # fmt: skip


def test_nothing_is_forgotten_however_much_came_while_no_page_ran(tmp_path: Path) -> None:
    Store.open(tmp_path, role="feed").close()
    book = Book(tmp_path)
    with Store.open(tmp_path, role="sync") as store:
        store.add_remote_command(remote_command(0), "No.")
        catch_up(book, store)
        for number in range(1, 450):
            store.add_remote_command(remote_command(number), "No.")
        catch_up(book, store)
    rows = book.audit(1000, kind=KIND)
    book.close()
    assert [row.text.rpartition("command-")[2] for row in reversed(rows)] == [
        f"{number}]" for number in range(450)
    ]


def audited(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "page.db")) as book:
        rows = book.execute("SELECT text FROM audit WHERE kind = 'remote' ORDER BY id")
        return [str(text) for (text,) in rows]


def test_the_audit_log_knows_at_once_though_nobody_has_the_page_open(tmp_path: Path) -> None:
    Store.open(tmp_path, role="feed").close()
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(tmp_path, role="sync"))
        store.add_remote_command(remote_command(1), "Before the page ran.")
        server = PageProcess(tmp_path)
        stack.callback(server.kill)
        until(lambda: len(audited(tmp_path)) == 1)
        store.add_remote_command(remote_command(2))
        until(lambda: audited(tmp_path)[1:] != [])
        assert audited(tmp_path)[1].endswith("[command-2, under way]")
        store.answer_remote(2, Outcome.DONE, "The lines were sent.")
        until(lambda: audited(tmp_path)[2:] != [])
