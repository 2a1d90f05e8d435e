"""Builds a catalog pack from a folder of pictures and a table of facts.

    build_pack → read_facts → _prepare_all (decode, shrink, hash) → _embedded → finish_pack

One thread embeds and writes; the others read, check, decode and shrink, which OpenCV does without
holding Python's lock.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from scanner.catalog.disk import disk_errors
from scanner.catalog.facts import Reference, read_facts
from scanner.catalog.finish import (
    BuildReport,
    Order,
    finish_pack,
    finished_before,
    source_digest,
)
from scanner.catalog.manifest import PHASH_MODEL_ID, check_name
from scanner.catalog.pack import PICTURE_HEIGHT_PX, PICTURE_WIDTH_PX
from scanner.catalog.work import Done, WorkFolder, remove_work, stamp_of
from scanner.errors import ModelError, PictureError
from scanner.phash import phash256
from scanner.pictures import read_picture
from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Picture
from scanner.vectors import DIMENSIONS, quantize_vector

_JPEG_QUALITY = 85
_AHEAD_PER_WORKER = 8


class Embedder(Protocol):
    """What turns an upright card picture into a unit vector, `(128,) float32`."""

    @property
    def model_id(self) -> str:
        """Names the model; goes into the pack."""

    @property
    def runtime(self) -> str:
        """Names the runtime and its version; goes into the pack."""

    def embed(self, crop: Picture) -> NDArray[np.float32]:
        """The unit vector of one picture."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A picture made ready, `shown` for the embedder; or only `why` it can't be."""

    stamp: str
    why: str = ""
    jpeg: bytes = b""
    hash: bytes = b""
    shown: Picture | None = None


def build_pack(
    *,
    game: str,
    pictures: Path,
    facts: Path,
    out: Path,
    embedder: Embedder | None,
    version: str | None = None,
    progress: bool = False,
    force: bool = False,
) -> BuildReport:
    """Build the pack `out` from the CSV file `facts` and the folder `pictures`.

    Without an `embedder` the pack holds perceptual hashes only. Pictures that can't be read are
    skipped and reported. A build that is stopped leaves `out` untouched and goes on from where it
    was when it is started again. A pack that is there already and was made from the same things
    is left as it is; another is replaced only with `force`. Raises PackError and
    AlreadyRunningError, whose messages say what to do.
    """
    # A slash at the end, or a folder given as ".", must not put the work folder inside the pack.
    out = out.absolute()
    order = Order(
        game=check_name("game", game),
        version="" if version is None else check_name("version", version),
        model_id=embedder.model_id if embedder else PHASH_MODEL_ID,
        runtime=embedder.runtime if embedder else f"opencv {cv2.__version__}",
        out=out,
        force=force,
    )
    references = read_facts(facts, pictures, game)
    source = source_digest(order, references)
    folder = out.with_name(f"{out.name}.building")
    if (before := finished_before(order, source)) is not None:
        remove_work(folder)
        return before
    tools = f"{order.model_id}, {order.runtime}, opencv {cv2.__version__}"
    again = "run the same command again, it goes on from where it was"
    with disk_errors(folder, again), WorkFolder.open(folder, tools) as work:
        done = work.done(references)
        missing = [reference for reference in references if reference.path not in done]
        resumed = len(done)
        with tqdm(
            total=len(references),
            initial=resumed,
            desc=f"{game}: reading pictures",
            unit=" pictures",
            disable=None if progress else True,  # None: on for a terminal only
        ) as bar:
            for reference, prepared in _prepare_all(missing):
                made = _embedded(reference, prepared, embedder)
                work.add(reference, prepared.stamp, made, prepared.jpeg)
                done[reference.path] = made
                bar.update()
        work.commit()
        report = finish_pack(order, source, work, references, done)
    remove_work(folder)
    return replace(report, resumed=resumed)


def _prepare_all(references: Iterable[Reference]) -> Iterator[tuple[Reference, _Prepared]]:
    """Make pictures ready on all cores, in order, never far ahead of who takes them."""
    workers = os.cpu_count() or 1
    waiting: deque[tuple[Reference, Future[_Prepared]]] = deque()
    with _one_thread_per_picture(), ThreadPoolExecutor(workers) as pool:
        try:
            for reference in references:
                waiting.append((reference, pool.submit(_prepare, reference)))
                if len(waiting) >= workers * _AHEAD_PER_WORKER:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


@contextmanager
def _one_thread_per_picture() -> Iterator[None]:
    """The workers share the cores already; OpenCV's own threads would only be in their way."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _prepare(reference: Reference) -> _Prepared:
    stamp = stamp_of(reference)
    try:
        picture = read_picture(reference.file, enough_px=CROP_HEIGHT_PX)
    except PictureError as error:
        return _Prepared(stamp, why=str(error).removeprefix(f"{reference.file} "))
    if picture.shape[1] > picture.shape[0]:
        # A card printed sideways passes the camera upright, like any other.
        picture = np.asarray(cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE), np.uint8)
    small = _resized(picture, PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if picture.shape[0] > 2 * CROP_HEIGHT_PX and picture.shape[1] > 2 * CROP_WIDTH_PX:
        # The hash and the embedder look at far less, and one of them has a single thread.
        picture = _resized(picture, CROP_WIDTH_PX, CROP_HEIGHT_PX)
    return _Prepared(stamp, jpeg=jpeg.tobytes(), hash=phash256(picture).tobytes(), shown=picture)


def _resized(picture: Picture, width_px: int, height_px: int) -> Picture:
    # Areas are right for shrinking alone; enlarged, they show blocks.
    shrinks = picture.shape[0] >= height_px and picture.shape[1] >= width_px
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width_px, height_px), interpolation=way), np.uint8)


def _embedded(reference: Reference, prepared: _Prepared, embedder: Embedder | None) -> Done:
    if prepared.shown is None:
        return Done(why=prepared.why)
    vector = b""
    if embedder is not None:
        embedding = embedder.embed(prepared.shown)
        if embedding.shape != (DIMENSIONS,) or not np.isfinite(embedding).all():
            raise ModelError(
                f"The model {embedder.model_id} gives no usable vector for {reference.file}; "
                "install the model again"
            )
        vector = quantize_vector(embedding).tobytes()
    sha256 = hashlib.sha256(prepared.jpeg).hexdigest()
    return Done(sha256=sha256, vector=vector, hash=prepared.hash)
