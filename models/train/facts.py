"""Write a game's table of facts for `counterscan catalog build`, with the artwork groups.

    python -m models.train.facts --data DIR --work DIR --game yugioh --out facts.csv

With --held-out it also writes the list of cards that no training saw, for `counterscan bench`, and
with --without the table of all the others: a catalog in which those cards are strangers.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from models.train.cards import build_cache, held_out_families, read_cards

_COLUMNS = ("path", "card_id", "name", "set", "number", "variant", "artwork")


def main() -> None:
    """Write one row per reference picture of the game."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--game", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--without", type=Path)
    args = parser.parse_args()
    build_cache(args.data, args.work)
    cards = read_cards(args.work)
    artworks = {(card.game, card.card_id): card.artwork for card in cards}
    with (args.data / "cards.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    untrained = held_out_families(cards, args.data)
    every: list[dict[str, str]] = []
    known: list[dict[str, str]] = []
    strangers: list[dict[str, str]] = []
    for row, card in zip(rows, cards, strict=True):
        if card.game != args.game:
            continue
        # A scan of a printed card shows the artwork of its render, though the hashes differ.
        rendered = (card.game, card.card_id.removesuffix("_scan"))
        values = {**row, "artwork": artworks.get(rendered, card.artwork)}
        every.append(values)
        (strangers if card.family in untrained else known).append(values)
    _write(args.out, every)
    if args.held_out:
        _write(args.held_out, strangers)
    if args.without:
        _write(args.without, known)


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
