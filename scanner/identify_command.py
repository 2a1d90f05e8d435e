"""`counterscan identify`: name the cards in picture files, one line each."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from scanner.errors import PictureError
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.recognize import open_packs, open_recognizer
from scanner.records import Identification


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan identify`."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="pictures of cards")
    parser.add_argument(
        "--pack", nargs="+", action="extend", type=Path, required=True, metavar="PACK",
        help="catalog packs to look in",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object per picture")


def run(args: argparse.Namespace) -> int:
    """Name each picture; a picture that can't be read is reported and the rest go on."""
    recognizer = open_recognizer(open_packs(args.pack))
    print(recognizer.describe(), file=sys.stderr)
    failed = 0
    for path in args.images:
        try:
            answer = identify_file(recognizer, path)
        except PictureError as error:
            failed += 1
            print(f"counterscan: {error}", file=sys.stderr)
            if args.json:
                print(json.dumps({"image": str(path), "error": str(error)}), flush=True)
            continue
        print(
            json.dumps(as_json(path, answer)) if args.json else sentence(path, answer), flush=True
        )
    return 1 if failed else 0


def identify_file(recognizer: Recognizer, path: Path) -> Identification:
    """Identify one picture file. Raises PictureError, which names the file."""
    frame = read_picture(path)
    try:
        return recognizer.identify(frame)
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from error


def as_json(path: Path, answer: Identification) -> dict[str, Any]:
    """The answer as plain values; `printing` is the pack's card_id or null."""
    return {
        "image": str(path),
        "decision": answer.decision.value,
        "reasons": list(answer.reasons),
        "view": answer.view.value,
        "printing": answer.printing.card_id if answer.printing else None,
        "name": answer.printing.name if answer.printing else None,
        "finish": answer.finish.value,
        "candidates": [
            {
                "printing": candidate.printing.card_id,
                "name": candidate.printing.name,
                "score": candidate.score,
                "pack": candidate.pack_id,
            }
            for candidate in answer.candidates
        ],
        "corners_px": None if answer.corners_px is None
        else [[round(float(x), 2), round(float(y), 2)] for x, y in answer.corners_px],
        "upside_down": answer.upside_down,
        "stages_ms": {stage: round(ms, 3) for stage, ms in answer.stages_ms.items()},
        "recognizer": answer.recognizer,
        "model": answer.model_id,
    }  # fmt: skip


def sentence(path: Path, answer: Identification) -> str:
    """One line for a person: file, decision, card, why."""
    card = ""
    if answer.printing:
        printing = answer.printing
        parts = (printing.name or printing.card_id, printing.set, printing.number, printing.variant)
        score = f"{answer.candidates[0].score:.2f}"
        card = " · ".join(part for part in (*parts, score) if part) + " · "
    return f"{path.name}: {answer.decision.value} · {card}{'; '.join(answer.reasons)}"
