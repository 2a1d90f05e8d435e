"""Measured pictures made up for the report's tests, so that they need no recognizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from firmware.bench_by_eye import ByEye
from firmware.bench_cases import Case
from firmware.bench_corners import CornerError
from firmware.bench_judged import Judged, Yardstick
from firmware.bench_report import summarise
from firmware.bench_report_bars import bars
from firmware.bench_report_page import Entry, ReportPages, make_entry
from firmware.bench_report_pictures import ReportPictures
from scanner.bench_truth import Truth
from scanner.records import Candidate, Decision, Identification, Printing, View

CORNERS = np.array([[40, 20], [140, 22], [138, 160], [38, 158]], np.float32)
FRAME = np.full((180, 320, 3), 90, np.uint8)
HOSTILE = "<script>alert(1)</script>&\"'"


def answer(
    decision: Decision = Decision.ACCEPTED, card_id: str = "A-1", score: float = 0.95
) -> Identification:
    printing = Printing(card_id, "made", f"Name of {card_id}")
    return Identification(
        decision, ("because",), View.CARD, printing, (Candidate(printing, score, "made@1"),),
        corners_px=CORNERS, stages_ms={"locate": 2.0, "rectify": 0.5, "embed": 1.0},
        cut_crop=lambda: np.full((640, 448, 3), 120, np.uint8),
    )  # fmt: skip


RIGHT = Judged(
    key="made-0", title="scene 0", source="scene", game="made", expects="card", card_id="A-1",
    name="Name of A-1", conditions=frozenset({"sleeve"}), answer=answer(), found="A-1",
    found_name="Name of A-1", score=0.95, right_name=True, right_artwork=True,
    right_printing=True, right_in_3=True, true_language="", language="", true_finish="normal",
    finish="", corners=CornerError(0.002, 0.003), has_true_corners=True, has_twin=False,
    yardsticks={"hash": Yardstick("A-1", True, 1.0), "orb": Yardstick("B-2", False, 9.0)},
    elapsed_ms=6.0,
)  # fmt: skip

WRONG = replace(
    RIGHT, key="made-1", title="scene 1", found="B-2", found_name="Name of B-2",
    answer=answer(card_id="B-2", score=0.9), score=0.9, right_name=False, right_artwork=False,
    right_printing=False, right_in_3=False, conditions=frozenset({"foil"}),
)  # fmt: skip

REVIEWED = replace(
    RIGHT, key="made-2", title="scene 2", answer=answer(Decision.REVIEW, score=0.7), score=0.7
)

PHOTO = replace(
    RIGHT, key="photo-0000", title="000.jpg", source="photo", expects="unlabelled", card_id="",
    name=HOSTILE, right_name=None, right_artwork=None, right_printing=None, yardsticks={},
    corners=None, has_true_corners=False, answer=answer(Decision.UNKNOWN),
)  # fmt: skip


def write_made_up(
    folder: Path, measured: list[Judged], by_eye: Mapping[str, ByEye] | None = None,
    names: Mapping[str, str] | None = None,
) -> list[Entry]:  # fmt: skip
    """The report over made-up answers; its pictures are plain. `names` are those that the table
    of photos has, by the picture's title."""
    truth = Truth([])
    pictures = ReportPictures(folder)
    judged, named = by_eye or {}, names or {}
    entries = [
        make_entry(
            pictures, replace(_case(one), name=named.get(one.title, one.name)), one, truth,
            judged.get(one.title),
        )
        for one in measured
    ]  # fmt: skip
    summary = summarise(measured)
    about = {
        "made_at": "today",
        "difficulty": "moderate",
        "seed": 1,
        "recognizers": ["made up"],
        "busy": "",
    }
    ReportPages().write(folder, entries, summary, bars(summary, "moderate"), about, judged)
    return entries


def _case(one: Judged) -> Case:
    return Case(
        one.key, one.title, "photo" if one.source == "photo" else "scene", one.game, one.expects,
        one.card_id, one.name, one.conditions, FRAME,
        CORNERS + 1 if one.has_true_corners else None,
    )  # fmt: skip
