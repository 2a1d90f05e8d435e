"""The card press prints Lanternfall, the product's own demo game: pictures, facts and a back.

`python -m firmware.simulated.cardpress FOLDER` prints the whole game into a folder.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import cv2

from firmware.simulated.cardpress_back import press_back
from firmware.simulated.cardpress_deck import DEFAULT_SEED, GAME, SETS, DemoCard, plan_cards
from firmware.simulated.cardpress_frame import press_face
from scanner.records import BACK_VARIANT, Picture

__all__ = ["COLUMNS", "DEFAULT_SEED", "GAME", "DemoCard", "plan_cards", "press_cards", "press_one"]

COLUMNS = (
    "path", "card_id", "name", "set", "number", "variant", "rarity", "faction", "artwork",
    "finish", "set_name", "type_line", "cost", "power", "guard", "artist",
)  # fmt: skip

_EDITION = "1"
"""Raised when the pictures of a seed change, so that a cached print run is thrown away."""


def press_cards(
    out: Path, seed: int = DEFAULT_SEED, progress: Callable[[int, int], None] | None = None
) -> list[DemoCard]:
    """Print every card of the game into `out`, with `facts.csv` and `back.jpg`.

    What is there already is kept, so that a killed run goes on and several processes may share
    the work; a folder printed from another seed is printed anew. `progress` is called with the
    cards done and their number. OSError when the folder can't be written.
    """
    cards = plan_cards(seed)
    clear_stale(out, seed)
    for done, card in enumerate(cards, 1):
        press_one(card, out)
        if progress is not None:
            progress(done, len(cards))
    if not (out / "back.jpg").exists():
        _write(out / "back.jpg", _encode(press_back()))
    _write(out / "facts.csv", _facts(cards))
    return cards


def clear_stale(out: Path, seed: int) -> None:
    """Make `out` ready for a print run: pictures of another seed or edition are removed."""
    out.mkdir(parents=True, exist_ok=True)
    stamp = out / "press.txt"
    wanted = f"{GAME} edition {_EDITION} seed {seed}\n"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    for code, _, _ in SETS:
        for old in (out / code).glob("*.jpg"):
            old.unlink(missing_ok=True)
    (out / "back.jpg").unlink(missing_ok=True)
    _write(stamp, wanted.encode())


def press_one(card: DemoCard, out: Path) -> Path:
    """Print one card unless its picture is there; the path of the picture."""
    path = out / card.path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, _encode(press_face(card)))
    return path


def _facts(cards: list[DemoCard]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(card, column) for column in COLUMNS] for card in cards)
    back = {"path": "back.jpg", "card_id": "LF-BACK", "name": f"{GAME} card back"}
    back |= {"variant": BACK_VARIANT, "artwork": "LF-BACK", "finish": "normal"}
    writer.writerow([back.get(column, "") for column in COLUMNS])
    return text.getvalue().encode()


def _encode(picture: Picture) -> bytes:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return bytes(data)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: another process may be printing the same card."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)


def main() -> int:
    """Print the game into the folder named on the command line."""
    if len(sys.argv) != 2:
        print("usage: python -m firmware.simulated.cardpress FOLDER", file=sys.stderr)
        return 2
    cards = press_cards(Path(sys.argv[1]))
    print(f"{len(cards)} cards of {GAME} in {sys.argv[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
