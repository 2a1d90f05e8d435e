"""The report as a folder that opens anywhere: index.html, corners.html, pictures, report.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from firmware.bench_by_eye import (
    LIMITS,
    MOVED,
    NOT_JUDGED,
    OFF_WITHIN,
    RIGHT_WITHIN,
    ByEye,
    by_measure,
    table_to_judge,
    tally,
    verdict,
)
from firmware.bench_cases import Case
from firmware.bench_judged import Judged
from firmware.bench_report_bars import Bar, percent
from firmware.bench_report_charts import accept_chart, reliability_chart
from firmware.bench_report_pictures import ReportPictures, Shown
from scanner.bench_truth import Truth
from scanner.errors import StoreError
from scanner.records import Decision

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One measured picture as the pages show it; files are relative to the folder. `name` is what
    the shown card is called, by its pack or else by the table of the pictures, "" where neither
    has a name."""

    judged: Judged
    shown: Shown
    name: str = ""
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
            if not one.right_artwork:
                return "missed"
            return "review" if one.answer.decision is Decision.REVIEW else "unknown"
        return "back" if one.expects == "back" else "unlabelled"

    @property
    def standing(self) -> str:
        """How its corners are: a photo's as judged by eye, a scene's as measured, "" where there
        are none that could be right."""
        one = self.judged
        if one.source == "photo":
            return self.by_eye
        if not one.has_true_corners:
            return ""
        return by_measure(one.corners.worst if one.corners else None)

    @property
    def worst(self) -> float:
        """Its worst corner for ranking; what was not found is worse than all else."""
        corners = self.judged.corners
        return corners.worst if corners else float("inf")


GROUPS = {
    "accepted": "Accepted, and wrong",
    "missed": "Not accepted, and not recognised",
    "review": "Recognised, but left to a person",
    "unknown": "Recognised, but answered unknown",
    "back": "Backs that were not seen as backs",
    "unlabelled": "Photos whose table names no card of these catalogs",
}


def make_entry(
    pictures: ReportPictures, case: Case, judged: Judged, truth: Truth, by_eye: ByEye | None
) -> Entry:
    """Write what the pages show of one picture; the crop itself is not kept in memory."""
    answer = judged.answer
    photo = case.source == "photo"
    shown = pictures.frame(case.key, case.frame, answer.corners_px, case.corners_px, fine=photo)
    crop = found = true = ""
    if judged.to_look_at and answer.crop is not None:
        crop = pictures.crop(case.key, answer.crop)
        found = pictures.reference(judged.found, truth)
    if judged.to_look_at:
        true = pictures.reference(judged.card_id, truth)
    said = verdict(by_eye, answer.corners_px) if photo else ""
    note = by_eye.note if by_eye else ""
    bare = replace(judged, answer=replace(answer, cut_crop=None))
    # A catalog without names calls a card by its id; the table of photos may know better.
    name = next((one for one in (judged.name, case.name) if one != judged.card_id), "")
    return Entry(bare, shown, name, said, note, crop, found, true)


class ReportPages:
    """The report's pages, read before anything is measured: a long run is not lost to them."""

    def __init__(self) -> None:
        """Raises jinja2's TemplateError when a page can't be read."""
        environment = Environment(
            loader=PackageLoader("firmware"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        environment.filters["percent"] = percent
        environment.filters["slug"] = lambda text: text.replace(" ", "-")
        for included in ("bench_style.css", "bench_corners.js"):
            environment.get_template(included)
        self._index = environment.get_template("bench_report.html")
        self._corners = environment.get_template("bench_corners.html")

    def write(
        self, folder: Path, entries: Sequence[Entry], summary: Mapping[str, Any],
        reached: Sequence[Bar], about: Mapping[str, Any], judged: Mapping[str, ByEye],
    ) -> None:  # fmt: skip
        """Write the JSON twin, the table of corners to judge, then the pages. StoreError when the
        folder can't be written."""
        photos = [one for one in entries if one.judged.source == "photo"]
        eye = tally(one.by_eye for one in photos)
        names = _names(entries)
        twin = {
            **about, **summary, "bars": [asdict(bar) for bar in reached], "judged_by_eye": eye,
            "rows": [row_of(one, names) for one in entries],
        }  # fmt: skip
        _write(folder / "report.json", json.dumps(twin, indent=1))
        if photos:
            places = [(one.judged.title, one.judged.answer.corners_px) for one in photos]
            _write(folder / "corners-to-judge.csv", table_to_judge(places, judged))
        listed = {title: [e for e in entries if e.group == key] for key, title in GROUPS.items()}
        shared: Json = {"about": about, "summary": summary, "photos": photos, "eye": eye,
                        "limits": LIMITS, "names": names}  # fmt: skip
        index = self._index.render(
            **shared, bars=reached, listed=listed, left=eye.get(NOT_JUDGED, 0) + eye.get(MOVED, 0),
            accept=accept_chart(summary["decision"]),
            reliability=reliability_chart(summary["decision"]),
        )  # fmt: skip
        _write(folder / "index.html", index)
        scenes = [one for one in entries if one.judged.source == "scene"]
        galleries = {"photo": worst_first(photos), "scene": worst_first(scenes)}
        corners = self._corners.render(
            **shared,
            galleries=galleries,
            moved=MOVED,
            right_within=RIGHT_WITHIN,
            off_within=OFF_WITHIN,
        )
        _write(folder / "corners.html", corners)


def worst_first(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The pictures by how their corners are, the worst first, so also within each; what was not
    judged comes after what was found wrong or off, what can't be judged last."""
    order = ("not found", "wrong", "slightly off", MOVED, NOT_JUDGED, "right", "")
    ranked = sorted(entries, key=lambda one: -one.worst)
    groups = {said: [one for one in ranked if one.standing == said] for said in order}
    return {said: group for said, group in groups.items() if group}


def _names(entries: Iterable[Entry]) -> dict[str, str]:
    """What each card is called that is shown or that one was taken for."""
    names: dict[str, str] = {}
    for entry in entries:
        one = entry.judged
        if one.found and one.found_name != one.found:
            names[one.found] = one.found_name
        if one.card_id and entry.name:
            names[one.card_id] = entry.name
        if entry.name and one.right_artwork:
            names.setdefault(one.found, entry.name)
    return names


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{file} can't be written ({error.strerror or error}); "
            "make room or name another folder with --report"
        ) from error


def row_of(entry: Entry, names: Mapping[str, str]) -> Json:
    """One measured picture as plain values; a card without a name is called by its id."""
    one = entry.judged
    answer = one.answer
    return {
        "key": one.key,
        "title": one.title,
        "source": one.source,
        "game": one.game,
        "expects": one.expects,
        "truth": one.card_id,
        "truth_name": entry.name or one.name,
        "found": one.found or None,
        "found_name": names.get(one.found, one.found_name),
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
