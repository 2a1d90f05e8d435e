"""Files of other programs: learned, refused with what is wrong, made by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.errors import InventoryError
from scanner.export.desk import ExportDesk
from scanner.export.table import decode, read_table, safe, unsafe, write_table
from scanner.inventory import EVERYTHING
from scanner.records import Printing
from scanner.stock import Stock
from scanner.store import Store
from tests.conftest import Counterscan
from tests.stock.shelf import FOX, Shelf
from tests.stock.skus import deltas, sku_file, write


def test_the_shops_own_file_is_learned_once_and_in_its_newest_words(
    desk: ExportDesk, page: Store
) -> None:
    again = desk.learn(sku_file([FOX], "Demo", "First Light"))
    assert (again.named, again.news) == (10, 0)
    newer = desk.learn(sku_file([FOX], "Demo", "First Light", price="9.00"))
    assert (newer.named, newer.news) == (10, 10)
    assert len(page.skus()) == 10
    assert {sku.price for sku in page.skus()} == {"9.00"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_that_a_spreadsheet_saved_again_is_understood(
    shelf: Shelf, stock: Stock, encoding: str, delimiter: str
) -> None:
    name = "Pokémon Trainer’s Café"
    card = Printing("c", "demo", name, "First Light", "001/120")
    data = sku_file([card], "Demo", "First Light").decode().replace('","', f'"{delimiter}"')
    desk = ExportDesk(stock, shelf.data_dir)
    assert desk.learn(data.encode(encoding)).named == 10
    shelf.scan(card)
    assert deltas(desk) == {"100000": 1}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a CSV file"),
        (b"\x00\x01\x02" * 40, "not a CSV file"),
        (b"a,b\r\n1,2\r\n", "no column 'TCGplayer Id'"),
        (write([{"TCGplayer Id": "x1", "Condition": "Near Mint"}]), "Line 2: 'x1'"),
        (write([]), "names no SKU"),
        (write([])[:-2] + b'\r\n"1","unclosed', "double quotes"),
        (b"\xff\xfe" + "a,b".encode("utf-16-le"), "no column"),
        (write([]) + b",".join([b"1"] * 17) + b"\r\n", "17 values for 16 columns"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(
    desk: ExportDesk, data: bytes, words: str
) -> None:
    with pytest.raises(InventoryError, match=words):
        desk.learn(data)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("＝1+1", "'＝1+1"),
        ("'=1", "''=1"),
        ("-1", "-1"),
        ("+2 Mace", "+2 Mace"),
        ("'tis", "'tis"),
        ("Plain", "Plain"),
    ],
)
def test_formulas_are_disarmed_and_come_back(text: str, written: str) -> None:
    assert safe(text) == written
    assert unsafe(written) == text
    [(_, row)] = read_table(write_table(("a",), [{"a": text}]), ("a",))
    assert row == {"a": text}


def test_columns_that_nobody_knows_are_carried(desk: ExportDesk, shelf: Shelf) -> None:
    shelf.scan(FOX)
    target = desk.preview("moxfield", EVERYTHING).target
    data = target.write([]).decode().rstrip() + ",Notes\r\n"
    cells = ["1", "0", "Card", "tst", "Near Mint", "English", "", "", "", "7", "", "", "", "mine"]
    [row] = target.read((data + ",".join(cells)).encode())
    assert (row.quantity, row.more) == (1, {"Notes": "mine"})


def test_the_command_previews_exports_and_learns(
    counterscan: Counterscan, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.scan(FOX)
    shelf.scan(FOX, "unknown")
    data = ("--data", shelf.data_dir)
    taught = tmp_path / "mine.csv"
    taught.write_bytes(sku_file([FOX], "Demo", "First Light"))
    said = counterscan(*data, "export", "--learn", taught)
    assert (said.returncode, said.stdout) == (0, "Learned 10 SKUs, 10 of them new.\n")

    said = counterscan(*data, "export", "tcgplayer", "--preview")
    assert "1 card left out" in said.stdout
    assert "finish is not proven" in said.stdout
    assert not (shelf.data_dir / "exports").exists()

    out = tmp_path / "out.csv"
    said = counterscan(*data, "export", "tcgplayer", "--out", out)
    assert said.returncode == 0, said.stderr
    assert b'"100000"' in out.read_bytes()
    said = counterscan(*data, "export", "tcgplayer", "--out", out)
    assert "Nothing has changed" in said.stdout
    assert out.read_bytes().count(b"\r\n") == 1  # the header alone

    said = counterscan(*data, "export", "--list")
    assert "tcgplayer" in said.stdout
    said = counterscan(*data, "export", "--take-back", "1")
    assert said.returncode == 0
    said = counterscan(*data, "export", "json", "--where", '{"finish": "unknown"}', "--out", "-")
    assert [line["finish"] for line in json.loads(said.stdout)["lines"]] == ["unknown"]

    for words, sentence in (
        (("export", "xml"), "no format 'xml'"),
        (("export",), "Say which format"),
        (("export", "csv", "--where", "{"), "JSON"),
        (("export", "csv", "--where", '{"shoe": 1}'), "no field 'shoe'"),
        (("export", "--learn", tmp_path / "none.csv"), "none.csv"),
        (("export", "csv", "--saved", "mine"), "no saved filter"),
    ):
        said = counterscan(*data, *words)
        assert said.returncode != 0
        assert sentence in said.stderr
        assert "Traceback" not in said.stderr


def test_decode_needs_text() -> None:
    assert decode("é,a".encode("cp1252")) == "é,a"
