"""A cloud's data in files: written from one database, read into another, and compared.

A folder holds one compressed file of JSON lines for each table, and a manifest with the count and
the checksum of each. The checksum does not depend on the order of rows, which the two databases
keep differently.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    Table,
    func,
    select,
    text,
)
from sqlalchemy.types import TypeDecorator

from scanner.errors import CounterscanError
from sync.cloud.bulk import insert_many
from sync.cloud.copying import clean
from sync.cloud.partitions import make_partitions
from sync.cloud.schema import revisions
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE_CHANGE, all_tables

MANIFEST = "manifest.json"
_ROWS = 2000
_WHOLE = 2**256


class MovingError(CounterscanError, ValueError):
    """A folder can't be written or read in, or does not match; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a table: the number of rows, and the sum of their hashes."""

    rows: int = 0
    checksum: int = 0

    def and_row(self, line: bytes) -> Contents:
        """With one row more."""
        added = int.from_bytes(hashlib.sha256(line).digest(), "big")
        return Contents(self.rows + 1, (self.checksum + added) % _WHOLE)


def export(store: CloudStore, folder: Path) -> dict[str, Contents]:
    """Write every table to a new folder, as it is at one moment. Raises MovingError."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)  # hashes of passwords and keys are in it
    except OSError as error:
        raise MovingError(f"{folder}: name a folder that is not there yet ({error}).") from None
    found: dict[str, Contents] = {}
    with store.log.read() as session:
        for table in all_tables():
            contents = Contents()
            with gzip.open(folder / f"{table.name}.jsonl.gz", "wb", compresslevel=5) as file:
                for line in _lines(session.connection(), table):
                    file.write(line + b"\n")
                    contents = contents.and_row(line)
            found[table.name] = contents
    manifest = {
        "revision": revisions()[-1],
        "tables": {
            name: {**asdict(each), "checksum": f"{each.checksum:064x}"}
            for name, each in found.items()
        },
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return found


def read_manifest(folder: Path) -> dict[str, Contents]:
    """What a folder says that it holds. Raises MovingError."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        tables = {
            name: Contents(int(each["rows"]), int(each["checksum"], 16))
            for name, each in manifest["tables"].items()
        }
        revision = manifest["revision"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MovingError(
            f"{folder} holds no export of a cloud ({error}): name the folder that `cloud export` "
            "wrote."
        ) from None
    if revision != revisions()[-1]:
        raise MovingError(
            f"{folder} was written at revision {revision}, this Counterscan is at "
            f"{revisions()[-1]}: export again with this one."
        )
    return tables


def import_all(store: CloudStore, folder: Path) -> dict[str, Contents]:
    """Read a folder into an empty database, all or nothing. Raises MovingError, StoreError."""
    wanted = read_manifest(folder)
    with store.log.write() as session:
        connection = session.connection()
        for table in all_tables():
            if connection.execute(select(table).limit(1)).first() is not None:
                raise MovingError(
                    f"The database is not empty: there are rows in {table.name}. Import into a "
                    "new one, before anything else uses it."
                )
        found = {table.name: _import(connection, table, folder) for table in all_tables()}
        wrong = compared(wanted, found)
        if wrong:
            raise MovingError(f"{folder} is damaged: {wrong[0]}. Nothing was imported.")
    return found


def contents_of(store: CloudStore) -> dict[str, Contents]:
    """What every table holds at one moment."""
    found: dict[str, Contents] = {}
    with store.log.read() as session:
        for table in all_tables():
            contents = Contents()
            for line in _lines(session.connection(), table):
                contents = contents.and_row(line)
            found[table.name] = contents
    return found


def compared(wanted: Mapping[str, Contents], found: Mapping[str, Contents]) -> list[str]:
    """How two differ, a sentence for each table; nothing where they are the same."""
    wrong = []
    for name in sorted({*wanted, *found}):
        one, other = wanted.get(name, Contents()), found.get(name, Contents())
        if one.rows != other.rows:
            wrong.append(f"{name} has {other.rows} rows in place of {one.rows}")
        elif one != other:
            wrong.append(f"{name} has as many rows, {one.rows}, but not the same")
    return wrong


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    rows = connection.execution_options(yield_per=_ROWS).execute(select(table))
    writes = [_writer(column.type) for column in table.columns]
    for row in rows:
        values = [
            None if value is None else write(value)
            for write, value in zip(writes, row, strict=True)
        ]
        yield json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def _import(connection: Connection, table: Table, folder: Path) -> Contents:
    contents = Contents()
    try:
        with gzip.open(folder / f"{table.name}.jsonl.gz", "rb") as file:
            lines = (line.rstrip(b"\n") for line in file)
            while some := list(islice(lines, _ROWS)):
                for line in some:
                    contents = contents.and_row(line)
                _insert(connection, table, [json.loads(line) for line in some])
    except (OSError, EOFError, ValueError) as error:
        raise MovingError(f"{folder}/{table.name}.jsonl.gz can't be read: {error}.") from None
    _count_on(connection, table)
    return contents


def _insert(connection: Connection, table: Table, values: Sequence[Sequence[Any]]) -> None:
    reads = [_reader(column.type) for column in table.columns]
    names = [column.name for column in table.columns]
    rows = [
        [None if value is None else read(value) for read, value in zip(reads, row, strict=True)]
        for row in values
    ]
    if table is PRICE_CHANGE:
        at = names.index("as_of")
        times: set[Any] = {row[at] for row in rows}
        make_partitions(connection, times)
    insert_many(connection, table, names, rows)


def _count_on(connection: Connection, table: Table) -> None:
    """Let ids that the database gives go on after those imported."""
    key = table.autoincrement_column
    if connection.dialect.name != "postgresql" or key is None:
        return
    last = connection.execute(select(func.max(key))).scalar()
    if last is not None:
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :key), :last)"),
            {"table": table.name, "key": key.name, "last": last},
        )


def _plain(kind: Any) -> Any:
    return kind.impl if isinstance(kind, TypeDecorator) else kind


def _writer(kind: Any) -> Callable[[Any], Any]:
    plain = _plain(kind)
    if isinstance(plain, DateTime | Date):
        return date.isoformat if isinstance(plain, Date) else datetime.isoformat
    if isinstance(plain, LargeBinary):
        return lambda value: b64encode(value).decode()
    if isinstance(plain, JSON):
        return lambda value: value
    return lambda value: clean(value) if isinstance(value, str) else value


def _reader(kind: Any) -> Callable[[Any], Any]:
    plain = _plain(kind)
    if isinstance(plain, DateTime | Date):
        return date.fromisoformat if isinstance(plain, Date) else datetime.fromisoformat
    if isinstance(plain, LargeBinary):
        return b64decode
    return lambda value: value
