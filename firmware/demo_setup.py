"""What the demo needs before the first card: the printed game and its pack, made once and kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tqdm import tqdm

from firmware.simulated.cardpress import DEFAULT_SEED, plan_cards, press_cards
from firmware.simulated.deck import Printed
from scanner.catalog.build import build_pack
from scanner.catalog.finish import BuildReport
from scanner.catalog.library import Library
from scanner.catalog.model import load_embedder, reader_of
from scanner.errors import StoreError
from scanner.pictures import read_picture
from scanner.records import Printing

GAME = "lanternfall"

Say = Callable[[str], None]


def cache_dir() -> Path:
    """Where the printed game is kept: `$XDG_CACHE_HOME/counterscan`, or `~/.cache/counterscan`."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path("~/.cache").expanduser()) / "counterscan"


def install_demo_pack(data_dir: Path, say: Say) -> None:
    """Print the game, build its pack and put it in use in `data_dir`; what is there is kept.

    Raises StoreError when the cache can't be written, and the PackError tree.
    """
    pack, report = build_demo_pack(say)
    library = Library(data_dir)
    library.install(pack)
    if f"{GAME}@{library.current(GAME)}" != report.pack_id:
        model_id, runtime = reader_of(load_embedder())
        library.use(report.pack_id, model_id=model_id, runtime=runtime)


def build_demo_pack(say: Say) -> tuple[Path, BuildReport]:
    """Print the game and build its pack for this device's model, in the cache; its folder.

    Raises StoreError when the cache can't be written, and the PackError tree.
    """
    pictures = pictures_dir()
    try:
        if not (pictures / "facts.csv").exists():
            say("Printing the demo game. This is done once and takes about a minute.")
        with tqdm(desc=f"{GAME}: printing cards", unit=" cards", disable=None) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            press_cards(pictures, progress=show)
    except OSError as error:
        raise StoreError(
            f"The demo's cards can't be printed to {pictures} ({error.strerror or error}): set "
            "XDG_CACHE_HOME to a folder that can be written."
        ) from error
    embedder = load_embedder()
    model_id, _ = reader_of(embedder)
    # One pack per model and runtime, since a pack fits no other.
    pack = cache_dir() / f"{GAME}-pack-{model_id}"
    report = build_pack(
        game=GAME,
        pictures=pictures,
        facts=pictures / "facts.csv",
        out=pack,
        embedder=embedder,
        progress=True,
        force=True,
    )
    return pack, report


def demo_pool() -> list[Printed]:
    """Every printing of the demo game, with its large picture rather than the pack's small one."""
    return [
        Printed(
            Printing(card.card_id, GAME, card.name, card.set, card.number, card.variant),
            partial(read_picture, pictures_dir() / card.path),
            foil=card.finish == "foil",
            artwork=card.artwork,
        )
        for card in plan_cards(DEFAULT_SEED)
    ]


def pictures_dir() -> Path:
    """Where the printed cards and their `facts.csv` are."""
    return cache_dir() / f"{GAME}-cards"
