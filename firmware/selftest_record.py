"""The golden record on disk: `selftest/NAME.json` in the data folder, whole or not there."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from firmware.selftest import CardMeasure
from scanner.catalog.disk import write_atomic
from scanner.crops import make_folder
from scanner.errors import CounterscanError, UsageError
from scanner.store_faults import explained

FOLDER = "selftest"
FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class RecordError(CounterscanError, ValueError):
    """A golden record is missing or can't be read."""


def record_path(data_dir: Path, name: str) -> Path:
    """Where the record of this name is. Raises UsageError for a name that is no file name."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't be a golden deck's name; use up to 40 letters, digits and dashes"
        )
    return data_dir / FOLDER / f"{name}.json"


def record_names(data_dir: Path) -> list[str]:
    """The golden decks recorded on this device."""
    return sorted(path.stem for path in (data_dir / FOLDER).glob("*.json"))


def write_record(
    data_dir: Path, name: str, cards: Sequence[CardMeasure], driver: str, recognizer: str
) -> Path:
    """Keep a golden record, in the place of an older one of that name. Raises StoreError."""
    path = record_path(data_dir, name)
    content = {
        "format": FORMAT,
        "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "driver": driver,
        "recognizer": recognizer,
        "cards": [dataclasses.asdict(card) for card in cards],
    }
    with explained(data_dir):
        make_folder(path.parent)
        write_atomic(path, json.dumps(content, indent=1).encode())
    return path


def read_record(data_dir: Path, name: str) -> list[CardMeasure]:
    """The cards of a golden record. Raises RecordError, which says how to make one."""
    path = record_path(data_dir, name)
    way_out = f"record it anew with `counterscan selftest --record {name}`"
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise RecordError(f"{path} is of another release of Counterscan; {way_out}")
        cards = [CardMeasure(**card) for card in content["cards"]]
        if not cards or not all(_is_sound(card) for card in cards):
            raise ValueError("its cards make no sense")
    except FileNotFoundError as error:
        raise RecordError(f"There is no golden deck {name!r} yet; {way_out}") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{path} can't be read ({error}); {way_out}") from error
    return cards


def _is_sound(card: CardMeasure) -> bool:
    numbers = (getattr(card, item.name) for item in dataclasses.fields(card)[2:])
    texts = isinstance(card.card_id, str) and isinstance(card.name, str)
    return texts and all(isinstance(value, int | float) for value in numbers)
