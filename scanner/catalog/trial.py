"""Tries packs and models on this device before they are put in use, and after.

A process of its own: a model that brings its runtime down takes only that process with it, and it
gives way to the feed loop.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from scanner.calibration import read_calibration
from scanner.catalog.model import load_embedder, reader_of
from scanner.catalog.opening import open_current
from scanner.catalog.pack import Pack
from scanner.config import Settings
from scanner.decide import Decider
from scanner.embed import Embedder
from scanner.errors import CounterscanError, ModelError, PackError, PictureError
from scanner.models_library import models_in_use
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.records import Decision
from scanner.store import Store
from scanner.tables import Scan

log = logging.getLogger(__name__)

WITHIN_S = 900.0
OWN_VECTORS = 300
OWN_PICTURES = 12
KEPT_CROPS = 12
_CROPS_LOOKED_AT = 400
_NEARLY_ONE = 0.97
"""The least cosine of a vector with itself as it is stored, in whole numbers up to 127."""

_PICTURE_FITS = 0.8
"""The least cosine of a small reference picture's vector with that of the picture itself."""

_MOST_LOST = 0.25
_POLITE = 10


_DIED_OF_THEM = frozenset({-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL})
"""How a process ends that its models or packs bring down; any other end says nothing of them."""


class TrialCutShortError(CounterscanError, RuntimeError):
    """The trial did not come to its end; it says nothing of what was tried."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What to try: versions by game in the place of those in use, and models' folder if another."""

    versions: Mapping[str, str]
    models_dir: Path | None = None


def try_out(settings: Settings, asked: Asked, within_s: float = WITHIN_S) -> str:
    """Why it can't be used, as a sentence; "" when all is well. Blocks for seconds to minutes.

    Raises TrialCutShortError: it took too long, or its process was told to end.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_work, args=(theirs, settings, asked), name="trial", daemon=True
    )
    starter = threading.Thread(target=_start_politely, args=(process,), name="polite")
    starter.start()
    starter.join()
    theirs.close()
    try:
        if not ours.poll(within_s):
            raise TrialCutShortError(f"Trying it out took longer than {within_s:.0f} seconds")
        return str(ours.recv())
    except (EOFError, OSError):
        process.join(5)
        if process.exitcode in _DIED_OF_THEM:
            return f"It brings the recognition down (exit code {process.exitcode})."
        raise TrialCutShortError("Trying it out was cut short") from None
    finally:
        ours.close()
        if process.is_alive():
            process.join(2)
            process.kill()
        process.join()


def _start_politely(process: BaseProcess) -> None:
    # Linux counts niceness by thread, and what a thread starts is as nice.
    os.nice(_POLITE)
    process.start()


def _work(connection: Connection, settings: Settings, asked: Asked) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to deal with
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        check(settings, asked)
    except CounterscanError as error:
        connection.send(f"{error}")
    else:
        connection.send("")


def check(settings: Settings, asked: Asked) -> None:
    """Raise CounterscanError, which says what is wrong, unless all of this holds.

    - every file of a pack in question is as it was built;
    - its search finds its own vectors, and the model finds its own pictures;
    - it has every card of this device's golden decks that the pack in use has;
    - cards that were accepted lately are accepted as the same from their kept pictures.
    """
    present = models_in_use(settings.data_dir)
    models_dir = asked.models_dir or present
    embedder = load_embedder(models_dir)
    if asked.models_dir is not None and embedder is None:
        raise ModelError(f"The embedder in {asked.models_dir} can't be loaded")
    model_id, runtime = reader_of(embedder)
    packs = open_current(settings, model_id, runtime, instead=asked.versions, verify=True)
    before = _before(settings, present)
    try:
        for pack in packs:
            if pack.game in asked.versions or asked.models_dir is not None:
                _finds_itself(pack, embedder)
        _has_golden_cards(settings.data_dir, before, packs)
        _knows_kept_crops(settings, (before, present), (packs, models_dir))
    finally:
        for pack in (*packs, *before):
            pack.close()


def _before(settings: Settings, models_dir: Path | None) -> list[Pack]:
    """The packs in use; none where there are none, or where they can't be read."""
    try:
        return open_current(settings, *reader_of(load_embedder(models_dir)))
    except PackError:
        return []


def _finds_itself(pack: Pack, embedder: Embedder | None) -> None:
    rows = len(pack.vectors)
    for row in _spread(rows, OWN_VECTORS):
        vector = pack.vectors[row].astype(np.float32)
        length = float(np.linalg.norm(vector))
        found, scores = pack.index.nearest(vector / max(length, 1.0), 1)
        same = len(found) > 0 and bool(np.array_equal(pack.vectors[found[0]], pack.vectors[row]))
        if not (same or (len(scores) > 0 and length > 0 and scores[0] >= _NEARLY_ONE)):
            raise PackError(f"The search in {pack.pack_id} does not find its own card {row}")
    if embedder is None or pack.manifest.hashes_only:
        return
    lost = 0
    sample = _spread(rows, OWN_PICTURES)
    for row in sample:
        wanted = pack.vectors[row].astype(np.float32) / 127
        lost += float(embedder.embed(pack.row_picture(row)) @ wanted) < _PICTURE_FITS
    if lost > len(sample) * _MOST_LOST:
        raise PackError(
            f"{pack.pack_id} was not made with this device's model: {lost} of {len(sample)} of its "
            "own pictures are not found"
        )


def _has_golden_cards(data_dir: Path, before: Sequence[Pack], packs: Sequence[Pack]) -> None:
    for record in sorted((data_dir / "selftest").glob("*.json")):
        try:
            cards = [str(card["card_id"]) for card in json.loads(record.read_bytes())["cards"]]
        except (OSError, ValueError, TypeError, KeyError):
            log.warning("%s can't be read; it is passed over", record)
            continue
        for card_id in cards:
            if any(_holds(pack, card_id) for pack in before) and not any(
                _holds(pack, card_id) for pack in packs
            ):
                raise PackError(
                    f"The card {card_id} of the golden deck {record.stem!r} is not in it any more"
                )


def _holds(pack: Pack, card_id: str) -> bool:
    return pack.printing_of(card_id) is not None


Side = tuple[Sequence[Pack], Path | None]


def _knows_kept_crops(settings: Settings, before: Side, after: Side) -> None:
    crops = _kept_crops(settings.data_dir)
    if not crops or not before[0]:
        return
    old, new = (_recognizer(settings, *side) for side in (before, after))
    known = [(path, card_id) for path, card_id in crops if _accepted_as(old, path) == card_id]
    lost = [card_id for path, card_id in known if _accepted_as(new, path) != card_id]
    if len(lost) > max(1.0, _MOST_LOST * len(known)):
        raise PackError(
            f"Of {len(known)} cards that were scanned lately, {len(lost)} are not recognised as "
            f"the same any more, the first {lost[0]}"
        )


def _recognizer(settings: Settings, packs: Sequence[Pack], models_dir: Path | None) -> Recognizer:
    decider = Decider(calibration=read_calibration(models_dir))
    threads = settings.recognition.threads
    return Recognizer.open(packs, threads=threads, models_dir=models_dir, decider=decider)


def _kept_crops(data_dir: Path) -> list[tuple[Path, str]]:
    """Pictures of cards that were accepted lately, and what they were, spread over the newest."""
    try:
        with Store.open(data_dir, role="reader", wait_s=0) as store:
            newest = store.latest_scans(_CROPS_LOOKED_AT)
    except CounterscanError:
        return []
    found = [
        (data_dir / scan.crop_path, scan.card_id) for scan in newest if _is_useful(data_dir, scan)
    ]
    return [found[at] for at in _spread(len(found), KEPT_CROPS)]


def _is_useful(data_dir: Path, scan: Scan) -> bool:
    accepted = scan.decision == Decision.ACCEPTED.value and scan.recognizer == "embedder"
    return accepted and bool(scan.crop_path) and (data_dir / scan.crop_path).is_file()


def _accepted_as(recognizer: Recognizer, path: Path) -> str:
    try:
        answer = recognizer.identify_crop(read_picture(path))
    except PictureError:
        return ""
    accepted = answer.decision is Decision.ACCEPTED and answer.printing is not None
    return answer.printing.card_id if accepted and answer.printing else ""


def _spread(count: int, most: int) -> list[int]:
    """At most so many numbers below `count`, evenly apart."""
    return [int(at) for at in np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))]
