"""Which of TCGplayer's SKUs a card is: learned from the shop's own file. Pure."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scanner.card_words import CONDITIONS, FINISHES, LANGUAGES
from scanner.errors import InventoryError
from scanner.export.format import bare_number
from scanner.export.table import read_table
from scanner.export.tcgplayer_words import (
    Kind,
    is_product_line,
    letters,
    product_name,
    read_kind,
    set_forms,
    shine_of,
    split_edition,
)
from scanner.inventory import Line
from scanner.tables_stock import Sku

SKU = "TCGplayer Id"
_NEEDED = (SKU, "Product Line", "Set Name", "Product Name", "Number", "Condition")
_Product = tuple[str, str, str, str]


def read_skus(data: bytes) -> list[Sku]:
    """The rows of the shop's own TCGplayer file; of an id that comes twice, the last.

    Raises:
        InventoryError: it is no such file; the message names what is missing.
    """
    found: dict[str, Sku] = {}
    for line, row in read_table(data, _NEEDED, ours=False):
        sku = row[SKU].strip()
        if not sku.isdecimal() or len(sku) > 15:
            raise InventoryError(f"Line {line}: {sku[:20]!r} is no TCGplayer id.")
        quantity = row.get("Total Quantity", "").strip()
        words = (
            sku,
            row["Product Line"],
            row["Set Name"],
            row["Product Name"],
            row.get("Title", ""),
            row["Number"],
            row.get("Rarity", ""),
            row["Condition"],
            row.get("TCG Marketplace Price", "").strip(),
        )
        count = int(quantity) if quantity.isdecimal() and len(quantity) < 8 else 0
        found[sku] = Sku._make([*map(sys.intern, words), count])
    if not found:
        raise InventoryError("The file names no SKU: export your inventory at TCGplayer again.")
    return list(found.values())


class SkuTable:
    """Finds the SKU of a line of the stock."""

    def __init__(
        self, skus: Iterable[Sku], sets: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        """Sort the SKUs by collector number; those of sealed products are passed over.

        `sets` says what TCGplayer calls a game's set where a person had to say so.
        """
        self._sets = sets or {}
        self.by_id: dict[str, Sku] = {}
        self._by_number: dict[str, list[tuple[Sku, Kind]]] = defaultdict(list)
        for sku in skus:
            self.by_id[sku.sku] = sku
            kind = read_kind(sku.condition)
            if kind is not None:
                self._by_number[letters(bare_number(sku.number))].append((sku, kind))

    def find(self, line: Line) -> Sku | str:
        """The SKU, or the sentence that says why there is none.

        Set and number must agree, the name is only the check; a printing that shares its number
        with others needs a product of its own name.
        """
        if not self.by_id:
            return "No SKU is known yet: import your own TCGplayer file first."
        edition, variant = split_edition(line.variant)
        here = self._of_number(line)
        own_sets = self._set_forms(line)
        of_set = [(s, k) for s, k in here if set_forms(s.set_name) & own_sets]
        own_name, own_extra = product_name(line.name, line.number)
        named: list[tuple[Sku, Kind]] = []
        others: set[str] = set()
        for sku, kind in of_set:
            name, extra = product_name(sku.product_name, sku.number)
            if name == own_name and extra == own_extra + letters(variant):
                named.append((sku, kind))
            else:
                others.add(sku.product_name)
        if not named:
            return _no_product(line, others, self.sets_of(line))
        if len({_product(sku) for sku, _ in named}) > 1:
            return "Your TCGplayer file has several products that may be this card."
        return _of_kind(line, edition, named)

    def sets_of(self, line: Line) -> list[str]:
        """TCGplayer's sets in which a card of this name and number is, the line's own set aside."""
        own = product_name(line.name, line.number)[0]
        return sorted(
            {
                sku.set_name
                for sku, _ in self._of_number(line)
                if product_name(sku.product_name, sku.number)[0] == own
                and not set_forms(sku.set_name) & self._set_forms(line)
            }
        )

    def _of_number(self, line: Line) -> list[tuple[Sku, Kind]]:
        return [
            (sku, kind)
            for number in self._numbers(line)
            for sku, kind in self._by_number.get(number, ())
            if is_product_line(sku.product_line, line.game)
        ]

    def _numbers(self, line: Line) -> set[str]:
        code = line.set_code or line.set
        return {
            letters(number)
            for number in (
                bare_number(line.number),
                line.number,
                f"{code}-{line.number}",
            )
        }

    def _set_forms(self, line: Line) -> frozenset[str]:
        said = self._sets.get((line.game, line.set_name))
        if said is not None:
            return set_forms(said)
        return set_forms(line.set) | set_forms(line.set_name) | set_forms(line.set_code)


def _no_product(line: Line, others: set[str], sets: Sequence[str]) -> str:
    if others:
        names = " and ".join(f"“{name}”" for name in sorted(others)[:3])
        return f"With this number your TCGplayer file has only {names}."
    if sets:
        named = " and ".join(f"“{name}”" for name in sets[:3])
        return f"Your TCGplayer file has this card in {named}, not in {line.set_name or 'its set'}."
    return (
        "Your TCGplayer file does not have this card: export your whole catalog there, then "
        "import the file here."
    )


def _of_kind(line: Line, edition: str, named: Sequence[tuple[Sku, Kind]]) -> Sku | str:
    editions = (edition,) if edition else ("", "Unlimited")
    fits = [(sku, kind) for sku, kind in named if kind.edition in editions]
    shine = shine_of(line.finish, frozenset(kind.shine for _, kind in fits))
    found = [
        sku
        for sku, kind in fits
        if kind.shine == shine
        and kind.condition == line.condition
        and kind.language == line.language
    ]
    if len(found) == 1:
        return found[0]
    wanted = " ".join(
        filter(None, (CONDITIONS[line.condition].lower(), edition, FINISHES[line.finish].lower()))
    )
    language = LANGUAGES.get(line.language, line.language)
    many = "several SKUs" if found else "no SKU"
    return f"Your TCGplayer file has {many} for this card in {wanted}, {language}."


def _product(sku: Sku) -> _Product:
    return sku.product_line, sku.set_name, sku.product_name, sku.number
