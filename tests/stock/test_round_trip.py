"""Every format read back equals the stock that it was written from, as far as it has words."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections import Counter
from collections.abc import Iterator

import pytest

from scanner.batches import BatchPlan
from scanner.card_words import CONDITIONS, LANGUAGES
from scanner.export.desk import ExportDesk, Preview
from scanner.export.format import Item, ReadRow, bare_number
from scanner.export.formats import FORMATS, every_format
from scanner.export.tcgplayer import COLUMNS
from scanner.inventory import EVERYTHING, Line
from scanner.records import Printing
from scanner.stock import Stock
from scanner.store import Store
from tests.stock.shelf import Shelf
from tests.stock.skus import sku_file

NASTY = (
    "Plain Name",
    "+2 Mace",
    '=HYPERLINK("http://evil.example","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3",
    "'=quoted",
    'Comma, "quote" and; semicolon',
    "Æther Öl – ﬁne 霊夢 Ёлка",
    "<script>alert(1)</script>",
)
PRINTINGS = {
    Printing(f"m{number}", "magic", name, "tst", f"{number:03d}/120"): {
        "set_name": "Test, the Set",
        "rarity": "rare",
        "scryfall_id": f"00000000-0000-4000-8000-{number:012d}",
        "cardmarket_id": str(9000 + number),
    }
    for number, name in enumerate(NASTY, 1)
}


@dataclasses.dataclass
class Exported:
    """A stock, and what each format made of it."""

    stock: Stock
    lines: list[Line]
    previews: dict[str, Preview]
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    """One of everything; nothing here changes it."""
    data_dir = tmp_path_factory.mktemp("round-trip") / "data"
    with Shelf(data_dir) as shelf, Store.open(data_dir, role="web") as page:
        shelf.catalog(PRINTINGS)
        for number, condition in enumerate(CONDITIONS):
            shelf.batch(f"batch {condition}", BatchPlan(condition=condition, language="en"))
            for place, printing in enumerate(PRINTINGS):
                for _ in range(1 + (place + number) % 3):
                    shelf.scan(printing, ("normal", "foil")[(place + number) % 2], bin_number=2)
        for printing in PRINTINGS:
            for finish in ("normal", "foil"):
                shelf.price(printing, 125, finish)
        stock = Stock(page, data_dir, "EUR")
        desk = ExportDesk(stock, data_dir)
        desk.learn(sku_file(list(PRINTINGS), "Magic", "Test, the Set"))
        previews = {name: desk.preview(name, EVERYTHING) for name in FORMATS}
        files = {}
        for name in FORMATS:
            export = desk.make(desk.preview(name, EVERYTHING))
            assert export.added == stock.totals(EVERYTHING).copies
            files[name] = desk.file_of(export).read_bytes()
        yield Exported(stock, stock.lines(EVERYTHING), previews, files)
        stock.close()


def said(row: ReadRow) -> tuple[object, ...]:
    """What a row read back says of its cards."""
    names = ("game", "card_id", "name", "set", "number", "variant", "finish", "language")
    return (*(getattr(row, name) for name in names), row.condition)


def expected(line: Line, like: ReadRow) -> tuple[object, ...]:
    """What of a line a row of this kind can say."""
    found = []
    for name in ("game", "card_id", "name", "set", "number", "variant", "finish", "language"):
        value = getattr(line, name)
        if getattr(like, name) is None:
            found.append(None)
        elif name == "number" and like.card_id is None:
            found.append(bare_number(value))
        elif name == "set" and like.card_id is None and like.set != value:
            found.append(line.set_name)
        else:
            found.append(value)
    return (*found, line.condition)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_read_back_equals_the_stock(exported: Exported, name: str) -> None:
    preview = exported.previews[name]
    assert preview.plan.left_out == ()
    read = preview.target.read(exported.files[name])
    found: Counter[tuple[object, ...]] = Counter()
    wanted: Counter[tuple[object, ...]] = Counter()
    like = {row.finish: row for row in read}
    for row in read:
        found[said(row)] += row.quantity
    for line in exported.lines:
        key = expected(line, like.get(line.finish) or like[None])
        if name == "tcgplayer":  # writes numbers whole
            key = (*key[:4], line.number, *key[5:])
        wanted[key] += line.quantity
    assert found == wanted


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "json"])
def test_no_cell_is_a_formula(exported: Exported, name: str) -> None:
    text = exported.files[name].decode("utf-8-sig")
    delimiter = ";" if name == "cardmarket" else ","
    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=delimiter) for cell in row]
    assert [cell for cell in cells if cell[:1] in ("=", "@", "\t", "\r")] == []
    assert any(cell.startswith(("'=HYPER", "=HYPER", "magic:m3", "'@SUM")) for cell in cells)
    assert any("+2 Mace" in cell for cell in cells)


def test_the_tcgplayer_file_is_as_tcgplayer_writes_it(exported: Exported) -> None:
    data = exported.files["tcgplayer"]
    header, first, *_ = data.split(b"\r\n")
    assert header == (
        b'"TCGplayer Id","Product Line","Set Name","Product Name","Title","Number","Rarity",'
        b'"Condition","TCG Market Price","TCG Direct Low","TCG Low Price With Shipping",'
        b'"TCG Low Price","Total Quantity","Add to Quantity","TCG Marketplace Price","Photo URL"'
    )
    assert len(COLUMNS) == 16
    assert first.count(b'"') == 32
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    ids = [row["TCGplayer Id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert all(float(row["TCG Marketplace Price"]) >= 0.01 for row in rows)


def test_the_json_names_each_copys_place(exported: Exported) -> None:
    whole = json.loads(exported.files["json"])
    for line in whole["lines"]:
        assert len(line["copies"]) == line["quantity"]
        assert {copy["bin"] for copy in line["copies"]} == {2}


def test_every_condition_and_language_has_one_word_in_each_direction() -> None:
    """Two of ours under one word would be one line of the file, and wrong when read back."""
    for target in every_format():
        if target.name == "tcgplayer":
            continue
        keys: dict[str, tuple[str, str]] = {}
        for condition in CONDITIONS:
            for language in LANGUAGES:
                made = Line(1, "magic", "c", "Name", "tst", "1", "", "normal", language, condition,
                            1, 100, "exact", "", "", "", "",
                            {"set_name": "Test", "cardmarket_id": "7"})  # fmt: skip
                row = target.row(Item(made, (), "EUR"))
                if not isinstance(row, str):
                    assert keys.setdefault(row.key, (condition, language)) == (condition, language)
        assert len(keys) >= len(CONDITIONS) * 9
