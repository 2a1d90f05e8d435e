"""The end of a build: the data files, the manifest, and the one step that makes the pack."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanner.catalog.cards import Card, CardsReader, write_cards
from scanner.catalog.disk import sha256_file, sync_folder, write_synced
from scanner.catalog.facts import Reference
from scanner.catalog.manifest import (
    CARDS,
    FILES,
    HASHES,
    MANIFEST,
    PICTURE_LIST,
    ROWS,
    VECTORS,
    Manifest,
    check_files,
    picture_list,
    read_manifest,
)
from scanner.catalog.work import Done, WorkFolder, stamp_of
from scanner.errors import PackError
from scanner.phash import HASH_BYTES
from scanner.vectors import DIMENSIONS


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made: `rows` reference pictures of `cards` printings.

    `broken` lists path and reason of each picture that was skipped, `model_id` is "phash256" for
    a pack of hashes only, and `resumed` counts the pictures that an earlier, stopped build did.
    """

    pack_id: str
    out: Path
    cards: int
    rows: int
    broken: tuple[tuple[str, str], ...]
    model_id: str
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What a build was asked for; `version` is "" when the build is to choose one."""

    game: str
    version: str
    model_id: str
    runtime: str
    out: Path
    force: bool


def source_digest(order: Order, references: Sequence[Reference]) -> str:
    """A digest of everything that a pack is made from; equal digests give equal packs."""
    digest = hashlib.sha256()
    digest.update(json.dumps([order.game, order.version, order.model_id, order.runtime]).encode())
    for reference in references:
        printing = reference.printing
        facts = [printing.card_id, printing.name, printing.set, printing.number, printing.variant]
        row = [reference.path, stamp_of(reference), facts, reference.more]
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()


def finished_before(order: Order, source: str) -> BuildReport | None:
    """The report of the pack at `order.out` when it was made from the very same things.

    Raises PackError when something else is in the way, or the pack there is another and
    `order.force` is not set.
    """
    out = order.out
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not (out / MANIFEST).is_file():
        raise PackError(f"{out} exists and is not a catalog pack; choose another --out")
    try:
        manifest = read_manifest(out)
        if manifest.source == source:
            check_files(out, manifest)
            return _report(order, manifest)
    except PackError:
        pass  # a damaged pack, or one of another format, is replaced if the user says so
    if order.force:
        return None
    raise PackError(
        f"{out} holds another pack already; choose another --out, or add --force to replace it"
    )


def _report(order: Order, manifest: Manifest) -> BuildReport:
    cards = CardsReader(order.out / CARDS, manifest.game)
    try:
        broken = cards.skipped()
    finally:
        cards.close()
    return BuildReport(
        manifest.pack_id,
        order.out,
        manifest.cards,
        manifest.rows,
        broken,
        manifest.model_id,
        resumed=manifest.rows + manifest.skipped,
    )


def finish_pack(
    order: Order,
    source: str,
    work: WorkFolder,
    references: Sequence[Reference],
    done: Mapping[str, Done],
) -> BuildReport:
    """Write the data files and the manifest, then move the pack to `order.out` in one step.

    Raises PackError when not one picture could be read, OSError and sqlite3.OperationalError when
    the disk won't take it.
    """
    good = [reference for reference in references if not done[reference.path].why]
    broken = tuple((r.path, done[r.path].why) for r in references if done[r.path].why)
    if not good:
        path, why = broken[0]
        raise PackError(
            f"None of the {len(broken)} pictures could be read (the first, {path}, {why}); "
            "check --pictures and the column path"
        )
    indexes: dict[str, int] = {}
    cards: list[Card] = []
    for reference in good:
        if reference.printing.card_id not in indexes:
            indexes[reference.printing.card_id] = len(cards)
            cards.append(Card(reference.printing, reference.more))
    rows = [indexes[reference.printing.card_id] for reference in good]
    digests = [done[reference.path].sha256 for reference in good]
    vectors = b"".join(done[reference.path].vector for reference in good)
    hashes = b"".join(done[reference.path].hash for reference in good)

    pack = work.pack
    work.remove_strays(set(digests))
    write_cards(pack / CARDS, cards, list(zip(rows, digests, strict=True)), broken)
    _save(pack / VECTORS, np.frombuffer(vectors, np.int8).reshape(-1, DIMENSIONS))
    _save(pack / ROWS, np.array(rows, "<i4"))
    _save(pack / HASHES, np.frombuffer(hashes, np.uint8).reshape(-1, HASH_BYTES))
    write_synced(pack / PICTURE_LIST, picture_list(set(digests)))
    files = {name: sha256_file(pack / name) for name in FILES}
    now = datetime.now(UTC)
    content = hashlib.sha256("".join(files.values()).encode()).hexdigest()
    manifest = Manifest(
        game=order.game,
        # The date is for people; the digest tells apart two packs of one day, or of a wrong clock.
        version=order.version or f"{now:%Y%m%d}-{content[:6]}",
        created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        model_id=order.model_id,
        runtime=order.runtime,
        rows=len(rows),
        cards=len(cards),
        skipped=len(broken),
        source=source,
        files=files,
    )
    write_synced(pack / MANIFEST, manifest.to_toml().encode())
    _move(work, order.out)
    return BuildReport(
        manifest.pack_id, order.out, len(cards), len(rows), broken, manifest.model_id
    )


def _save(path: Path, array: NDArray[Any]) -> None:
    # numpy's own writer hides the reason when the disk is full.
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_synced(path, buffer.getvalue())


def _move(work: WorkFolder, out: Path) -> None:
    old = out.with_name(f".{out.name}.old")
    if (out / MANIFEST).exists():
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
    try:
        work.finish(out)
    except BaseException:
        if old.exists():
            old.rename(out)
        raise
    sync_folder(out.parent)
    shutil.rmtree(old, ignore_errors=True)
