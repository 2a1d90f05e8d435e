"""The model that packs are built for and read with on this device, or the lack of one."""

from __future__ import annotations

import sys

from scanner.catalog.manifest import PHASH_MODEL_ID
from scanner.embed import Embedder
from scanner.errors import ModelError


def load_embedder() -> Embedder | None:
    """Load this device's embedder; None, said loudly on standard error, when it can't be."""
    try:
        return Embedder.load()
    except ModelError as error:
        print(f"counterscan: NO MODEL, perceptual hashes only: {error}", file=sys.stderr)
        return None


def reader_of(embedder: Embedder | None) -> tuple[str, str]:
    """Model id and runtime to open packs with; without a model, any pack serves its hashes."""
    if embedder is None:
        return PHASH_MODEL_ID, ""
    return embedder.model_id, embedder.runtime
