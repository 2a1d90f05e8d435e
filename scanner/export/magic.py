"""What the collection lists of ManaBox, Moxfield and Deckbox share: Magic cards only. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanner.card_words import LANGUAGES
from scanner.errors import InventoryError
from scanner.export.format import (
    Item,
    ReadRow,
    Row,
    bare_number,
    is_told_apart,
    problem_of,
)
from scanner.export.table import only_unknown, read_count, read_table, write_table
from scanner.records import Finish

_MAGIC = ("magic", "mtg", "magicthegathering")


@dataclass(frozen=True, slots=True)
class Columns:
    """Under which name a format has what all three have; "" for what it has not."""

    quantity: str
    name: str
    set_code: str
    set_name: str
    number: str
    finish: str
    condition: str
    language: str
    price: str
    currency: str = ""
    rarity: str = ""
    scryfall: str = ""


class MagicList:
    """One of the three: its columns, its words, and the columns that are always the same."""

    suffix = "csv"
    media_type = "text/csv; charset=utf-8"
    adds = False
    sold_there = ""

    def __init__(
        self,
        name: str,
        label: str,
        columns: Sequence[str],
        places: Columns,
        conditions: Mapping[str, str],
        languages: Mapping[str, str],
        normal: str,
        always: Mapping[str, str],
        signs: Mapping[str, str] | None = None,
    ) -> None:
        """`conditions` and `languages` map our words to the format's, `normal` is "no foil".

        `signs` are the currencies that its prices may be in, with what stands before an amount;
        None where any may be.
        """
        self.name = name
        self.label = label
        self.about = f"A collection list for {label}: Magic cards with their quantities."
        self._columns = tuple(columns)
        self._places = places
        self._conditions = conditions
        self._languages = languages
        self._normal = normal
        self._always = always
        self._signs = signs

    def row(self, item: Item) -> Row | str:
        """The item's row, or why it has none."""
        line, places = item.line, self._places
        problem = self._problem(item)
        if problem:
            return problem
        scryfall = line.facts.get("scryfall_id", "") if places.scryfall else ""
        cells = {
            **self._always,
            places.name: line.name,
            places.set_code: line.set_code,
            places.set_name: line.set_name,
            places.number: bare_number(line.number),
            places.finish: "foil" if line.finish == Finish.FOIL else self._normal,
            places.condition: self._conditions[line.condition],
            places.language: self._languages[line.language],
            places.price: self._price(item),
            places.currency: item.currency if item.price else "",
            places.rarity: line.facts.get("rarity", ""),
            places.scryfall: scryfall,
        }
        cells.pop("", None)
        kept = {name: value for name, value in cells.items() if name != places.price}
        return Row(json.dumps([kept[name] for name in sorted(kept)]), cells)

    def row_of(self, key: str) -> Row:
        """Never needed: such lists are sent whole."""
        raise InventoryError(f"{self.label} takes no cards back ({key[:40]}).")

    def write(self, rows: Sequence[tuple[Row, int]]) -> bytes:
        """The file."""
        quantity = self._places.quantity
        return write_table(
            self._columns, ({**row.cells, quantity: str(count)} for row, count in rows)
        )

    def read(self, data: bytes) -> list[ReadRow]:
        """A file read back."""
        places = self._places
        conditions = {word.lower(): ours for ours, word in self._conditions.items()}
        languages = {word.lower(): ours for ours, word in self._languages.items()}
        needed = (places.quantity, places.name, places.finish, places.condition, places.language)
        return [
            ReadRow(
                quantity=read_count(line, row[places.quantity]),
                name=row[places.name],
                set=row.get(places.set_code) or row.get(places.set_name, ""),
                number=row.get(places.number, ""),
                finish=(
                    Finish.NORMAL if row[places.finish] in ("", self._normal) else Finish.FOIL
                ).value,
                condition=conditions.get(row[places.condition].lower(), ""),
                language=languages.get(row[places.language].lower(), ""),
                price=row.get(places.price, "").lstrip("$"),
                more=only_unknown(row, self._columns),
            )
            for line, row in read_table(data, needed)
        ]

    def _price(self, item: Item) -> str:
        if self._signs is None or not item.price:
            return item.price
        sign = self._signs.get(item.currency)
        return "" if sign is None else f"{sign}{item.price}"

    def _problem(self, item: Item) -> str:
        line = item.line
        if "".join(filter(str.isalnum, line.game.lower())) not in _MAGIC:
            return f"{self.label} takes Magic cards only."
        if problem := problem_of(line):
            return problem
        if line.finish not in (Finish.NORMAL, Finish.FOIL):
            return f"{self.label} knows normal and foil cards, not {line.finish} ones."
        if line.language not in self._languages:
            return f"{self.label} has no word for {LANGUAGES.get(line.language, line.language)}."
        if not line.set_code:
            return f"The catalog has no set code for {line.set_name or 'its set'}."
        named = bool(self._places.scryfall and line.facts.get("scryfall_id"))
        if not (named or is_told_apart(line)):
            return f"{self.label} can't tell it from another printing with this number."
        return ""


def english(*left_out: str) -> dict[str, str]:
    """Our languages by their English names, without those that a format does not know."""
    return {code: name for code, name in LANGUAGES.items() if code not in left_out}
