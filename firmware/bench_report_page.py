"""The report as a folder that opens anywhere: index.html, corners.html, pictures, report.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from firmware.bench_by_eye import NOT_JUDGED, ByEye, table_to_judge, verdict
from firmware.bench_cases import Case
from firmware.bench_judged import Judged
from firmware.bench_report_bars import Bar, percent
from firmware.bench_report_charts import accept_chart, reliability_chart
from firmware.bench_report_pictures import ReportPictures, Shown
from scanner.bench_truth import Truth
from scanner.errors import StoreError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One measured picture as the pages show it; files are relative to the folder."""

    judged: Judged
    shown: Shown
    by_eye: str = NOT_JUDGED
    note: str = ""
    crop: str = ""
    found_picture: str = ""
    true_picture: str = ""

    @property
    def group(self) -> str:
        """Under which heading the picture is listed, "" for none."""
        one = self.judged
        if not one.to_look_at:
            return ""
        if one.wrong_accepted:
            return "accepted"
        if one.expects == "card":
            return "review" if one.right_artwork else "missed"
        return "back" if one.expects == "back" else "unlabelled"


GROUPS = {
    "accepted": "Accepted, and wrong",
    "missed": "Not accepted, and not recognised",
    "review": "Recognised, but left to a person",
    "back": "Backs that were not seen as backs",
    "unlabelled": "Photos whose table names no card of these catalogs",
}


def make_entry(
    pictures: ReportPictures, case: Case, judged: Judged, truth: Truth, by_eye: ByEye | None
) -> Entry:
    """Write what the pages show of one picture; the crop itself is not kept in memory."""
    answer = judged.answer
    shown = pictures.frame(case.key, case.frame, answer.corners_px, case.corners_px)
    crop = found = true = ""
    if judged.to_look_at and answer.crop is not None:
        crop = pictures.crop(case.key, answer.crop)
        found = pictures.reference(judged.found, truth)
    if judged.to_look_at:
        true = pictures.reference(judged.card_id, truth)
    said = verdict(by_eye, answer.corners_px) if case.source == "photo" else ""
    note = by_eye.note if by_eye else ""
    bare = replace(judged, answer=replace(answer, crop=None))
    return Entry(bare, shown, said, note, crop, found, true)


def write_report(
    folder: Path, entries: Sequence[Entry], summary: Mapping[str, Any], reached: Sequence[Bar],
    about: Mapping[str, Any], judged: Mapping[str, ByEye],
) -> None:  # fmt: skip
    """Write the pages, the JSON twin and the table of corners to judge. StoreError when the
    folder can't be written."""
    environment = Environment(
        loader=PackageLoader("firmware"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["percent"] = percent
    photos = [one for one in entries if one.judged.source == "photo"]
    shared: Json = {
        "about": about,
        "summary": summary,
        "eye": Counter(one.by_eye for one in photos),
        "photos": photos,
    }
    listed = {title: [e for e in entries if e.group == key] for key, title in GROUPS.items()}
    index = environment.get_template("bench_report.html").render(
        **shared, bars=reached, listed=listed,
        accept=accept_chart(summary["decision"]),
        reliability=reliability_chart(summary["decision"]),
    )  # fmt: skip
    scenes = [one for one in entries if one.judged.source == "scene"]
    corners = environment.get_template("bench_corners.html").render(**shared, scenes=scenes)
    twin = {
        **about, **summary, "bars": [asdict(bar) for bar in reached],
        "judged_by_eye": dict(shared["eye"]), "rows": [row_of(one.judged) for one in entries],
    }  # fmt: skip
    places = [(one.judged.title, one.judged.answer.corners_px) for one in photos]
    files = {
        "index.html": index,
        "corners.html": corners,
        "report.json": json.dumps(twin, indent=1),
    }
    if photos:
        files["corners-to-judge.csv"] = table_to_judge(places, judged)
    for name, text in files.items():
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"{folder / name} can't be written ({error.strerror or error}); "
                "make room or name another folder with --report"
            ) from error


def row_of(one: Judged) -> Json:
    """One measured picture as plain values."""
    answer = one.answer
    return {
        "key": one.key,
        "title": one.title,
        "source": one.source,
        "game": one.game,
        "expects": one.expects,
        "truth": one.card_id,
        "truth_name": one.name,
        "found": one.found or None,
        "found_name": one.found_name,
        "decision": answer.decision.value,
        "view": answer.view.value,
        "reasons": list(answer.reasons),
        "score": one.score,
        "probability": answer.probability,
        "printing_certain": answer.printing_certain,
        "right_name": one.right_name,
        "right_artwork": one.right_artwork,
        "right_printing": one.right_printing,
        "true_language": one.true_language,
        "language": one.language,
        "true_finish": one.true_finish,
        "finish": one.finish,
        "conditions": sorted(one.conditions),
        "corners_px": None if answer.corners_px is None
        else [[round(float(x), 2), round(float(y), 2)] for x, y in answer.corners_px],
        "corner_error_percent": None if one.corners is None else round(one.corners.mean * 100, 3),
        "worst_corner_percent": None if one.corners is None else round(one.corners.worst * 100, 3),
        "yardsticks": {name: asdict(stick) for name, stick in one.yardsticks.items()},
        "stages_ms": {stage: round(ms, 3) for stage, ms in answer.stages_ms.items()},
        "ms": round(one.elapsed_ms, 3),
    }  # fmt: skip
