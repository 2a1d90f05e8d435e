from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.store import Store
from scanner.store_sync import LinkKind
from scanner.store_updates import MODELS, Outcome, UpdateKind
from scanner.tables_updates import RemoteCommand
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


def test_what_the_cloud_asked_is_in_the_audit_log_once(tmp_path: Path) -> None:
    Store.open(tmp_path, role="feed").close()
    now = datetime.now(UTC)
    book = Book(tmp_path)
    with Store.open(tmp_path, role="sync") as store:
        for number, refused in ((1, "The shop does not allow it."), (2, "")):
            store.add_remote_command(
                RemoteCommand(
                    name=f"command-{number}", kind="send_logs", is_allowed=not refused,
                    issued_by="Ada", issued_at=now, expires_at=now + timedelta(minutes=5),
                ),
                refused,
            )  # fmt: skip
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
        ("Ada", "the cloud",
         "Asked by the cloud: send logs. Refused: The shop does not allow it. [command-1]"),
    ]  # fmt: skip
