"""What the cloud asked this device to do, in the audit log beside what people here did.

The exchange writes the log, and this process the audit log: a thread here looks what is new and
notes it at once, whether anybody has the page open or not. What came while no page process ran is
noted when it starts.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from datetime import datetime

from scanner.errors import StoreError
from scanner.store import Store
from scanner.store_updates import Answered
from webui.audit import MAX_TEXT
from webui.book import Book
from webui.book_tables import Audit

KIND = "remote"
_ADDRESS = "the cloud"
_LOOK_EVERY_S = 0.5
_AT_ONCE = 200
_UNDER_WAY = ", under way"
_NAME = re.compile(rf"\[([A-Za-z0-9-]+)({_UNDER_WAY})?\]$")

log = logging.getLogger(__name__)


class RemoteTrail:
    """Follows the log in a thread of its own."""

    def __init__(self, book: Book, store: Callable[[], Store]) -> None:
        """`store` opens the log, or raises StoreError while there is none."""
        self._book = book
        self._store = store
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen_version: int | None = None
        self._mark: tuple[int, int] | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="remote trail", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End; harmless where it never began."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        said = ""
        while not self._stop.is_set():
            try:
                self._look()
                said = ""
            except StoreError as error:  # no log yet, or a full disk: looked at again
                if str(error) != said:
                    log.info("what the cloud asked can't be noted now: %s", error)
                said = str(error)
            self._stop.wait(_LOOK_EVERY_S)

    def _look(self) -> None:
        store = self._store()
        version = store.data_version()
        if version == self._seen_version:
            return
        mark = store.remote_mark()
        if mark != self._mark:
            catch_up(self._book, store)
        self._mark, self._seen_version = mark, version


def catch_up(book: Book, store: Store) -> None:
    """Add a row for each command that came since, and for what became of it. Raises StoreError."""
    noted, ended = _noted(book)
    fresh: list[Audit] = []
    for each in _not_ended(store, ended):
        name = each.command.name
        if each.outcome is None and name not in noted:
            fresh.append(_row(each, "", f"{name}{_UNDER_WAY}", each.command.created_at))
        elif each.outcome is not None and each.answered_at is not None:
            detail = f": {each.detail.rstrip('.')}" if each.detail else ""
            fresh.append(
                _row(each, f" {each.outcome.value.capitalize()}{detail}.", name, each.answered_at)
            )
    if fresh:
        book.add(*fresh)


def _noted(book: Book) -> tuple[set[str], set[str]]:
    """Of which commands the audit log knows, and of which of them the end."""
    found = [match for text in book.audit_texts(KIND) if (match := _NAME.search(text))]
    return {each[1] for each in found}, {each[1] for each in found if not each[2]}


def _not_ended(store: Store, ended: set[str]) -> list[Answered]:
    """The commands of whose end the audit log does not know, oldest first."""
    limit = _AT_ONCE
    while True:
        commands = store.remote_commands(limit)
        if len(commands) < limit or commands[-1].command.name in ended:
            return [each for each in reversed(commands) if each.command.name not in ended]
        limit *= 4


def _row(each: Answered, became: str, name: str, at: datetime) -> Audit:
    command = each.command
    end = f" [{name}]"
    text = f"Asked by the cloud: {command.kind.replace('_', ' ')}.{became}"
    return Audit(
        name=command.issued_by[:80],
        address=_ADDRESS,
        kind=KIND,
        text=" ".join(text.split())[: MAX_TEXT - len(end)] + end,
        created_at=at,
    )
