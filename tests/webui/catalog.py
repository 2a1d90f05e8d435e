"""A catalog for the page's tests: the printings that the shop's drawn scans may be, and prices."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from scanner.catalog.library import Library
from scanner.records import Decision, Printing
from tests.catalog.shelf import MODEL, RUNTIME, Shelf
from tests.webui.shop import draw_card, identification


def printings(cards: int) -> list[Printing]:
    """Every candidate of the first scans."""
    return [
        candidate.printing
        for number in range(1, cards + 1)
        for candidate in identification(number, Decision.REVIEW).candidates
    ]


def put_catalog_in_use(data_dir: Path, folder: Path, cards: int = 12) -> None:
    """Build the pack demo@1 with pictures of all candidates, and use it."""
    shelf = Shelf(folder / "shelf")
    for printing in printings(cards):
        number = int(printing.card_id.rpartition("-")[2])
        shelf.add(
            f"{printing.card_id}.png", printing.card_id, draw_card(number, printing.name),
            name=printing.name, set=printing.set, number=printing.number, variant=printing.variant,
        )  # fmt: skip
    shelf.build(folder / "pack")
    library = Library(data_dir)
    library.install(folder / "pack")
    library.use("demo@1", model_id=MODEL, runtime=RUNTIME)


def set_price(
    data_dir: Path, card_id: str, amount_minor: int, finish: str = "normal", currency: str = "EUR"
) -> None:
    """Say what a printing is worth, as the sync process does."""
    with closing(sqlite3.connect(data_dir / "counterscan.db")) as connection:
        connection.execute(
            "INSERT INTO price (game, card_id, finish, condition, currency, amount_minor, source,"
            " as_of, created_at) VALUES ('demo', ?, ?, 'NM', ?, ?, 'test',"
            " '2026-01-01 10:00:00.000000', '2026-01-01 10:00:00.000000')",
            (card_id, finish, currency, amount_minor),
        )
        connection.commit()
