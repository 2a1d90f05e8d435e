"""The page's word on an announced update: handed to the updates, and answered once it is settled.

An order without an answer is found again by the next process, so that a word given once holds.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from scanner.store import Store
from scanner.tables_updates import UPDATE
from sync.update_orders import Settled, UpdateOrders


class Takes(Protocol):
    """What brings updates here; `sync.updater.Updater` is one."""

    orders: UpdateOrders

    def take(self, target: str, version: str) -> None:
        """Bring an announced version into use."""


class PageUpdates:
    """For the agent's thread."""

    def __init__(self, store: Store, updates: Takes) -> None:
        """Nothing is read yet."""
        self._store = store
        self._updates = updates
        self._waiting: dict[int, tuple[str, str]] = {}
        self._settled: deque[Settled] = deque()
        self._seen_version: int | None = None

    def turn(self) -> None:
        """Hand on what is new, answer what is settled. Raises StoreError: call it again."""
        self._settled.extend(self._updates.orders.settled())
        while self._settled:
            self._answer(self._settled[0])
            self._settled.popleft()
        version = self._store.data_version()
        if version == self._seen_version:
            return
        for command in self._store.exchange_orders():
            number = command.id or 0
            if command.kind == UPDATE and number not in self._waiting:
                what = (str(command.argument.get("target")), str(command.argument.get("version")))
                self._waiting[number] = what
                self._updates.take(*what)
        self._seen_version = version

    def _answer(self, settled: Settled) -> None:
        for number, what in list(self._waiting.items()):
            if what == (settled.target, settled.version):
                self._store.answer_order(number, settled.outcome)
                del self._waiting[number]
