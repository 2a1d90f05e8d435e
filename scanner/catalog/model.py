"""The model that packs are built for and read with on this device, or the lack of one."""

from __future__ import annotations

import sys
from pathlib import Path

from scanner.catalog.manifest import PHASH_MODEL_ID
from scanner.embed import Embedder
from scanner.errors import ModelError


def load_embedder(models_dir: Path | None = None) -> Embedder | None:
    """Load this device's embedder; None, said loudly on standard error, when it can't be.

    `models_dir` as `scanner.models_library.models_dir` says it: None for those of the program.
    """
    try:
        return Embedder.load(models_dir)
    except ModelError as error:
        print(f"counterscan: NO MODEL, perceptual hashes only: {error}", file=sys.stderr)
        return None


def reader_of(embedder: Embedder | None) -> tuple[str, str]:
    """Model id and runtime to open packs with; without a model, any pack serves its hashes."""
    if embedder is None:
        return PHASH_MODEL_ID, ""
    return embedder.model_id, embedder.runtime
