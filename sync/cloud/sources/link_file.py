"""Which printings their products are, from a CSV file that a person has filled in."""

from __future__ import annotations

import csv
from pathlib import Path

from scanner.errors import CounterscanError
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
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            if missing := set(_NEEDED) - set(reader.fieldnames or ()):
                raise LinkFileError(f"{file}: the column {sorted(missing)[0]} is missing.")
            for row in reader:
                game, kind, their_id, card_id = ((row[key] or "").strip() for key in _NEEDED)
                if not card_id:
                    continue
                if kind not in set(Kind) - {Kind.EBAY} or not game or not their_id:
                    raise LinkFileError(
                        f"{file}, line {reader.line_num}: game, kind or their_id is not one that "
                        "`cloud sources left-out` writes."
                    )
                found.append(Link(game, kind, their_id, card_id, is_by_hand=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LinkFileError(f"{file}: it can't be read: {error}.") from None
    if not found:
        raise LinkFileError(f"{file}: no row has its card_id filled in.")
    return found
