"""Puts new packs and models in use together, after a trial and with another one to follow.

What is about to change is written down first, so that a kill at any moment leaves the old or the
new state, and the next start knows of it: it goes back, and tries anew.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scanner.catalog.disk import disk_errors, sync_folder, write_atomic
from scanner.catalog.library import Library
from scanner.catalog.manifest import read_manifest
from scanner.errors import CounterscanError
from scanner.models_library import ModelLibrary

log = logging.getLogger(__name__)

Trial = Callable[[Mapping[str, str], Path | None], str]
"""Why versions by game, with models in another folder, can't be used; "" when they can."""

_JOURNAL = "switching.json"


@dataclass(frozen=True, slots=True)
class Change:
    """Versions to put in use by game, and models; None leaves the models as they are."""

    packs: Mapping[str, str] = field(default_factory=dict)
    models: str | None = None


class Switch:
    """Makes changes. For one thread."""

    def __init__(self, data_dir: Path, folder: Path, trial: Trial) -> None:
        """`folder` keeps the note of what is under way."""
        self._packs = Library(data_dir)
        self._models = ModelLibrary(data_dir)
        self._journal = folder / _JOURNAL
        self._trial = trial

    def make(self, change: Change) -> tuple[str, bool]:
        """Try, switch, try again. What went wrong, "" if nothing, and whether it was taken back.

        Raises CounterscanError where the disk or the library can't be written, or the trial was cut
        short: `go_back`, then call it again.
        """
        models_dir = None if change.models is None else self._models.path(change.models)
        if why := self._trial(change.packs, models_dir):
            return why, False
        self._note(change)
        # Packs first: until the models change as well, the packs before them still fit and are
        # read (`scanner.catalog.opening`). The models' one rename then turns all of them over.
        for game, version in change.packs.items():
            self._use(game, version)
        if change.models is not None:
            self._models.use(change.models)
        why = self._trial({}, None)
        if why:
            self.go_back()
        else:
            self._forget()
        return why, bool(why)

    def go_back(self) -> bool:
        """Undo what was begun and not finished; False where there was nothing."""
        try:
            before = json.loads(self._journal.read_bytes())
            packs, has_models = dict(before["packs"]), "models" in before
        except FileNotFoundError:
            return False
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.error("%s can't be read (%s); what is in use stays", self._journal, error)
            self._forget()
            return False
        if has_models and self._models.current() != before["models"]:
            self._models.use(before["models"])
        for game, version in packs.items():
            if self._packs.current(game) == version:
                continue
            try:
                if version is None:
                    self._packs.stop_using(game)
                else:
                    self._use(game, version)
            except CounterscanError as error:
                log.error("%s can't be used again: %s", f"{game}@{version}", error)
        self._forget()
        return True

    def _use(self, game: str, version: str) -> None:
        pack_id = f"{game}@{version}"
        # Whether it fits this device the trial has found out; here its files are compared.
        manifest = read_manifest(self._packs.path(pack_id))
        self._packs.use(pack_id, model_id=manifest.model_id, runtime=manifest.runtime)

    def _note(self, change: Change) -> None:
        before: dict[str, object] = {
            "packs": {game: self._packs.current(game) for game in change.packs}
        }
        if change.models is not None:
            before["models"] = self._models.current()
        with disk_errors(self._journal.parent, "it is tried again"):
            self._journal.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._journal, json.dumps(before).encode())

    def _forget(self) -> None:
        with disk_errors(self._journal.parent, "it is tried again"):
            self._journal.unlink(missing_ok=True)
            sync_folder(self._journal.parent)
