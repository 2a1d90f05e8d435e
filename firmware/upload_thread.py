"""In the feed process: uploaded pictures become scans, one after another, beside the feed loop.

Each picture is settled by its scan and then by its result, both under the picture's own key, so
that a kill at any moment loses nothing and doubles nothing. Clients take turns. While the machine
works, pictures are read in one fifth of the time only: cards go first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from firmware.machine import Machine
from firmware.phases import AT_WORK, Phase
from firmware.upload_worker import PictureReader, Read
from scanner.batches import BatchPlan
from scanner.errors import CounterscanError, PictureError, StoreError
from scanner.pictures import read_picture
from scanner.records import Identification, View
from scanner.set_limit import limit_of
from scanner.store import Store
from scanner.store_scan import identification_of
from scanner.tables import Batch
from scanner.tables_uploads import Upload, UploadPicture, UploadResult
from scanner.upload_files import drop_picture, sweep
from scanner.uploads import next_in_turn

LOOK_EVERY_S = 0.5
REST_AFTER_S = 60.0
AFTER_TROUBLE_S = 20.0
END_WITHIN_S = 10.0
RESTS_FOR = 4.0
"""While the machine works: rest so many times as long as the last picture took."""
DRIVER = "upload"

_NO_CARD = {
    View.NOTHING: "no card was found in this picture",
    View.SEVERAL: "several cards lie over one another here: take a picture of each",
}

log = logging.getLogger(__name__)


class UploadThread:
    """See the module. A context manager around the feed loop; `step` alone needs none."""

    def __init__(self, store: Store, data_dir: Path, reader: PictureReader) -> None:
        """Nothing is read yet."""
        self._store = store
        self._data_dir = data_dir
        self._reader = reader
        self._last_client = ""
        self._noted = ""
        self._machine_works = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uploads", daemon=True)

    def __enter__(self) -> Self:
        """Work behind the scenes."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End after the picture in hand."""
        self._ended.set()
        self._thread.join(END_WITHIN_S)
        if self._thread.is_alive():
            log.warning("the reading of uploads does not end; it is left behind")

    def follow(self, machine: Machine) -> None:
        """Give way while this machine works; take over its `on_phase` and hand each phase on."""
        tell_further = machine.on_phase

        def on_phase(phase: Phase) -> None:
            if tell_further is not None:
                tell_further(phase)
            self._machine_works = phase in AT_WORK

        machine.on_phase = on_phase

    def step(self) -> bool:
        """Settle the picture whose turn it is; False when none waits.

        Raises:
            StoreFullError: nothing was lost; the same step may be made again.
            CounterscanError: nothing can be read for now.
        """
        turn = next_in_turn(self._store.waiting_uploads(), self._last_client)
        if turn is None:
            return False
        self._last_client = turn.client
        picture, upload = self._store.picture(turn.picture_id), self._store.upload(turn.upload_id)
        if picture is not None and upload is not None:
            self._settle(picture, upload)
        return True

    def _run(self) -> None:
        with suppress(StoreError):
            sweep(self._data_dir, self._store.waiting_files())
        version, rested_mono_s, wait_s = -1, time.monotonic(), 0.0
        try:
            while not self._ended.wait(wait_s):
                wait_s = LOOK_EVERY_S
                try:
                    now = self._store.data_version()
                    if now == version:
                        if time.monotonic() - rested_mono_s > REST_AFTER_S:
                            self._reader.close()
                        continue
                    began_mono_s = time.monotonic()
                    if self.step():
                        rested_mono_s = time.monotonic()
                        took_s = rested_mono_s - began_mono_s
                        wait_s = RESTS_FOR * took_s if self._machine_works else 0.0
                    else:
                        version = now
                except (CounterscanError, OSError) as error:
                    log.warning("uploads wait: %s", error)
                    wait_s = AFTER_TROUBLE_S
        finally:
            self._reader.close()

    def _settle(self, picture: UploadPicture, upload: Upload) -> None:
        path = self._data_dir / picture.file
        began_s = time.perf_counter()
        answers = self._known_answers(picture)
        result = UploadResult(
            picture_id=picture.id or 0, sha256=picture.sha256, tried_with=self._noted
        )
        try:
            result.is_cached = bool(answers)
            if not answers:
                read = self._read(path, upload)
                answers, result.tried_with = read.answers, read.tried_with
            if answers[0].view in _NO_CARD:
                raise PictureError(_NO_CARD[answers[0].view])
            result.scan_id, *result.further = self._commit(picture, upload, answers)
        except PictureError as error:
            result.problem = str(error)
        result.took_ms = round((time.perf_counter() - began_s) * 1000, 1)
        self._store.add_upload_result(result)
        drop_picture(self._data_dir, picture.file)

    def _known_answers(self, picture: UploadPicture) -> tuple[Identification, ...]:
        """What the same bytes were, read with the packs and models in use; empty when unknown."""
        noted = self._store.tried_with_now()
        if noted != self._noted:
            self._noted = noted
            self._reader.close()  # it may hold other packs than those in use by now
        scan = self._store.known_answer(picture.sha256, noted) if noted else None
        crop = None if scan is None else self._store.crop_file(scan)
        if scan is None or crop is None:
            return ()
        try:
            return (identification_of(scan, read_picture(crop)),)
        except PictureError:
            return ()

    def _read(self, path: Path, upload: Upload) -> Read:
        if not path.is_file():
            raise PictureError("is gone from the disk; upload it again")
        return self._reader.read(path, limit_of(_plan(upload)))

    def _commit(
        self, picture: UploadPicture, upload: Upload, answers: Sequence[Identification]
    ) -> list[int]:
        """Put the scans on disk, each under a key of its own; return their ids."""
        batch = self._store.batch_of_upload(upload.id or 0) or self._begin(upload)
        scans = [
            self._store.commit_scan(
                batch.id or 0,
                answer,
                feed_key=f"upload-{picture.id}" + (f"-{place}" if place else ""),
                driver=DRIVER,
                finish=answer.finish.value,
            )
            for place, answer in enumerate(answers)
        ]
        return [scan.id or 0 for scan in scans]

    def _begin(self, upload: Upload) -> Batch:
        return self._store.create_batch(upload.name, 0, DRIVER, plan=_plan(upload))


def _plan(upload: Upload) -> BatchPlan:
    return BatchPlan(
        upload.store,
        upload.location,
        upload.game,
        tuple(upload.sets),
        upload.condition,
        upload.language,
        upload.id or 0,
    )
