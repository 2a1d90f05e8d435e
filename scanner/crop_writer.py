"""Puts the crop of a scan on disk while its row is made ready, and always before it.

Cutting, packing and writing a crop takes about as long as SQLite needs for the row, and neither
holds Python's lock for long: together they take the time of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from scanner.crops import discard_crop, encode_crop, write_crop
from scanner.records import Picture


class PendingCrop:
    """A crop that is being written; none where the scan has no card."""

    def __init__(self, written: Future[None] | None) -> None:
        """Use `CropWriter.writing`."""
        self._written = written

    def wait(self) -> None:
        """Return once it is on disk. Raises PictureError, StoreFullError, StoreError."""
        if self._written is not None:
            self._written.result()

    def settle(self) -> None:
        """Return once nothing is being written any more, whatever came of it."""
        if self._written is not None:
            self._written.exception()


class CropWriter:
    """One thread that writes crops, one at a time."""

    def __init__(self, data_dir: Path, quality: int) -> None:
        """Crops go below `data_dir`, as JPEG of `quality` 1…100."""
        self._data_dir = data_dir
        self._quality = quality
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="crop")

    def close(self) -> None:
        """Finish what is being written."""
        self._thread.shutdown()

    @contextmanager
    def writing(
        self, cut_crop: Callable[[], Picture] | None, relative: str
    ) -> Iterator[PendingCrop]:
        """Write a crop meanwhile; where the block fails, the crop goes again.

        The block waits for the crop before it commits the row that names it.
        """
        pending = PendingCrop(
            None if cut_crop is None else self._thread.submit(self._write, cut_crop, relative)
        )
        try:
            yield pending
        except BaseException:
            pending.settle()
            discard_crop(self._data_dir, relative)
            raise

    def _write(self, cut_crop: Callable[[], Picture], relative: str) -> None:
        write_crop(self._data_dir, relative, encode_crop(cut_crop(), self._quality))
