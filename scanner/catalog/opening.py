"""Opens the packs in use, as the settings and the library have them."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.catalog.library import Library
from scanner.catalog.manifest import check_name, rebuild_hint
from scanner.catalog.pack import Pack
from scanner.config import Settings
from scanner.errors import PackError, PackMismatchError


def open_current(
    settings: Settings, model_id: str, runtime: str,
    *, instead: Mapping[str, str] | None = None, verify: bool = False,
) -> list[Pack]:  # fmt: skip
    """Open the packs in use: those of every game, or those that the settings name.

    A name in the settings is a game, or a game and a version (`demo@1`). `instead` has versions to
    open in the place of those in use, by game, of which `verify` compares every picture too. Where
    new models wait for new packs, the pack that was in use before is opened if it is the one that
    fits. Raises PackError when there is none, or when one can't be used: a missing game must not go
    unnoticed.
    """
    library, instead = Library(settings.data_dir), instead or {}
    names = settings.catalog.packs or sorted(
        {game for game in library.games() if library.current(game) is not None} | set(instead)
    )
    if not names:
        raise PackError(
            f"No catalog pack is in use in {library.folder}; build one with "
            f"{rebuild_hint('GAME')} and use it with `counterscan catalog use PACK`"
        )
    packs: list[Pack] = []
    try:
        for name in names:
            game = name.partition("@")[0]
            if game in instead:
                path = library.path(f"{game}@{instead[game]}")
                packs.append(Pack.open(path, model_id=model_id, runtime=runtime, verify=verify))
            else:
                packs.append(_open_fitting(library, name, model_id, runtime))
    except BaseException:
        for pack in packs:
            pack.close()
        raise
    return packs


def _open_fitting(library: Library, name: str, model_id: str, runtime: str) -> Pack:
    """The pack of that name; of a game, the one in use, or the one before it if only that fits."""
    if "@" in name:
        return Pack.open(library.path(name), model_id=model_id, runtime=runtime)
    path = library.path(_pack_in_use(library, name))
    try:
        return Pack.open(path, model_id=model_id, runtime=runtime)
    except PackMismatchError:
        previous = library.previous(name)
        if previous is None:
            raise
        before = library.path(f"{name}@{previous}")
        try:
            return Pack.open(before, model_id=model_id, runtime=runtime)
        except PackError:
            pass
        raise


def _pack_in_use(library: Library, game: str) -> str:
    version = library.current(check_name("game", game))
    if version is None:
        raise PackError(
            f"No pack of {game} is in use; choose one with `counterscan catalog use PACK`"
        )
    return f"{game}@{version}"
