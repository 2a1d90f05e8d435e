"""Rows of messages as the text that PostgreSQL's COPY reads, a column at a time.

A worker spends most of its time on rows, so that what is done for each value counts: whole columns
are turned into texts, and a message is looked through once for what would have to be escaped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Column, Table
from sqlalchemy.types import String

from scanner.tables import UtcDateTime
from sync.protocol_rows import LogRow, Rows

_NULL = "\\N"
_ESCAPES = str.maketrans({"\0": None, "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def clean(text: str) -> str:
    """A text without what PostgreSQL can't keep."""
    return text.replace("\0", "")


def cleaned(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values as a database can keep them."""
    return {
        key: [_kept(each) for each in value] if isinstance(value, list) else _kept(value)
        for key, value in row.items()
    }


def _kept(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def copy_text(table: Table, messages: Iterable[tuple[str, Rows[LogRow]]]) -> Iterator[bytes]:
    """The rows of each device's message, in the order of the table's columns."""
    columns = list(table.columns)[2:]  # the first two are the device and its log
    values_of = itemgetter(*[column.name for column in columns])
    writers = [_writer(column) for column in columns]
    for device, message in messages:
        values = list(zip(*[values_of(row.__dict__) for row in message.rows], strict=True))
        texts = [write(column) for write, column in zip(writers, values, strict=True)]
        lines = _lines(texts)
        if not _is_plain(lines, values):
            lines = _lines([_escaped(*both) for both in zip(values, texts, strict=True)])
        owner = f"{device.translate(_ESCAPES)}\t{message.log}\t"
        yield (owner + lines.replace("\n", "\n" + owner) + "\n").encode()


def _lines(texts: Iterable[Sequence[str]]) -> str:
    return "\n".join(map("\t".join, zip(*texts, strict=True)))


def _is_plain(lines: str, values: Sequence[Sequence[Any]]) -> bool:
    """Whether nothing but what stands between values, and for none, means something to COPY."""
    rows = len(values[0])
    return (
        lines.count("\t") == rows * (len(values) - 1)
        and lines.count("\n") == rows - 1
        and lines.count("\\") == sum(column.count(None) for column in values)
        and "\r" not in lines
        and "\0" not in lines
    )


def _escaped(values: Sequence[Any], texts: Sequence[str]) -> list[str]:
    return [
        text if value is None else text.translate(_ESCAPES)
        for value, text in zip(values, texts, strict=True)
    ]


def _writer(column: Column[Any]) -> Callable[[Sequence[Any]], Sequence[str]]:
    """What makes the texts of a column's values."""
    write: Callable[[Any], str] = str
    if isinstance(column.type, UtcDateTime):
        write = _utc
    elif isinstance(column.type, JSON):
        write = _json_texts()
    elif isinstance(column.type, String) and not column.nullable:
        return lambda values: values
    if column.nullable:
        return lambda values: [_NULL if value is None else write(value) for value in values]
    return lambda values: list(map(write, values))


def _utc(time: datetime) -> str:
    """PostgreSQL passes the zone over where a column has none: it must be this one."""
    return time.astimezone(UTC).isoformat()


def _json_texts() -> Callable[[Sequence[str | int]], str]:
    """Writes lists of words or numbers, of which most come again and again."""
    known: dict[tuple[str | int, ...], str] = {}

    def write(words: Sequence[str | int]) -> str:
        key = tuple(words)
        if key not in known:
            known[key] = json.dumps(list(map(_kept, words)))
        return known[key]

    return write
