"""CSV files as other programs write and read them: encodings, separators, and no formulas. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from scanner.errors import InventoryError

BOM = "\ufeff"
_FORMULA = re.compile(r"'?[=+\-@\t\r\n＝＋－＠]")
# A sign before plain words is a name ("+2 Mace"), and before a number a number.
_HARMLESS = re.compile(r"[+\-][\w ,.'’]*", re.UNICODE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DELIMITERS = ",;\t"
MAX_CELL = 4000


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: such text gets an apostrophe before it."""
    text = _UNPRINTABLE.sub("", str(value))[:MAX_CELL]
    if _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return f"'{text}"
    return text


def unsafe(text: str) -> str:
    """What `safe` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def write_table(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *,
    delimiter: str = ",",
    quote_all: bool = False,
    bom: bool = False,
) -> bytes:
    """A CSV file in UTF-8 with CRLF; cells that a row does not name are empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=delimiter,
        quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
        lineterminator="\r\n",
    )
    writer.writerow(columns)
    writer.writerows([safe(row.get(column, "")) for column in columns] for row in rows)
    return ((BOM if bom else "") + text.getvalue()).encode("utf-8", "replace")


def read_table(
    data: bytes, needed: Sequence[str], *, ours: bool = True
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with the number of the line that each begins on.

    Understands UTF-8 with and without a mark, UTF-16 with one, and the Windows code page of
    western Europe; commas, semicolons and tabs. Columns beyond `needed` are kept. Of a file of
    `ours` what `safe` put before a formula is taken away again.

    Raises:
        InventoryError: the file lacks a column, or a line does not fit; the message names it.
    """
    text = decode(data)
    first, _, rest = text.partition("\n")
    if first.strip().strip('"').lower().startswith("sep="):
        text, first = rest, rest.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in needed if name not in header]
        if missing:
            raise InventoryError(
                f"The file has no column {missing[0]!r}: its first line must name the columns "
                f"{', '.join(needed[:6])} and so on."
            )
        line = reader.line_num + 1
        for values in reader:
            if any(value.strip() for value in values):
                if len(values) > len(header):
                    raise InventoryError(
                        f"Line {line} has {len(values)} values for {len(header)} columns: put a "
                        "value that contains the separator in double quotes."
                    )
                padded = values + [""] * (len(header) - len(values))
                row = dict(zip(header, padded, strict=True))
                yield line, {n: unsafe(v) for n, v in row.items()} if ours else row
            line = reader.line_num + 1
    except csv.Error as error:
        raise InventoryError(f"Line {reader.line_num}: {error}. Check its double quotes.") from None


def decode(data: bytes) -> str:
    """The text of a file that a spreadsheet or a website wrote. Raises InventoryError."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if marked else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "\0" in text or not text.strip():
        raise InventoryError("This is not a CSV file: choose the file as it was downloaded.")
    return text


def read_count(line: int, text: str) -> int:
    """A quantity. Raises InventoryError, which names the line."""
    bare = text.strip().replace(",", "")
    if not re.fullmatch(r"[+\-]?[0-9]{1,9}", bare):
        raise InventoryError(f"Line {line}: {text[:20]!r} is no number of cards.")
    return int(bare)


def only_unknown(row: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """The columns of a file that the format does not know."""
    return {name: value for name, value in row.items() if name not in columns}
