"""The packs in use as a person looks things up in them: names, sets, pictures. No recognition.

It reads `cards.db` and the pictures alone, and follows the library when another pack is used.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scanner.catalog.cards import CardsReader
from scanner.catalog.library import Library
from scanner.catalog.manifest import CARDS, picture_name
from scanner.catalog.suggest import Suggester
from scanner.errors import CounterscanError
from scanner.records import Printing

LOOK_EVERY_S = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    """One open pack; `suggester` is made when first asked for."""

    pack_id: str
    path: Path
    cards: CardsReader

    @property
    def game(self) -> str:
        return self.pack_id.partition("@")[0]


class References:
    """See the module. Safe to share among threads; a pack that can't be read is left out."""

    def __init__(self, data_dir: Path, named: Callable[[], Sequence[str]] = tuple) -> None:
        """`named` tells the ids of the packs that recognition uses; none: every game's current."""
        self._library = Library(data_dir)
        self._named = named
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}
        self._suggesters: dict[str, Suggester] = {}
        self._looked_mono_s = float("-inf")

    def close(self) -> None:
        """Close every pack."""
        with self._lock:
            for pack in self._open.values():
                pack.cards.close()
            self._open, self._suggesters = {}, {}

    def games(self) -> list[str]:
        """The games whose packs are in use."""
        return sorted({pack.game for pack in self._packs()})

    def sets(self, game: str) -> list[str]:
        """The names of a game's sets."""
        found = {name for pack in self._packs() if pack.game == game for name in pack.cards.sets()}
        return sorted(found)

    def printing(self, game: str, card_id: str) -> Printing | None:
        """The printing, or None when no pack in use has it."""
        for pack in self._packs():
            if pack.game == game and (found := pack.cards.printing_of(card_id)) is not None:
                return found
        return None

    def game_of(self, card_id: str) -> str:
        """A game that has a card with this id, "" where none has."""
        for pack in self._packs():
            if pack.cards.printing_of(card_id) is not None:
                return pack.game
        return ""

    def picture(self, game: str, card_id: str) -> tuple[str, str] | None:
        """The pack's id and the SHA-256 of a printing's picture, or None where there is none."""
        for pack in self._packs():
            if pack.game == game and (digest := pack.cards.picture_of(card_id)) is not None:
                return pack.pack_id, digest
        return None

    def picture_file(self, pack_id: str, digest: str) -> Path | None:
        """Where a picture of a pack in use lies on disk; `digest` must be 64 hexadecimal digits."""
        for pack in self._packs():
            if pack.pack_id == pack_id:
                return pack.path / picture_name(digest)
        return None

    def suggest(self, typed: str, limit: int, game: str = "") -> list[Printing]:
        """Printings for what was typed so far, see `Suggester`; of one game or of all in turn."""
        per_pack = [
            self._suggester(pack).suggest(typed, limit)
            for pack in self._packs()
            if not game or pack.game == game
        ]
        mixed: list[Printing] = []
        for place in range(limit):
            mixed += [found[place] for found in per_pack if place < len(found)]
        return mixed[:limit]

    def warm(self) -> None:
        """Read all names now, so that the first key typed need not wait."""
        for pack in self._packs():
            self._suggester(pack)

    def _suggester(self, pack: _Open) -> Suggester:
        with self._lock:
            found = self._suggesters.get(pack.pack_id)
            if found is None:
                found = self._suggesters[pack.pack_id] = Suggester(pack.cards)
            return found

    def _packs(self) -> list[_Open]:
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._looked_mono_s >= LOOK_EVERY_S:
                self._looked_mono_s = now_s
                self._follow()
            return list(self._open.values())

    def _follow(self) -> None:
        wanted = self._wanted()
        for pack_id in [pack_id for pack_id in self._open if pack_id not in wanted]:
            # Not closed: another thread may be reading; it closes when nobody holds it any more.
            del self._open[pack_id]
            self._suggesters.pop(pack_id, None)
        for pack_id in wanted:
            if pack_id in self._open:
                continue
            try:
                path = self._library.path(pack_id)
                cards = CardsReader(path / CARDS, pack_id.partition("@")[0])
            except CounterscanError as error:
                log.warning("the pack %s can't be looked into: %s", pack_id, error)
                continue
            self._open[pack_id] = _Open(pack_id, path, cards)

    def _wanted(self) -> list[str]:
        with suppress(CounterscanError):
            if named := [name for name in self._named() if "@" in name]:
                return named
        with suppress(CounterscanError):
            current = [(game, self._library.current(game)) for game in self._library.games()]
            return [f"{game}@{version}" for game, version in current if version]
        return []
