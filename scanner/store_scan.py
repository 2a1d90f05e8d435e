"""The row that one identification becomes."""

from __future__ import annotations

import time
from datetime import datetime

import numpy as np

from scanner.records import (
    Candidate,
    Decision,
    Finish,
    Identification,
    Picture,
    Printing,
    View,
)
from scanner.tables import Scan


def scan_row(
    identification: Identification,
    *,
    scan_id: int,
    batch_id: int,
    feed_key: str | None,
    driver: str,
    finish: str,
    crop_path: str,
    captured_mono_ns: int | None,
    created_at: datetime,
) -> Scan:
    """A new row, its `sequence` still 0. Plain numbers only, so that JSON can hold them."""
    printing = identification.printing
    corners = identification.corners_px
    return Scan(
        id=scan_id,
        batch_id=batch_id,
        sequence=0,
        feed_key=feed_key,
        decision=identification.decision.value,
        reasons=list(identification.reasons),
        view=identification.view.value,
        game=printing.game if printing else "",
        card_id=printing.card_id if printing else "",
        name=printing.name if printing else "",
        set_name=printing.set if printing else "",
        number=printing.number if printing else "",
        variant=printing.variant if printing else "",
        finish=finish,
        score=float(identification.candidates[0].score) if identification.candidates else 0.0,
        candidates=candidates_json(identification),
        corners_px=[] if corners is None else [[float(x), float(y)] for x, y in corners],
        upside_down=bool(identification.upside_down),
        stages_ms=stages_json(identification),
        crop_path=crop_path,
        recognizer=identification.recognizer,
        model_id=identification.model_id,
        pack_id=identification.pack_id,
        driver=driver,
        captured_mono_ns=time.monotonic_ns() if captured_mono_ns is None else captured_mono_ns,
        created_at=created_at,
        probability=probability_of(identification),
    )


def identification_of(scan: Scan, crop: Picture | None) -> Identification:
    """The answer that a scan's row was made of, as far as the row holds it."""
    game = scan.game or scan.pack_id.partition("@")[0]
    candidates = tuple(
        Candidate(
            Printing(
                str(entry.get("printing", "")), str(entry.get("game") or game),
                str(entry.get("name", "")), str(entry.get("set", "")),
                str(entry.get("number", "")), str(entry.get("variant", "")),
            ),
            float(entry.get("score", 0.0)),
            scan.pack_id,
        )
        for entry in scan.candidates
    )  # fmt: skip
    printing = Printing(
        scan.card_id, scan.game, scan.name, scan.set_name, scan.number, scan.variant
    )
    return Identification(
        decision=Decision(scan.decision),
        reasons=tuple(scan.reasons),
        view=View(scan.view),
        printing=printing if scan.card_id else None,
        candidates=candidates,
        corners_px=np.array(scan.corners_px, np.float32) if scan.corners_px else None,
        upside_down=scan.upside_down,
        recognizer=scan.recognizer,
        model_id=scan.model_id,
        pack_id=scan.pack_id,
        cut_crop=None if crop is None else lambda: crop,
        finish=Finish(scan.finish),
        probability=scan.probability or 0.0,
    )


def probability_of(identification: Identification) -> float | None:
    """The chance that the answer is right as a row keeps it; None where nothing was compared."""
    chance = float(identification.probability)
    return round(chance, 6) if 0 < chance <= 1 else None


def candidates_json(identification: Identification) -> list[dict[str, str | float]]:
    """The candidates as a row keeps them, best first."""
    return [
        {
            "printing": candidate.printing.card_id,
            "game": candidate.printing.game,
            "name": candidate.printing.name,
            "set": candidate.printing.set,
            "number": candidate.printing.number,
            "variant": candidate.printing.variant,
            "score": round(float(candidate.score), 6),
        }
        for candidate in identification.candidates
    ]


def stages_json(identification: Identification) -> dict[str, float]:
    """The times of the stages in milliseconds as a row keeps them."""
    return {name: round(float(ms), 3) for name, ms in identification.stages_ms.items()}
