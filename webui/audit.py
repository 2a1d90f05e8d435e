"""Writes who did what into the book. The audit log only grows; nobody can change a row."""

from __future__ import annotations

import logging

from scanner.errors import StoreError
from webui.book import Book
from webui.book_tables import Audit

MAX_TEXT = 500

log = logging.getLogger(__name__)


class Trail:
    """Adds rows to the audit log."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def note(self, kind: str, text: str, *, name: str, address: str) -> None:
        """Add one row. A full disk must not keep people out: then the service's log has it."""
        text = " ".join(text.split())[:MAX_TEXT]
        try:
            self._book.add(Audit(name=name, address=address, kind=kind, text=text))
        except StoreError as error:
            log.error("the audit log can't be written (%s): %s %s: %s", error, name, kind, text)
