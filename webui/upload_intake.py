"""Takes pictures in, from whichever door they come: the page, the API or a watched folder."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner.batches import BatchPlan
from scanner.errors import PictureError, UploadError
from scanner.store import Store
from scanner.tables_uploads import Upload, UploadPicture
from scanner.upload_files import drop_picture, keep_picture
from scanner.uploads import (
    MAX_PICTURES,
    MAX_WAITING,
    MIN_FREE_BYTES,
    check_picture,
    clean_name,
)

_AT_ONCE = 3
"""Pictures in memory at one time: the page's process has little of it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture that was taken in; `before` is the upload that had the same bytes, if one had."""

    picture: UploadPicture
    before: Upload | None = None


class Intake:
    """Writes pictures and their rows. Safe to share among threads."""

    def __init__(self, store: Callable[[], Store], data_dir: Path) -> None:
        """`store` gives the open log, as the page's process has it."""
        self._store = store
        self._data_dir = data_dir
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def begin(self, name: str, source: str, client: str, plan: BatchPlan) -> Upload:
        """Begin a pile; one without a name gets the time for one."""
        shown = " ".join(name.split()) or f"Pictures of {datetime.now().astimezone():%d %b, %H:%M}"
        return self._store().add_upload(shown, source, client, plan)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one picture in memory.

        Raises:
            UploadError: all are taken; ask again in a second.
        """
        if not self._places.acquire(blocking=False):
            raise UploadError("Other pictures are just coming in: send this one again in a second.")
        try:
            yield
        finally:
            self._places.release()

    def check_room(self, upload: Upload) -> None:
        """Raise UploadError where the pile, the queue or the disk is full."""
        store, number = self._store(), upload.id or 0
        counts = store.upload_counts([number])[number]
        if counts.total >= MAX_PICTURES:
            raise UploadError(f"An upload holds up to {MAX_PICTURES:,} pictures: begin another.")
        if store.waiting_of(upload.client) >= MAX_PICTURES:
            raise UploadError(
                f"{MAX_PICTURES:,} of your pictures wait already: send more when some are read."
            )
        if store.waiting_of(None) >= MAX_WAITING:
            raise UploadError("Too many pictures wait to be read: send more in some minutes.")
        if shutil.disk_usage(self._data_dir).free < MIN_FREE_BYTES:
            raise UploadError("The scanner's disk is nearly full: free some space, then go on.")

    def take(self, upload: Upload, name: str, data: bytes, *, again: bool = False) -> Taken:
        """Take one picture in. The same bytes are not counted twice, unless `again`.

        One that is no usable picture is noted with its problem, and not read.

        Raises:
            UploadError: there is no room for now; nothing is noted.
            StoreError: the log or the disk can't be written.
        """
        self.check_room(upload)
        row = UploadPicture(upload_id=upload.id or 0, name=clean_name(name), size_bytes=len(data))
        store = self._store()
        try:
            check_picture(data)
        except PictureError as error:
            row.problem = str(error)
            return Taken(store.add_picture(row))
        row.sha256 = hashlib.sha256(data).hexdigest()
        known = None if again else store.known_picture(row.sha256)
        if known is not None:
            row.again_of = known.id or 0
            return Taken(store.add_picture(row), store.upload(known.upload_id))
        row.file = keep_picture(self._data_dir, data)
        try:
            return Taken(store.add_picture(row))
        except BaseException:
            drop_picture(self._data_dir, row.file)
            raise
