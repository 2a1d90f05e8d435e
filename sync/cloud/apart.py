"""A message of rows of which some are of no use: those are kept aside, the others are taken in.

A device sends a row until the cloud has it on disk. One that the cloud can't read, or that its
database can't keep, would come again for ever and take along all that stand in its message.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from sync.cloud.intake import Arrived, Aside
from sync.protocol_rows import LogRow, NumberedRow, Rows, rows_model
from sync.wire import MessageError, opened, read_json

MOST_COMMAS = 400_000
"""A message is taken apart in Python's own words, which take more room than those of a model."""


_Outline = Rows[NumberedRow]
"""What must be right of a message so that its rows can be told apart: their ids, in order."""


def read_rows(device: str, stream: str, body: bytes) -> Arrived:
    """Read a message of rows; those that are none are put aside.

    Raises:
        MessageError: no row of it can be told from another.
    """
    model = rows_model(stream)
    try:
        return Arrived(device, stream, read_json(body, model))
    except MessageError:
        said = _said(body)
        if said is None:
            raise
        outline, rows = said
    row_model: type[LogRow] = get_args(model.model_fields["rows"].annotation)[0]
    good, aside = list[LogRow](), list[Aside]()
    for numbered, row in zip(outline.rows, rows, strict=True):
        try:
            good.append(read_json(row, row_model))
        except MessageError as error:
            aside.append(Aside(numbered.id, str(error), zlib.compress(row)))
    # What its parts were held against, one by one, the whole need not be held against again.
    message = model.model_construct(log=outline.log, after=outline.after, rows=good)
    return Arrived(device, stream, message, tuple(aside))


def without(arrived: Arrived, refused: Mapping[int, str], body: bytes) -> Arrived:
    """A message without some rows, which are put aside; `refused` are their ids, and why."""
    said = _said(body)
    written = (
        {} if said is None else dict(zip((row.id for row in said[0].rows), said[1], strict=True))
    )
    good, aside = list[LogRow](), list[Aside]()
    for row in arrived.message.rows:
        if row.id in refused:
            text = written.get(row.id) or row.model_dump_json().encode()
            aside.append(Aside(row.id, refused[row.id], zlib.compress(text)))
        else:
            good.append(row)
    message = arrived.message.model_copy(update={"rows": good})
    return replace(arrived, message=message, aside=(*arrived.aside, *aside))


def again(device: str, log: str, stream: str, row: bytes) -> Arrived:
    """A row that was put aside, as a message of its own. Raises MessageError: it still is none."""
    body = opened(row)
    return Arrived(
        device,
        stream,
        read_json(
            b'{"log":%s,"after":%d,"rows":[%s]}'
            % (json.dumps(log).encode(), read_json(body, NumberedRow).id - 1, body),
            rows_model(stream),
        ),
    )


def _said(body: bytes) -> tuple[Rows[NumberedRow], list[bytes]] | None:
    """A message's outline, and each of its rows as JSON; None where it has none, or is too much."""
    if body.count(b",") > MOST_COMMAS:
        return None
    try:
        outline = read_json(body, _Outline)
        rows: list[Any] = json.loads(body)["rows"]
        return outline, [json.dumps(row).encode() for row in rows]
    except (MessageError, ValueError):
        return None
