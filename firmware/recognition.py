"""The packs in use and a recognizer over them, as the settings of the feed process have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.catalog.model import load_embedder, reader_of
from scanner.catalog.opening import open_current
from scanner.catalog.pack import Pack
from scanner.config import Settings
from scanner.models_library import models_in_use
from scanner.pipeline import Recognizer
from scanner.price_log import decider_of
from scanner.prices import PriceBook
from scanner.set_limit import NO_LIMIT, SetLimit


def open_packs(settings: Settings) -> list[Pack]:
    """The packs in use, fit for this device's model. Raises the PackError tree."""
    model_id, runtime = reader_of(load_embedder(models_in_use(settings.data_dir)))
    return open_current(settings, model_id, runtime)


def open_recognizer(
    settings: Settings, packs: Sequence[Pack], prices: PriceBook | None = None,
    limit: Callable[[], SetLimit] = lambda: NO_LIMIT,
) -> Recognizer:  # fmt: skip
    """A recognizer over these packs as the settings have it; one for each thread."""
    return Recognizer.open(
        packs,
        threads=settings.recognition.threads,
        models_dir=models_in_use(settings.data_dir),
        decider=decider_of(settings, prices, limit),
    )
