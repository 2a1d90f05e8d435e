"""What this device has of packs and models, as the updates see it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from scanner.catalog.library import Library
from scanner.catalog.manifest import SIGNATURE, read_manifest
from scanner.config import Settings
from scanner.errors import AlreadyRunningError, CounterscanError, ModelError, PackError
from scanner.models import read_manifest as read_model
from scanner.models_library import ModelLibrary, models_in_use, read_bundle
from scanner.store_updates import MODELS, PACKS
from sync.protocol_fleet import ModelsRelease, PackRelease, Release
from sync.update_intake import Intake, Told
from sync.update_plan import Held

log = logging.getLogger(__name__)


class Shelf:
    """Both libraries. For one thread."""

    def __init__(self, settings: Settings, intake: Intake) -> None:
        """Nothing is read yet."""
        self._settings = settings
        self._intake = intake
        self._packs = Library(settings.data_dir)
        self._models = ModelLibrary(settings.data_dir)
        self._taken: set[str] = set()

    def embedder(self) -> str:
        """The embedder in use, which packs must be made for; "" where there is none."""
        try:
            return read_model("embedder", models_in_use(self._settings.data_dir)).model_id
        except ModelError as error:
            log.warning("%s", error)
            return ""

    def follows(self, target: str) -> bool:
        """The games that this device has packs of, or that its settings name; all, without any."""
        if target == MODELS:
            return True
        named = {name.partition("@")[0] for name in self._settings.catalog.packs}
        games = named or self.games_in_use()
        return not games or game_of(target) in games

    def games_in_use(self) -> set[str]:
        """The games of which a pack is in use."""
        return {game for game in self._packs.games() if self._packs.current(game) is not None}

    def version_in_use(self, target: str) -> str:
        """The version in use; "" for none, and for the models of the program."""
        found = self._models.current() if target == MODELS else self._packs.current(game_of(target))
        return found or ""

    def held(self, target: str, release: Release, *, is_refused: bool) -> Held:
        """What there is of the announced thing."""
        in_use = self.version_in_use(target)
        if isinstance(release, ModelsRelease):
            is_here = self._intake.has_models(release)
            created_at = self._built_at(lambda: read_bundle(self._models.path(in_use)).created_at)
            pinned = ""
        else:
            assert isinstance(release, PackRelease)
            is_here = self._intake.has_pack(release)
            path = self._packs.folder / release.game / in_use
            created_at = self._built_at(
                lambda: datetime.fromisoformat(read_manifest(path).created_at)
            )
            pinned = next(
                (name.partition("@")[2] for name in self._settings.catalog.packs
                 if name.startswith(f"{release.game}@")),
                "",
            )  # fmt: skip
        return Held(
            in_use, created_at if in_use else None, is_here or release.sha256 in self._taken,
            pinned, is_refused,
        )  # fmt: skip

    def _built_at(self, read: Callable[[], datetime]) -> datetime | None:
        try:
            found = read()
        except (CounterscanError, ValueError):
            return None
        return found if found.tzinfo is not None else None

    def prune(self, target: str) -> None:
        """Delete what came from the network and is neither in use nor the way back."""
        try:
            if target == MODELS:
                self._models.keep_only([self._models.current(), self._models.previous()])
                return
            game = game_of(target)
            kept = {self._packs.current(game), self._packs.previous(game)}
            for entry in self._packs.entries():
                if entry.game == game and entry.version not in kept and self._is_ours(entry.path):
                    self._packs.remove(entry.pack_id)
        except (PackError, ModelError, AlreadyRunningError) as error:
            log.warning("an old version can't be removed: %s", error)

    def _is_ours(self, path: Path) -> bool:
        return (path / SIGNATURE).exists()

    def take(self, release: Release, told: Told) -> None:
        """Fetch, check and install; `told` hears how many bytes are here.

        Raises FetchError, PackError, ModelError.
        """
        if isinstance(release, PackRelease):
            self._intake.take_pack(release, told)
        elif isinstance(release, ModelsRelease):
            self._intake.take_models(release, told)
        self._taken.add(release.sha256)

    def remove(self, target: str, release: Release) -> None:
        """Delete what was refused."""
        self._taken.discard(release.sha256)
        try:
            if target == MODELS:
                self._models.keep_only([self._models.current(), self._models.previous()])
            elif release.version not in (
                self._packs.current(game_of(target)), self._packs.previous(game_of(target))
            ):  # fmt: skip
                self._packs.remove(f"{game_of(target)}@{release.version}")
        except (PackError, ModelError, AlreadyRunningError) as error:
            log.warning("what was refused can't be removed: %s", error)


def game_of(target: str) -> str:
    """The game of a packs' target."""
    return target.removeprefix(PACKS)
