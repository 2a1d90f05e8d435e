"""Uploaded pictures: what is taken in, and whose turn it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scanner.errors import PictureError
from scanner.picture_header import check_size

MAX_PICTURE_BYTES = 25_000_000
MAX_UPLOAD_PIXELS = 50_000_000
MAX_PICTURES = 2000
"""In one upload, and waiting from one client."""
MAX_WAITING = 6000
MIN_FREE_BYTES = 300_000_000
MAX_NAME_LENGTH = 120


class PictureState(StrEnum):
    """Where one picture of an upload stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    AGAIN = "again"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The picture of one upload that waits longest."""

    picture_id: int
    upload_id: int
    client: str


@dataclass(frozen=True, slots=True)
class UploadCounts:
    """How many pictures of an upload stand where; `total` is all of them."""

    waiting: int = 0
    done: int = 0
    failed: int = 0
    refused: int = 0
    again: int = 0
    stopped: int = 0

    @property
    def total(self) -> int:
        """All pictures."""
        return self.waiting + self.done + self.failed + self.refused + self.again + self.stopped


def check_picture(data: bytes) -> None:
    """Refuse what can't be a picture of a card, by its size and its header alone.

    Raises PictureError, whose text begins after the picture's name.
    """
    if len(data) > MAX_PICTURE_BYTES:
        most = MAX_PICTURE_BYTES // 1_000_000
        raise PictureError(f"has more than {most} megabytes; make it smaller")
    check_size(data, MAX_UPLOAD_PIXELS)


def clean_name(name: str) -> str:
    """A file's name as it is shown: its last part, printable, not too long."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    shown = "".join(letter if letter.isprintable() else "?" for letter in last).strip()
    return shown[:MAX_NAME_LENGTH] or "picture"


def next_in_turn(waiting: Sequence[Waiting], last_client: str) -> Waiting | None:
    """Whose picture is read next: clients take turns, each with its oldest upload first.

    So somebody who sends one picture waits for one picture of everybody else, not for a pile.
    """
    if not waiting:
        return None
    clients = sorted({one.client for one in waiting})
    turn = next((client for client in clients if client > last_client), clients[0])
    return min((one for one in waiting if one.client == turn), key=lambda one: one.upload_id)
