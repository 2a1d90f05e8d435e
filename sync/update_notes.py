"""What is told of the updates: each step, what is announced, how far a fetch has come."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from scanner.errors import StoreError
from scanner.store import Store
from scanner.store_updates import PROBLEMS, UpdateKind
from scanner.tables_updates import UpdateAnnounced
from sync.protocol_fleet import PackRelease, Release

log = logging.getLogger(__name__)

_PROGRESS_EVERY_S = 1.0


class Notes:
    """For the updates' own thread."""

    def __init__(self, store: Store) -> None:
        """Nothing is read before `begin`."""
        self._store = store
        self._told: dict[str, tuple[str, str]] = {}

    def begin(self) -> None:
        """See what was told last. Raises StoreError."""
        self._told = {
            event.target: (event.version, event.kind) for event in self._store.update_events()
        }

    def last(self, target: str) -> tuple[str, str]:
        """The version and the step that were told last of a target."""
        return self._told.get(target, ("", UpdateKind.IN_USE.value))

    def is_in_use(self, target: str, version: str) -> bool:
        """Whether that is what was told last."""
        return self._told.get(target) == (version, UpdateKind.IN_USE)

    def tell(self, target: str, version: str, kind: UpdateKind, text: str = "") -> None:
        """Note a step. Raises StoreError."""
        if self._store.add_update_event(target, version, kind, text):
            level = logging.WARNING if kind in PROBLEMS else logging.INFO
            what = kind.value.replace("_", " ")
            log.log(level, "%s %s: %s%s", target, version, what, f": {text}" if text else "")
        self._told[target] = (version, kind)

    def announce(self, rows: list[UpdateAnnounced], *, is_all: bool) -> None:
        """Tell what is announced; what else was told before is so still, unless `is_all`."""
        if not is_all:
            known = {row.target for row in rows}
            rows = [*rows, *(row for row in self._store.announced() if row.target not in known)]
        self._store.set_announced(rows)

    def progress(self, target: str) -> Callable[[int], None]:
        """What hears of a fetch and tells of it now and then."""
        told_mono_s = float("-inf")

        def tell(at: int) -> None:
            nonlocal told_mono_s
            if time.monotonic() - told_mono_s >= _PROGRESS_EVERY_S:
                told_mono_s = time.monotonic()
                with suppress(StoreError):  # it says nothing that would be missed
                    self._store.set_fetched(target, at)

        return tell


def announced_row(target: str, release: Release, *, may_take: bool) -> UpdateAnnounced:
    """An announcement as the page reads it."""
    return UpdateAnnounced(
        target=target,
        version=release.version,
        model_id=release.model_id,
        size_bytes=release.size_bytes,
        cards=release.cards if isinstance(release, PackRelease) else 0,
        about=release.about,
        built_at=release.created_at,
        is_rollback=release.rollback,
        may_take=may_take,
    )
