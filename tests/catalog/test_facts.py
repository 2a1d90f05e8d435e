"""The table of facts, and what a clerk is told when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.catalog.facts import Reference, read_facts
from scanner.errors import PackError

HEADER = "path,card_id,name,set,number,variant"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path


def read(folder: Path, text: str | bytes) -> list[Reference]:
    facts = folder / "facts.csv"
    facts.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_facts(facts, folder / "pictures", "demo")


def complaint(folder: Path, text: str | bytes) -> str:
    with pytest.raises(PackError) as raised:
        read(folder, text)
    return str(raised.value)


def test_each_row_names_a_printing_and_keeps_its_other_facts(folder: Path) -> None:
    (row,) = read(folder, f"{HEADER},rarity\na/1.png,d-1, Ember Fox ,Dawn,001/120,holo,rare\n")
    assert row.printing.card_id == "d-1"
    assert row.printing.name == "Ember Fox"
    assert (row.printing.game, row.printing.set) == ("demo", "Dawn")
    assert (row.printing.number, row.printing.variant) == ("001/120", "holo")
    assert row.more == {"rarity": "rare"}
    assert row.file == (folder / "pictures").resolve() / "a/1.png"


def test_columns_may_stand_in_any_order(folder: Path) -> None:
    (row,) = read(folder, "name,number,path,variant,set,card_id\nFox,7,x.png,,Dawn,d-7\n")
    assert (row.path, row.printing.card_id, row.printing.number) == ("x.png", "d-7", "7")


def test_a_spreadsheets_habits_are_understood(folder: Path) -> None:
    text = "\ufeffpath;card_id;name;set;number;variant\r\nx.png;d-1;Fox, the red;Dawn;1;\r\n\r\n"
    (row,) = read(folder, text)
    assert row.printing.name == "Fox, the red"


def test_a_card_without_a_name_shows_its_id(folder: Path) -> None:
    (row,) = read(folder, f"{HEADER}\nx.png,d-1,,,,\n")
    assert row.printing.name == "d-1"


def test_several_pictures_of_one_printing_share_its_id(folder: Path) -> None:
    rows = read(folder, f"{HEADER}\nx.png,d-1,Fox,Dawn,1,\ny.png,d-1,Fox,Dawn,1,\n")
    assert [row.path for row in rows] == ["x.png", "y.png"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; its first line must be path,card_id"),
        (f"{HEADER}\n", "has no row below its header"),
        ("path,name\nx.png,Fox\n", "line 1: no column card_id, set, number, variant"),
        (f"{HEADER},name\nx.png,1,a,b,c,,d\n", "line 1: the column 'name' is there twice"),
        (f"{HEADER}\nx.png,1,a,b,c,\n,2,a,b,c,\n", "line 3: path is empty"),
        (f"{HEADER}\nx.png,,a,b,c,\n", "line 2: card_id is empty"),
        (f"{HEADER}\nx.png,1,Fox, red,b,c,\n", "line 2: it has 7 values for 6 columns"),
        (f"{HEADER}\nx.png,1,a\n", "line 2: it has 3 values for 6 columns"),
        (f'{HEADER}\nx.png,1,"a,b,c,\n', "check the double quotes"),
        (
            f"{HEADER}\nx.png,1,Fox,b,1,\nz.png,2,Owl,b,2,\ny.png,1,Fox,b,1,holo\n",
            "lines 2 and 4: both are card_id '1' but differ in variant; give each printing its own",
        ),
        (
            f"{HEADER}\nx.png,1,Fox,b,1,\nx.png,2,Owl,b,2,\n",
            "lines 2 and 3: both are the picture 'x.png'",
        ),
        (f"{HEADER}\n\n../x.png,1,Fox,b,1,\n", "line 3: the picture '../x.png' lies outside of"),
        (f"{HEADER}\n/etc/passwd,1,Fox,b,1,\n", "line 2: the picture '/etc/passwd' lies outside"),
        (f"{HEADER}\nx.png,1,Fox\0,b,1,\n", "line 2: this is not text"),
        (f"{HEADER}\nx.png,1,Poké,b,1,\n".encode("latin-1"), "line 2: this is not UTF-8 text"),
        (f"{HEADER}\nx.png,1,Fox,b,1,\n".encode("utf-16"), "line 1: this is not UTF-8 text"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(folder: Path, text: str | bytes, said: str) -> None:
    assert said in complaint(folder, text)


def test_a_line_number_counts_the_lines_inside_quotes(folder: Path) -> None:
    text = f'{HEADER}\nx.png,1,"Fox\nof the\ndawn",b,1,\n,2,Owl,b,2,\n'
    assert "line 5: path is empty" in complaint(folder, text)


def test_a_link_out_of_the_folder_is_an_escape_too(folder: Path) -> None:
    (folder / "secret.png").write_bytes(b"not yours")
    (folder / "pictures" / "x.png").symlink_to(folder / "secret.png")
    assert "lies outside of" in complaint(folder, f"{HEADER}\nx.png,1,Fox,b,1,\n")


def test_missing_places_are_named(folder: Path) -> None:
    with pytest.raises(PackError, match=r"nothing.csv does not exist; give the facts"):
        read_facts(folder / "nothing.csv", folder / "pictures", "demo")
    (folder / "facts.csv").write_text(HEADER)
    with pytest.raises(PackError, match="away is not a folder; give the pictures' folder"):
        read_facts(folder / "facts.csv", folder / "away", "demo")
