"""The rows of every pack that are nearest to a crop, by vectors or, without a model, by hashes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scanner.phash import phash256
from scanner.records import Picture
from scanner.search import nearest_hashes

if TYPE_CHECKING:
    from scanner.catalog.pack import Pack
    from scanner.embed import Embedder

MOST_HITS = 32


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of one pack that the search found, and its similarity, 0…1."""

    pack: int
    row: int
    similarity: float


def nearest(
    picture: Picture,
    packs: Sequence[Pack],
    embedder: Embedder | None,
    lap: Callable[[str], None],
) -> tuple[Hit, ...]:
    """At most 32 rows for an upright `(160, 112, 3) uint8` crop, best first, over all packs.

    With `embedder` None the packs' perceptual hashes are compared. `lap` times the two stages.
    A net that answers with no numbers gives one row whose similarity is no number either.
    """
    if embedder is not None:
        vector = embedder.embed(picture)
        lap("embed")
        if not np.isfinite(vector).all():
            # Near to some row, and nobody can say how near.
            return tuple(Hit(at, 0, math.nan) for at, pack in enumerate(packs) if len(pack))[:1]
        found = [pack.index.nearest(vector, MOST_HITS) for pack in packs]
    else:
        bits = phash256(picture)
        lap("embed")
        found = [nearest_hashes(pack.hashes, bits, MOST_HITS) for pack in packs]
    hits = [
        Hit(pack, row, score)
        for pack, (rows, scores) in enumerate(found)
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
    ]
    hits.sort(key=lambda hit: -hit.similarity)
    lap("search")
    return tuple(hits[:MOST_HITS])
