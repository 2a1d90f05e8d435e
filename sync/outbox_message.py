"""One message of rows: as many of them as the broker and the cloud take at once.

A row that the protocol has no words for travels as it is, alone: the cloud keeps it aside, where
somebody sees it, and those after it go on. It is a defect, which must not hold up a shop.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError

from scanner.errors import CounterscanError
from scanner.store_sync import Row, Stream
from sync.protocol_rows import rows_model
from sync.protocol_words import LONGEST, MOST_REASONS
from sync.wire import packed

log = logging.getLogger(__name__)


class UnsendableError(CounterscanError, ValueError):
    """A row can't be sent in any way; the message says which."""


def message_of(stream: Stream, log_name: str, after: int, rows: Sequence[Row]) -> tuple[bytes, int]:
    """The message, and how many of the rows it holds: the first ones, and at least one.

    Raises:
        UnsendableError: the first row is too large to be sent, or the log has no proper name.
    """
    some = [clipped(row) for row in rows]
    while True:
        body = {"log": log_name, "after": after, "rows": some}
        try:
            text = rows_model(stream).model_validate(body).model_dump_json(exclude_defaults=True)
        except ValidationError as error:
            bad, why = _first_bad(error)
            if bad is None:
                raise UnsendableError(_sorry(stream, after, why)) from None
            if bad > 0:
                some = some[:bad]
                continue
            log.error("%s %s is sent as it is: %s", stream.value, some[0]["id"], why)
            some = some[:1]
            text = json.dumps({**body, "rows": some}, default=_written)
        payload = packed(text.encode())
        if payload is not None:
            return payload, len(some)
        if len(some) == 1:
            raise UnsendableError(_sorry(stream, after, "it is too large"))
        some = some[: len(some) // 2]


def _first_bad(error: ValidationError) -> tuple[int | None, str]:
    """The place of the first row that is none, and what is wrong with it."""
    found = [
        (int(each["loc"][1]), f"{'.'.join(map(str, each['loc'][2:]))}: {each['msg']}")
        for each in error.errors(include_url=False, include_input=False)
        if each["loc"][:1] == ("rows",) and len(each["loc"]) > 1
    ]
    return min(found) if found else (None, str(error.errors(include_url=False)[0]["msg"]))


def _sorry(stream: Stream, after: int, why: str) -> str:
    return f"A {stream.value} after number {after} can't be sent ({why}): please report this."


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def clipped(row: Row) -> dict[str, object]:
    """A row whose texts are no longer than the protocol takes, nor more reasons."""
    return {key: _clip(key, value) for key, value in row.items()}


def _clip(key: str, value: object) -> object:
    if isinstance(value, list):
        # What was bought is no remark: each number of it counts.
        return [_clip(key, each) for each in (value[:MOST_REASONS] if key == "reasons" else value)]
    return value[:LONGEST] if isinstance(value, str) else value
