"""What the packs in use know of printings, for the stock: read from `cards.db` alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from scanner.catalog.cards import CardsReader
from scanner.catalog.library import Library
from scanner.catalog.manifest import CARDS
from scanner.errors import PackError
from scanner.finishes import read_finishes
from scanner.records import Finish

SHARED_NUMBER = "_shared_number"
"""Set where another printing of the catalog has the same set and number."""

_LOOK_EVERY_S = 2.0


def only_finish(facts: Mapping[str, str]) -> str:
    """The finish of a printing that exists in one alone; `unknown` for all others.

    Of languages the catalog is never certain: a card in another one may match its picture.
    """
    finishes = read_finishes(facts.get("finishes", ""))
    return next(iter(finishes)).value if len(finishes) == 1 else Finish.UNKNOWN.value


class LibraryFacts:
    """The facts of each game's pack in use. Thread-safe; loads no vectors and no pictures."""

    def __init__(self, data_dir: Path) -> None:
        """Nothing is opened before it is asked for."""
        self._library = Library(data_dir)
        self._lock = threading.Lock()
        self._versions: dict[str, tuple[str | None, float]] = {}
        self._open: dict[str, tuple[CardsReader, frozenset[tuple[str, str]]] | None] = {}

    @property
    def key(self) -> str:
        """Names the packs in use, such as `demo@1 magic@2026-05`; looked up anew each time."""
        with self._lock:
            self._versions = {}
            try:
                games = self._library.games()
                return " ".join(f"{game}@{self._version(game) or ''}" for game in games)
            except PackError:
                return ""

    def facts_of(self, game: str, card_id: str) -> Mapping[str, str]:
        """The columns of the catalog's table; empty where no pack in use knows the printing."""
        try:
            with self._lock:
                found = self._pack(game)
                if found is None:
                    return {}
                reader, shared = found
                printing = reader.printing_of(card_id)
                if printing is None:
                    return {}
                facts = reader.facts_of(card_id)
        except PackError:
            return {}
        if (printing.set, printing.number) in shared:
            facts[SHARED_NUMBER] = "1"
        return facts

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            for found in self._open.values():
                if found is not None:
                    found[0].close()
            self._open.clear()

    def _version(self, game: str) -> str | None:
        """The version in use; the library is not asked for it for every single card."""
        now_mono_s = time.monotonic()
        version, asked_mono_s = self._versions.get(game, (None, float("-inf")))
        if now_mono_s - asked_mono_s >= _LOOK_EVERY_S:
            version = self._library.current(game)
            self._versions[game] = version, now_mono_s
        return version

    def _pack(self, game: str) -> tuple[CardsReader, frozenset[tuple[str, str]]] | None:
        version = self._version(game)
        key = f"{game}@{version}"
        if key not in self._open:
            path = self._library.folder / game / (version or "") / CARDS
            if version is None or not path.is_file():
                self._open[key] = None
            else:
                reader = CardsReader(path, game)
                self._open[key] = (reader, reader.shared_numbers())
        return self._open[key]
