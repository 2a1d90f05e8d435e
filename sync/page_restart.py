"""The page's word that the programs start anew: the exchange too, so that its settings count."""

from __future__ import annotations

import logging

from scanner.errors import StoreError
from scanner.store import Store
from scanner.tables_updates import RESTART

log = logging.getLogger(__name__)

_BY_HAND = "Nobody would start the exchange again: end it and start it where it was started."


class RestartOrder:
    """Asked often; reads only what is new. For one thread."""

    def __init__(self, store: Store, *, is_kept_alive: bool) -> None:
        """`is_kept_alive` says whether this process is started again when it ends."""
        self._store = store
        self._is_kept_alive = is_kept_alive
        self._seen_version: int | None = None
        self.is_given = False
        """Whether to end now. It is answered on disk: another start does not find it again."""

    def look(self) -> bool:
        """Whether the page has asked."""
        try:
            version = self._store.data_version()
            if version != self._seen_version:
                self._obey()
                self._seen_version = version
        except StoreError as error:  # looked at again with the next turn
            log.error("%s", error)
        return self.is_given

    def _obey(self) -> None:
        for command in self._store.exchange_orders():
            if command.kind != RESTART:
                continue
            self._store.answer_order(command.id or 0, "done" if self._is_kept_alive else _BY_HAND)
            if self._is_kept_alive:
                self.is_given = True
            else:
                log.warning("the page asks for a start anew. %s", _BY_HAND)
