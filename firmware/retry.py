"""Tries scans again from their kept crops, one small step at a time. See `scanner.retry`.

Each scan is settled by one row in one transaction, so that a kill at any moment loses nothing and
doubles nothing: what has no row yet is simply due at the next start.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanner.catalog.pack import Pack
from scanner.errors import PictureError
from scanner.models import models_by_digest
from scanner.models_library import models_in_use
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.records import Identification
from scanner.retry import Outcome, Standing, TriedWith, contested, is_due, judge, tried_with
from scanner.store import Store

_PAGE = 200
_ABOVE_ALL = 2**62
# It only finds the card in a frame, and a kept crop is the card already.
_NOT_FOR_CROPS = frozenset({"locator"})

log = logging.getLogger(__name__)


@dataclass(slots=True)
class RetryReport:
    """How many scans were tried again, and what came of them; `missing` have no crop any more."""

    accepted: int = 0
    review: int = 0
    nothing: int = 0
    unreadable: int = 0
    missing: int = 0

    @property
    def due(self) -> int:
        """Scans that were looked at, with a crop or without."""
        return self.accepted + self.review + self.nothing + self.unreadable + self.missing


def in_use(packs: Sequence[Pack], recognizer: Recognizer, data_dir: Path) -> TriedWith:
    """What the answers of this recognizer, with the models in use, come from."""
    models = {
        name: digest
        for name, digest in models_by_digest(models_in_use(data_dir)).items()
        if name not in _NOT_FOR_CROPS
    }
    files = {pack.pack_id: tuple(pack.manifest.files.values()) for pack in packs}
    return tried_with(files, recognizer.model_id, models)


class Retrier:
    """Goes through the scans that are due, newest first. With `dry` nothing is written."""

    def __init__(
        self,
        store: Store,
        data_dir: Path,
        recognizer: Recognizer,
        now: TriedWith,
        *,
        dry: bool = False,
    ) -> None:
        self._store = store
        self._data_dir = data_dir
        self._recognizer = recognizer
        self._now = now
        self._dry = dry
        self._waiting: deque[Standing] = deque()
        self._below = _ABOVE_ALL
        self.report = RetryReport()

    def step(self) -> bool:
        """Try one scan, or read which are due; False when there is nothing left to do.

        Raises:
            StoreFullError: nothing was lost; the same step may be made again.
            StoreError, PackDamagedError: as the store and the packs raise them.
        """
        if not self._waiting:
            return self._read_on()
        self._try(self._waiting[0])
        self._waiting.popleft()
        return True

    def count_due(self) -> int:
        """How many scans wait. Reads all of them; the steps then go through the same."""
        while self._below and self._read_on():
            pass
        return len(self._waiting)

    def _read_on(self) -> bool:
        page = self._store.scans_not_accepted(self._now.key, self._below, _PAGE)
        self._below = page[-1].scan_id if page else 0
        self._waiting.extend(standing for standing in page if is_due(standing, self._now.key))
        return bool(page)

    def _try(self, standing: Standing) -> None:
        path = self._data_dir / standing.crop_path
        if not path.is_file():
            self.report.missing += 1
            log.info("scan %d can't be tried again: its picture is gone", standing.scan_id)
            return
        answer: Identification | None = None
        outcome = Outcome.UNREADABLE
        try:
            answer = self._recognizer.identify_crop(read_picture(path))
        except PictureError as error:
            log.warning("scan %d is not tried again: %s", standing.scan_id, error)
        scan = self._store.scan(standing.scan_id)
        before = self._store.present_answers([standing.scan_id]).get(standing.scan_id)
        if scan is None or before is None:
            return  # a backup was restored meanwhile
        if answer is not None:
            answer = contested(answer, scan.reasons)
            outcome = judge(before, answer)
        if self._dry or self._store.add_retry(scan.id or 0, self._now.key, outcome, answer):
            self._count(outcome)
            if outcome is Outcome.ACCEPTED and answer is not None and answer.printing is not None:
                log.info("scan %d is recognised later: %s", scan.id, answer.printing.name)

    def _count(self, outcome: Outcome) -> None:
        report = self.report
        match outcome:
            case Outcome.ACCEPTED:
                report.accepted += 1
            case Outcome.REVIEW:
                report.review += 1
            case Outcome.NOTHING:
                report.nothing += 1
            case Outcome.UNREADABLE:
                report.unreadable += 1
