"""Which printings their products are, from a CSV file that a person has filled in."""

from __future__ import annotations

from pathlib import Path

from scanner.errors import CounterscanError, InventoryError
from scanner.export.table import read_table
from sync.cloud.sources.records import Kind, Link

COLUMNS = (
    "game", "source", "kind", "their_id", "name", "set_name", "number", "why", "detail", "card_id",
)  # fmt: skip
_NEEDED = ("game", "kind", "their_id", "card_id")


class LinkFileError(CounterscanError, ValueError):
    """The file can't be read; the message names the line."""


def read_links(file: Path) -> list[Link]:
    """The rows whose card_id (of a row of kind `set`: our name of the set) is filled in.

    Raises LinkFileError; then nothing of the file counts.
    """
    found = []
    try:
        for line, row in read_table(file.read_bytes(), _NEEDED):
            game, kind, their_id, card_id = (row[key].strip() for key in _NEEDED)
            if not card_id:
                continue
            if kind not in set(Kind) - {Kind.EBAY} or not game or not their_id:
                raise LinkFileError(
                    f"{file}, line {line}: game, kind or their_id is not one that "
                    "`cloud sources left-out` writes."
                )
            found.append(Link(game, kind, their_id, card_id, is_by_hand=True))
    except OSError as error:
        raise LinkFileError(f"{file}: it can't be read: {error}.") from None
    except InventoryError as error:
        raise LinkFileError(f"{file}: {error}") from None
    if not found:
        raise LinkFileError(f"{file}: no row has its card_id filled in.")
    return found
