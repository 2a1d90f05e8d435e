"""Bodies undone from gzip within limits, and JSON lists read one entry at a time."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from sync.cloud.sources.errors import SourceDownError, SourceShapeError, SourceTooLargeError

_GZIP = b"\x1f\x8b"
_PIECE_BYTES = 256 * 1024
_LONGEST_ENTRY = 1024 * 1024
_LONGEST_HEAD = 64 * 1024
_BETWEEN = " \t\r\n,"


def plain(chunks: Iterable[bytes], most_bytes: int, source: str) -> Iterator[bytes]:
    """The body as it was before it was compressed, whatever its headers say of that.

    Raises:
        SourceDownError: it ends too early.
        SourceShapeError: it is damaged.
        SourceTooLargeError: it unfolds to more than `most_bytes`.
    """
    first = b""
    pieces = iter(chunks)
    while len(first) < len(_GZIP) and (piece := next(pieces, None)) is not None:
        first += piece
    body = _unzipped(first, pieces, source) if first[:2] == _GZIP else _chained(first, pieces)
    size_bytes = 0
    for piece in body:
        size_bytes += len(piece)
        if size_bytes > most_bytes:
            raise SourceTooLargeError(
                f"{source} sent more than {most_bytes // 1_000_000} MB: nothing of it was taken."
            )
        yield piece


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _unzipped(first: bytes, rest: Iterator[bytes], source: str) -> Iterator[bytes]:
    undo = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    for piece in _chained(first, rest):
        waiting = piece
        while waiting:
            try:
                yield undo.decompress(waiting, _PIECE_BYTES)
            except zlib.error:
                raise SourceShapeError(f"{source} sent a damaged gzip body.") from None
            waiting = undo.unconsumed_tail
            if undo.eof:
                if (waiting := undo.unused_data) == b"":
                    break
                undo = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # gzip allows several in one
    if not undo.eof:
        raise SourceDownError(f"{source} sent a gzip body that was cut off.")


def read_object(body: bytes, source: str) -> dict[str, Any]:
    """A whole body that must be one JSON object. Raises SourceShapeError."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise SourceShapeError(f"{source} sent something that is no JSON.") from None
    if not isinstance(found, dict):
        raise SourceShapeError(f"{source} sent JSON that is no object.")
    return found


class JsonList:
    """A long list in a JSON text, read piece by piece, so that it never lies in memory whole.

    `member` names the list inside of the text's one object; "" where the text itself is the list,
    or one object after another. `head` holds what stands before a named list.
    """

    def __init__(self, chunks: Iterable[bytes], source: str, member: str = "") -> None:
        """Read nothing yet."""
        self._chunks = iter(chunks)
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._has_ended = False
        self._in_list = True
        self.head: dict[str, Any] = self._read_head(member) if member else {}
        if not member:
            self._enter()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every entry. Raises SourceShapeError for one that is no object, or a missing end."""
        decoder = json.JSONDecoder()
        while self._skip():
            if self._text[self._at] == "]":
                return
            try:
                entry, self._at = decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                if self._has_ended or len(self._text) - self._at > _LONGEST_ENTRY:
                    raise self._wrong("an entry that is no JSON") from None
                self._more()
                continue
            if not isinstance(entry, dict):
                raise self._wrong("an entry that is no object")
            yield entry
        if self._in_list:
            raise SourceDownError(f"{self._source} sent a list without an end: it was cut off.")

    def _enter(self) -> None:
        if not self._skip():
            raise self._wrong("nothing")
        if self._text[self._at] == "[":
            self._at += 1
        elif self._text[self._at] == "{":
            self._in_list = False  # one object on each line
        else:
            raise self._wrong("something that is no JSON")

    def _read_head(self, member: str) -> dict[str, Any]:
        opening = f'"{member}"'
        while True:
            place = self._text.find(opening)
            start = self._text.find("[", place) if place >= 0 else -1
            if start >= 0:
                break
            if self._has_ended or len(self._text) > _LONGEST_HEAD:
                raise self._wrong(f"no list {member}")
            self._more()
        self._at = start + 1
        head = self._text[:place].rstrip().removesuffix(",")
        try:
            found = json.loads(head + "}")
        except (ValueError, RecursionError):
            raise self._wrong("something that is no JSON") from None
        return found if isinstance(found, dict) else {}

    def _skip(self) -> bool:
        """Go to the next sign of an entry; False at the end of everything."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BETWEEN:
                self._at += 1
            if self._at < len(self._text):
                return True
            if self._has_ended:
                return False
            self._more()

    def _more(self) -> None:
        piece = next(self._chunks, None)
        self._has_ended = piece is None
        try:
            text = self._decoder.decode(piece or b"", final=piece is None)
        except UnicodeDecodeError:
            raise self._wrong("something that is no text") from None
        self._text = self._text[self._at :] + text
        self._at = 0

    def _wrong(self, what: str) -> SourceShapeError:
        return SourceShapeError(f"{self._source} sent {what}.")
