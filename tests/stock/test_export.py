"""Exports: deltas that are safe, what can't be mapped and why, and TCGplayer's own files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.batches import BatchPlan
from scanner.errors import InventoryError
from scanner.export.desk import ExportDesk
from scanner.export.format import ReadRow
from scanner.export.table import decode, read_table, safe, unsafe, write_table
from scanner.export.tcgplayer_words import read_kind, set_forms
from scanner.inventory import EVERYTHING, StockFilter
from scanner.inventory_log import Edit
from scanner.records import Printing
from scanner.stock import Stock
from scanner.store import Store
from tests.conftest import Counterscan
from tests.stock.shelf import FOX, GOLEM, HERON, Shelf
from tests.stock.skus import sku_file, write

BASE = Printing("izo", "onepiece", "Izo", "OP08", "OP08-002")
PARALLEL = Printing("izo_p1", "onepiece", "Izo", "OP08", "OP08-002", "Parallel")


NOT_THERE = (
    "Your TCGplayer file does not have this card: export your whole catalog there, then import "
    "the file here."
)


@pytest.fixture
def desk(shelf: Shelf, stock: Stock) -> ExportDesk:
    made = ExportDesk(stock, shelf.data_dir)
    made.learn(sku_file([FOX], "Demo", "First Light"))
    return made


def deltas(desk: ExportDesk, wanted: StockFilter = EVERYTHING, name: str = "tcgplayer") -> dict[
    str, int
]:  # fmt: skip
    """Make the next file and read it back: key and quantity."""
    preview = desk.preview(name, wanted)
    if not preview.plan.rows:
        return {}
    rows: list[ReadRow] = preview.target.read(desk.file_of(desk.make(preview)).read_bytes())
    return {row.key: row.quantity for row in rows}


def reasons(desk: ExportDesk, name: str = "tcgplayer") -> list[str]:
    return [entry.reason for entry in desk.preview(name, EVERYTHING).plan.left_out]


def test_a_second_export_without_a_change_is_empty(shelf: Shelf, desk: ExportDesk) -> None:
    shelf.scan(FOX)
    shelf.scan(FOX)
    shelf.scan(FOX, "foil")
    assert deltas(desk) == {"100000": 2, "100001": 1}
    preview = desk.preview("tcgplayer", EVERYTHING)
    assert (preview.plan.rows, preview.plan.unchanged, preview.plan.left_out) == ((), 3, ())
    with pytest.raises(InventoryError, match="nothing to export"):
        desk.make(preview)
    shelf.scan(FOX)
    assert deltas(desk) == {"100000": 1}


def test_what_has_changed_moves_from_sku_to_sku(
    shelf: Shelf, desk: ExportDesk, stock: Stock, page: Store
) -> None:
    ids = [shelf.scan(FOX) for _ in range(3)]
    deltas(desk)
    worn = stock.edit(Edit(condition="LP"), scan_ids=ids[:1])
    assert deltas(desk) == {"100000": -1, "100010": 1}
    page.undo_change(worn.id or 0)
    assert deltas(desk) == {"100000": 1, "100010": -1}
    stock.edit(Edit(removed="sold"), scan_ids=ids[:2])
    assert deltas(desk) == {"100000": -2}
    assert deltas(desk) == {}


def test_a_card_that_cannot_be_mapped_any_more_is_left_where_it_is(
    shelf: Shelf, desk: ExportDesk, stock: Stock
) -> None:
    scan = shelf.scan(FOX)
    deltas(desk)
    stock.edit(Edit(condition=""), scan_ids=[scan])
    assert deltas(desk) == {}
    assert len(reasons(desk)) == 1
    stock.edit(Edit(condition="MP"), scan_ids=[scan])
    assert deltas(desk) == {"100000": -1, "100020": 1}


def test_what_tcgplayer_sold_itself_is_not_taken_off_twice(
    shelf: Shelf, desk: ExportDesk, stock: Stock
) -> None:
    ids = [shelf.scan(FOX) for _ in range(3)]
    deltas(desk)
    deltas(desk, name="crystalcommerce")
    stock.edit(Edit(removed="sold_tcgplayer"), scan_ids=ids[:1])
    assert deltas(desk) == {}
    assert list(deltas(desk, name="crystalcommerce").values()) == [-1]


def test_an_export_of_a_part_sends_that_part_and_later_the_rest(
    shelf: Shelf, desk: ExportDesk
) -> None:
    first = shelf.batch("first")
    shelf.scan(FOX)
    second = shelf.batch("second")
    shelf.scan(FOX)
    shelf.scan(FOX)
    assert deltas(desk, StockFilter(batch=second)) == {"100000": 2}
    assert deltas(desk, StockFilter(batch=second)) == {}
    assert deltas(desk, StockFilter(batch=first)) == {"100000": 1}
    assert deltas(desk) == {}


def test_an_export_that_was_never_uploaded_is_taken_back(
    shelf: Shelf, desk: ExportDesk, page: Store
) -> None:
    shelf.scan(FOX)
    deltas(desk)
    [(export, counts)] = page.exports(9)
    assert counts
    page.take_export_back(export.id or 0)
    assert [counts for _, counts in page.exports(9)] == [False]
    assert deltas(desk) == {"100000": 1}
    with pytest.raises(InventoryError, match="already"):
        page.take_export_back(export.id or 0)


def test_two_exports_at_once_never_send_a_card_twice(shelf: Shelf, desk: ExportDesk) -> None:
    shelf.scan(FOX)
    one, other = (desk.preview("tcgplayer", EVERYTHING) for _ in range(2))
    made = desk.make(one)
    with pytest.raises(InventoryError, match="just made"):
        desk.make(other)
    assert [path.name for path in (shelf.data_dir / "exports").iterdir()] == [made.file_name]


def test_nothing_unknown_is_ever_exported_as_something_usual(
    shelf: Shelf, desk: ExportDesk, stock: Stock
) -> None:
    shelf.scan(FOX, "unknown")
    shelf.batch("no condition", BatchPlan(language="en"))
    shelf.scan(FOX)
    shelf.batch("no language", BatchPlan(condition="NM"))
    shelf.scan(FOX)
    for name in ("tcgplayer", "cardmarket", "shopify", "crystalcommerce"):
        plan = desk.preview(name, EVERYTHING).plan
        assert plan.rows == ()
    assert sorted(reasons(desk)) == [
        "It has no condition: set one in the inventory first.",
        "It has no language: set one in the inventory first.",
        "Its finish is not proven: set it in the inventory first.",
    ]
    stock.edit(Edit(finish="normal", condition="NM", language="en"), wanted=EVERYTHING)
    assert deltas(desk) == {"100000": 3}
    assert desk.preview("csv", EVERYTHING).plan.left_out == ()


def test_each_reason_says_what_is_in_the_way(shelf: Shelf, desk: ExportDesk) -> None:
    shelf.scan(GOLEM)
    shelf.scan(FOX, "reverse")
    shelf.batch("german", BatchPlan(condition="NM", language="de"))
    shelf.scan(FOX)
    assert reasons(desk) == [
        "Your TCGplayer file has no SKU for this card in near mint reverse holo, English.",
        "Your TCGplayer file has no SKU for this card in near mint normal, German.",
        NOT_THERE,
    ]
    assert reasons(desk, "manabox")[0] == "ManaBox takes Magic cards only."
    assert reasons(desk, "shopify")[0] == "It has no price: Shopify would give it away."
    assert "product number" in reasons(desk, "cardmarket")[0]


def test_a_card_without_a_price_waits(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    shelf.scan(FOX)
    assert reasons(desk) == ["No SKU is known yet: import your own TCGplayer file first."]
    desk.learn(sku_file([FOX], "Demo", "First Light", price="0.00"))
    assert "no price" in reasons(desk)[0]
    desk.learn(sku_file([FOX], "Demo", "First Light", price="2.50"))
    assert deltas(desk) == {"100000": 1}


def test_a_parallel_is_never_taken_for_the_base_card(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    for printing in (BASE, PARALLEL):
        shelf.scan(printing)
    base = {"TCGplayer Id": "1", "Product Line": "One Piece Card Game", "Number": "OP08-002",
            "Set Name": "Two Legends (OP08)", "Condition": "Near Mint",
            "TCG Marketplace Price": "1.00"}  # fmt: skip
    desk.learn(write([{**base, "Product Name": "Izo"}]))
    assert reasons(desk) == ["With this number your TCGplayer file has only “Izo”."]
    desk.learn(write([{**base, "TCGplayer Id": "2", "Product Name": "Izo (002) (Parallel)"}]))
    assert deltas(desk) == {"1": 1, "2": 1}


def test_set_and_number_are_the_key_and_the_name_is_not(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    shelf.scan(FOX)
    desk.learn(sku_file([FOX], "Demo", "Another Dawn"))
    assert "in “Another Dawn”, not in First Light" in reasons(desk)[0]
    desk.learn(sku_file([Printing("x", "demo", "Other Fox", "", "042/120")], "Demo", "First Light"))
    assert reasons(desk) == ["With this number your TCGplayer file has only “Other Fox”."]


def test_a_person_says_once_what_tcgplayer_calls_a_set(
    shelf: Shelf, stock: Stock, page: Store
) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    desk.learn(sku_file([FOX, HERON], "Demo", "Another Dawn"))
    shelf.scan(FOX)
    [entry] = desk.preview("tcgplayer", EVERYTHING).plan.left_out
    assert desk.skus().sets_of(entry.line) == ["Another Dawn"]
    page.name_set("demo", "First Light", "Another Dawn")
    assert deltas(desk) == {"100000": 1}
    page.name_set("demo", "First Light", "")
    assert deltas(desk) == {}


def test_two_printings_that_a_format_cannot_tell_apart_are_both_left_out(
    shelf: Shelf, stock: Stock
) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    twins = [Printing(f"t{n}", "magic", "Twin", "tst", "7", variant)
             for n, variant in enumerate(("", "Promo"))]  # fmt: skip
    shelf.catalog({twin: {"set_name": "Test"} for twin in twins})
    for twin in twins:
        shelf.scan(twin)
    assert all("can't tell it from" in reason for reason in reasons(desk, "moxfield"))
    assert len(reasons(desk, "moxfield")) == 2


def test_magic_lists_want_a_set_code_and_a_known_finish(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    card = Printing("a", "magic", "Card", "Some Set", "7")
    shelf.scan(card)
    shelf.scan(card, "holo")
    assert reasons(desk, "deckbox") == [
        "The catalog has no set code for Some Set.",
        "Deckbox knows normal and foil cards, not holo ones.",
    ]


def test_only_what_is_new_can_be_sent_again_by_formats_that_do_not_add(
    shelf: Shelf, desk: ExportDesk
) -> None:
    shelf.scan(FOX)
    desk.make(desk.preview("csv", EVERYTHING))
    shelf.scan(FOX)
    whole, new = (desk.preview("csv", EVERYTHING, only_new=only) for only in (False, True))
    assert [count for _, count in whole.plan.rows] == [2]
    assert [count for _, count in new.plan.rows] == [1]


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
    ("text", "kind"),
    [
        ("Near Mint", ("NM", "", "", "en")),
        ("Near Mint Holofoil", ("NM", "", "Holofoil", "en")),
        ("Lightly Played 1st Edition Holofoil", ("LP", "1st Edition", "Holofoil", "en")),
        ("Damaged Unlimited", ("DMG", "Unlimited", "", "en")),
        ("Heavily Played Reverse Holofoil - German", ("HP", "", "Reverse Holofoil", "de")),
        ("Moderately Played Foil - Chinese (S)", ("MP", "", "Foil", "zh-Hans")),
        ("Unopened", None),
        ("Near Mintish", None),
        ("Near Mint - Klingon", None),
    ],
)
def test_tcgplayers_conditions_are_taken_apart(
    text: str, kind: tuple[str, str, str, str] | None
) -> None:
    found = read_kind(text)
    assert (found and (found.condition, found.edition, found.shine, found.language)) == kind


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Scarlet & Violet", "SV01: Scarlet & Violet"),
        ("sv01", "SV01: Scarlet & Violet"),
        ("-TWO LEGENDS- [OP-08]", "Two Legends"),
        ("OP08", "Two Legends (OP08)"),
    ],
)
def test_sets_are_known_by_code_and_by_name(ours: str, theirs: str) -> None:
    assert set_forms(ours) & set_forms(theirs)
    assert not set_forms(ours) & set_forms("SV02: Paldea Evolved")


def test_first_editions_are_their_own_sku(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    first = Printing("f", "pokemon", "Pikachu", "Jungle", "60/64", "1st Edition")
    base = Printing("b", "pokemon", "Pikachu", "Jungle", "60/64")
    shines = ("1st Edition", "Unlimited")
    desk.learn(sku_file([base], "Pokemon", "Jungle", shines))
    shelf.scan(first)
    shelf.scan(base)
    assert deltas(desk) == {"100000": 1, "100001": 1}


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
