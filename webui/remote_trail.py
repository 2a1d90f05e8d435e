"""What the cloud asked this device to do, in the audit log beside what people here did."""

from __future__ import annotations

import re

from scanner.errors import StoreError
from scanner.store import Store
from scanner.store_updates import Answered
from webui.audit import MAX_TEXT
from webui.book import Book
from webui.book_tables import Audit

KIND = "remote"
_ADDRESS = "the cloud"
_LOOKED_AT = 200
_NAME = re.compile(r"\[([A-Za-z0-9-]+)\]$")


def catch_up(book: Book, store: Store) -> None:
    """Add a row for each command that was answered since. A log that can't be read waits."""
    try:
        commands = store.remote_commands(_LOOKED_AT)
    except StoreError:
        return
    rows = book.audit(_LOOKED_AT, kind=KIND)
    noted = {found[1] for row in rows if (found := _NAME.search(row.text))}
    fresh = [
        _row(each) for each in reversed(commands) if each.outcome and each.command.name not in noted
    ]
    if fresh:
        book.add(*fresh)


def _row(answered: Answered) -> Audit:
    command = answered.command
    outcome = answered.outcome.value if answered.outcome else ""
    text = f"Asked by the cloud: {command.kind.replace('_', ' ')}. {outcome.capitalize()}"
    detail = f": {answered.detail.rstrip('.')}" if answered.detail else ""
    end = f" [{command.name}]"
    text = " ".join(f"{text}{detail}.".split())[: MAX_TEXT - len(end)] + end
    assert answered.answered_at is not None
    return Audit(
        name=command.issued_by[:80],
        address=_ADDRESS,
        kind=KIND,
        text=text,
        created_at=answered.answered_at,
    )
