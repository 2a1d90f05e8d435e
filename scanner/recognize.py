"""Open packs and a recognizer that fit one another, for the commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from scanner.catalog.model import load_embedder, reader_of
from scanner.catalog.pack import Pack
from scanner.pipeline import Recognizer


def open_packs(paths: Sequence[Path]) -> list[Pack]:
    """The packs in these folders, for this device's model. Raises the PackError tree."""
    model_id, runtime = reader_of(load_embedder())
    return [Pack.open(path, model_id=model_id, runtime=runtime) for path in paths]


def open_recognizer(packs: Sequence[Pack], threads: int = 1) -> Recognizer:
    """A recognizer over open packs; that it is only the fallback is said on standard error."""
    recognizer = Recognizer.open(packs, threads=threads)
    if recognizer.recognizer == "phash":
        print(f"counterscan: {recognizer.describe()}", file=sys.stderr)
    return recognizer
