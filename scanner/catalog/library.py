"""The packs that this device holds: installed whole, switched in one step, with a way back.

`packs/<game>/<version>/` are the packs. `packs/<game>/current` is a text file: its first line is
the version in use, its second the one before it. Both change in one rename, so that a power cut
leaves either the old or the new state.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.catalog.copying import (
    UNFINISHED,
    copy_pack,
    is_installed,
    remove_leftovers,
    remove_pack,
)
from scanner.catalog.current import read_current, write_current
from scanner.catalog.disk import disk_errors, locked, sync_folder
from scanner.catalog.manifest import (
    Manifest,
    check_files,
    check_name,
    check_pictures,
    read_manifest,
)
from scanner.errors import PackError

_CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Entry:
    """One pack of the library; `manifest` is None when it can't be read, and `problem` says why."""

    game: str
    version: str
    path: Path
    manifest: Manifest | None
    problem: str
    in_use: bool
    previous: bool

    @property
    def pack_id(self) -> str:
        """Game and version, `demo@1`."""
        return f"{self.game}@{self.version}"


class Library:
    """The folder `packs` in the data folder. Every change is made under one lock."""

    def __init__(self, data_dir: Path) -> None:
        """Name the library; nothing is read or made yet."""
        self.folder = data_dir / "packs"

    def entries(self) -> list[Entry]:
        """Every installed pack, by game and then by age, the newest first."""
        entries: list[Entry] = []
        for game in self.games():
            in_use, previous = self._state(game)
            entries += [
                _entry(game, path, in_use, previous)
                for path in (self.folder / game).iterdir()
                if path.is_dir() and not path.name.startswith(".")
            ]
        entries.sort(key=lambda entry: entry.version, reverse=True)
        entries.sort(key=_created_at, reverse=True)
        entries.sort(key=lambda entry: entry.game)
        return entries

    def games(self) -> list[str]:
        """The games that packs are installed for."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path.name
            for path in self.folder.iterdir()
            if path.is_dir() and not path.name.startswith(".")
        )

    def current(self, game: str) -> str | None:
        """The version of a game that is in use, or None."""
        return self._state(game)[0]

    def previous(self, game: str) -> str | None:
        """The version of a game that was in use before, or None."""
        return self._state(game)[1]

    def path(self, pack_id: str) -> Path:
        """The folder of an installed pack. Raises PackError when there is no such pack."""
        game, _, version = pack_id.partition("@")
        path = self.folder / check_name("game", game) / check_name("version", version)
        if not path.is_dir():
            raise PackError(
                f"The pack {pack_id} is not installed; `counterscan catalog list` shows what is"
            )
        return path

    def install(self, source: Path, *, move: bool = False) -> str:
        """Copy the pack in the folder `source` into the library and return its id.

        The copy is compared with its checksums before it counts; it is not used until `use`. An
        undamaged pack that is there already stays. With `move` the folder itself, which must be on
        the same disk, becomes the installed pack. Raises PackError and AlreadyRunningError.
        """
        manifest = read_manifest(source)
        game = self.folder / manifest.game
        target = game / manifest.version
        unfinished = game / f"{UNFINISHED}{manifest.version}"
        with self._changing(f"install {source} again"):
            if target.exists() and is_installed(target, manifest):
                return manifest.pack_id
            game.mkdir(exist_ok=True)
            remove_leftovers(game)
            try:
                if move:
                    check_files(source, manifest)
                    check_pictures(source, manifest)
                    source.rename(unfinished)
                else:
                    copy_pack(source, manifest, unfinished)
                os.sync()
                if target.exists():  # damaged: its place is needed
                    remove_pack(target)
                unfinished.rename(target)
                sync_folder(game)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
        return manifest.pack_id

    def use(self, pack_id: str, *, model_id: str, runtime: str) -> None:
        """Make an installed pack the one in use for its game; the one before it stays.

        Raises PackError when it is not installed, is damaged, or does not fit the model or runtime.
        """
        from scanner.catalog.pack import Pack  # the page reads the library and loads no OpenCV

        with self._changing(f"use {pack_id} again"):
            path = self.path(pack_id)
            Pack.open(path, model_id=model_id, runtime=runtime, verify=True).close()
            in_use, _ = self._state(path.parent.name)
            if in_use != path.name:
                self._set_state(path.parent.name, path.name, in_use)

    def stop_using(self, game: str) -> None:
        """Use no pack of a game; what is installed stays. Raises PackError."""
        with self._changing("try again"):
            in_use, previous = self._state(check_name("game", game))
            if in_use is not None:
                self._set_state(game, None, previous)

    def rollback(self, game: str, *, model_id: str, runtime: str) -> str:
        """Go back to the pack that a game used before; a second rollback returns.

        Returns the id of the pack now in use. Raises PackError when there is none to go back to,
        or when it is damaged or does not fit.
        """
        from scanner.catalog.pack import Pack

        with self._changing("go back again"):
            in_use, previous = self._state(check_name("game", game))
            if previous is None or in_use is None:
                raise PackError(
                    f"There is no earlier pack of {game} to go back to; "
                    "`counterscan catalog list` shows what is installed"
                )
            pack_id = f"{game}@{previous}"
            path = self.path(pack_id)
            Pack.open(path, model_id=model_id, runtime=runtime, verify=True).close()
            self._set_state(game, previous, in_use)
        return pack_id

    def remove(self, pack_id: str) -> None:
        """Delete an installed pack that is not in use. Raises PackError when it is."""
        with self._changing(f"remove {pack_id} again"):
            path = self.path(pack_id)
            in_use, previous = self._state(path.parent.name)
            if path.name == in_use:
                raise PackError(
                    f"The pack {pack_id} is in use; use another one first "
                    "(`counterscan catalog use PACK`)"
                )
            if path.name == previous:
                self._set_state(path.parent.name, in_use, None)
            remove_pack(path)

    def _state(self, game: str) -> tuple[str | None, str | None]:
        return read_current(self.folder / game / _CURRENT)

    def _set_state(self, game: str, in_use: str | None, previous: str | None) -> None:
        write_current(self.folder / game / _CURRENT, in_use, previous)

    @contextmanager
    def _changing(self, afterwards: str) -> Iterator[None]:
        with disk_errors(self.folder, afterwards):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock", "Another catalog command"):
                yield


def _entry(game: str, path: Path, in_use: str | None, previous: str | None) -> Entry:
    manifest, problem = None, ""
    try:
        manifest = read_manifest(path)
    except PackError as error:
        problem = str(error)
    version = path.name
    return Entry(game, version, path, manifest, problem, version == in_use, version == previous)


def _created_at(entry: Entry) -> str:
    return entry.manifest.created_at if entry.manifest else ""
