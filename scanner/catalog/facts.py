"""The table of facts that a catalog is built from: one CSV row for each reference picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scanner.errors import PackError
from scanner.records import Printing

COLUMNS = ("path", "card_id", "name", "set", "number", "variant")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Reference:
    """One row: a picture of a printing. `more` holds every other column; `line` is the CSV's."""

    line: int
    path: str
    file: Path
    printing: Printing
    more: dict[str, str]


def read_facts(facts: Path, pictures: Path, game: str) -> list[Reference]:
    """Read the CSV file `facts`, whose `path` column is relative to the folder `pictures`.

    Rows may share a card_id when they are several pictures of one printing; anything else that
    does not fit raises PackError, which names the line and what to do about it.
    """
    text = _text(facts)
    root = _root(pictures)
    rows = _rows(facts, text)
    references: list[Reference] = []
    by_card: dict[str, Reference] = {}
    by_path: dict[str, int] = {}
    for line, row in rows:
        reference = _reference(facts, line, row, root, game)
        first = by_card.setdefault(reference.printing.card_id, reference)
        if first.printing != reference.printing:
            raise PackError(
                f"{facts}, lines {first.line} and {line}: both are card_id "
                f"{reference.printing.card_id!r} but differ in {_difference(first, reference)}; "
                "give each printing its own card_id"
            )
        if (other := by_path.setdefault(reference.path, line)) != line:
            raise PackError(
                f"{facts}, lines {other} and {line}: both are the picture {reference.path!r}; "
                "remove one of them"
            )
        references.append(reference)
    if not references:
        raise PackError(f"{facts} has no row below its header; add one row for each picture")
    return references


def _text(facts: Path) -> str:
    try:
        data = facts.read_bytes()
    except FileNotFoundError as error:
        raise PackError(f"{facts} does not exist; give the facts with --facts FILE.csv") from error
    except OSError as error:
        raise PackError(f"{facts} can't be read: {error.strerror}; check --facts") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PackError(
            f"{facts}, line {line}: this is not UTF-8 text; save the table as CSV UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PackError(f"{facts}, line {line}: this is not text; save the table as CSV UTF-8")
    if not text.strip():
        raise PackError(f"{facts} is empty; its first line must be {','.join(COLUMNS)}")
    return text


def _root(pictures: Path) -> Path:
    if not pictures.is_dir():
        raise PackError(f"{pictures} is not a folder; give the pictures' folder with --pictures")
    return pictures.resolve()


def _rows(facts: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    # A spreadsheet in much of Europe writes semicolons and still calls it CSV.
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [column.strip() for column in next(reader)]
        _check_header(facts, header)
        line = reader.line_num + 1
        for values in reader:
            if any(value.strip() for value in values):
                if len(values) != len(header):
                    raise PackError(
                        f"{facts}, line {line}: it has {len(values)} values for {len(header)} "
                        "columns; put a value that contains the separator in double quotes"
                    )
                yield line, dict(zip(header, (value.strip() for value in values), strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise PackError(
            f"{facts}, line {reader.line_num}: {error}; check the double quotes there"
        ) from error


def _check_header(facts: Path, header: list[str]) -> None:
    if missing := [column for column in COLUMNS if column not in header]:
        raise PackError(
            f"{facts}, line 1: no column {', '.join(missing)}; the first line must name at least "
            f"{','.join(COLUMNS)}"
        )
    if double := sorted({column for column in header if header.count(column) > 1}):
        raise PackError(
            f"{facts}, line 1: the column {double[0]!r} is there twice; rename one of them"
        )


def _reference(facts: Path, line: int, row: dict[str, str], root: Path, game: str) -> Reference:
    for column in ("path", "card_id"):
        if not row[column]:
            raise PackError(f"{facts}, line {line}: {column} is empty; fill it in")
    file = root / row["path"]
    if not file.resolve().is_relative_to(root):
        raise PackError(
            f"{facts}, line {line}: the picture {row['path']!r} lies outside of {root}; "
            "give a path inside of it"
        )
    printing = Printing(
        card_id=row["card_id"],
        game=game,
        # A clerk must see something: where the table names no card, its id stands in.
        name=row["name"] or row["card_id"],
        set=row["set"],
        number=row["number"],
        variant=row["variant"],
    )
    more = {column: value for column, value in row.items() if column not in COLUMNS}
    return Reference(line, row["path"], file, printing, more)


def _difference(one: Reference, other: Reference) -> str:
    return ", ".join(
        column
        for column in COLUMNS[2:]
        if getattr(one.printing, column) != getattr(other.printing, column)
    )
