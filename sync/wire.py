"""Messages as bytes: compact JSON, compressed where it pays, with limits for what comes in."""

from __future__ import annotations

import re
import zlib
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from scanner.errors import CounterscanError

LARGEST_PACKET_BYTES = 1024 * 1024
LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
MOST_BRACKETS = 400_000
MOST_COMMAS = 2_000_000
"""What a few kilobytes may grow to in memory is bounded by its parts: each is far larger than it
is long, and all of a set's prices are less than a tenth of this."""

_LEVEL = 6
_LONGEST_REASON = 400
# A null character that JSON has escaped, behind any number of escaped backslashes.
_NULL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

_TOPIC_BYTES = 4096
"""What a packet holds beside its payload, at most."""

M = TypeVar("M", bound=BaseModel)


class MessageError(CounterscanError, ValueError):
    """A message is no message of this protocol; the text says why. It is of no use to try again.

    The text is one short line, for it may repeat what a stranger wrote.
    """

    def __init__(self, why: str) -> None:
        super().__init__(" ".join(why.split())[:_LONGEST_REASON])


def pack(message: BaseModel) -> bytes:
    """A message as it travels: zlib (RFC 1950) over JSON."""
    return zlib.compress(message.model_dump_json(exclude_defaults=True).encode(), _LEVEL)


def packed(text: bytes) -> bytes | None:
    """JSON as `pack` sends it; None where it is more than the other end takes."""
    payload = zlib.compress(text, _LEVEL)
    return payload if fits(payload) and not _too_much(text) else None


def fits(payload: bytes) -> bool:
    """Whether the broker gives it to the other end; it drops what is longer, and says nothing."""
    return len(payload) + _TOPIC_BYTES <= LARGEST_PACKET_BYTES


def unpack(payload: bytes, model: type[M]) -> M:
    """Read what `pack` made.

    Raises:
        MessageError: too large, damaged, or not such a message.
    """
    return read_json(opened(payload), model)


def opened(payload: bytes) -> bytes:
    """The JSON that `pack` compressed. Raises MessageError: it is too large, or damaged."""
    if len(payload) > LARGEST_PACKET_BYTES:
        raise MessageError(f"{len(payload)} bytes are more than {LARGEST_PACKET_BYTES}")
    reading = zlib.decompressobj()
    try:
        text = reading.decompress(payload, LARGEST_MESSAGE_BYTES)
    except zlib.error as error:
        raise MessageError(f"it can't be decompressed: {error}") from None
    if reading.unconsumed_tail:
        raise MessageError(f"it grows beyond {LARGEST_MESSAGE_BYTES} bytes")
    if not reading.eof or reading.unused_data:
        raise MessageError("it is cut off, or longer than it says")
    return text


def pack_json(message: BaseModel) -> bytes:
    """A small message, which other programs (a dashboard) may read: plain JSON."""
    return message.model_dump_json().encode()


def read_json(text: bytes, model: type[M]) -> M:
    """Read plain JSON. Raises `MessageError`.

    A null character, which PostgreSQL can't keep, is read as U+FFFD.
    """
    if why := _too_much(text):
        raise MessageError(why)
    if b"\\u0000" in text:
        text = _NULL.sub(rb"\1\\ufffd", text)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise MessageError(f"{where or 'the message'}: {first['msg']}") from None


def _too_much(text: bytes) -> str:
    if len(text) > LARGEST_MESSAGE_BYTES:
        return f"{len(text)} bytes are more than {LARGEST_MESSAGE_BYTES}"
    if text.count(b"[") + text.count(b"{") > MOST_BRACKETS or text.count(b",") > MOST_COMMAS:
        return "it has too many parts"
    return ""
