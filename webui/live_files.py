"""The feed process's preview: `live/preview.jpg` and `live/preview.json`, read with care.

The feed loop writes both by temp file and rename, a few times a second, and never waits for a
reader. How old they are also tells whether the feed process is there at all.
"""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path

MAX_JSON_BYTES = 64 * 1024
MAX_CARDS = 32
FEED_SILENT_S = 5.0
"""Older than this, the feed process is taken to be away."""

Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What is under the camera. `cards` are the outlines of the cards in view: of each four (x, y)
    as shares of the picture.

    `age_s` is infinite when there has never been a preview. `driver` and `recognizer` are empty
    where the feed process does not say.
    """

    sequence: int = 0
    view: str = "nothing"
    state: str = ""
    cards: tuple[Outline, ...] = ()
    age_s: float = math.inf
    driver: str = ""
    recognizer: str = ""
    has_frame: bool = False

    @property
    def fresh(self) -> bool:
        """Tell whether the feed process has written lately."""
        return self.age_s < FEED_SILENT_S


def _outline(value: object) -> Outline:
    if not isinstance(value, list) or len(value) != 4:
        return ()
    points = []
    for point in value:
        if not isinstance(point, list) or len(point) != 2:
            return ()
        try:
            x, y = float(point[0]), float(point[1])
        except (TypeError, ValueError):
            return ()
        if not (math.isfinite(x) and math.isfinite(y)):
            return ()
        points.append((round(x, 4), round(y, 4)))
    return tuple(points)


def _outlines(value: object) -> tuple[Outline, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(outline for each in value[:MAX_CARDS] if (outline := _outline(each)))


class LiveFiles:
    """Reads the preview files. Thread-safe; missing or broken files read as no preview."""

    def __init__(self, data_dir: Path) -> None:
        self.frame_path = data_dir / "live" / "preview.jpg"
        self._json_path = data_dir / "live" / "preview.json"
        self._lock = threading.Lock()
        self._mtime_ns = -1
        self._seen_mono_s = 0.0
        self._looked_mono_s = -math.inf
        self._age_when_seen_s = 0.0
        self._fields: dict[str, object] = {}

    def read(self) -> Preview:
        """Return the newest preview. Costs one `stat` when nothing is new."""
        with self._lock:
            now_mono_s = time.monotonic()
            since_look_s = now_mono_s - self._looked_mono_s
            self._looked_mono_s = now_mono_s
            try:
                mtime_ns = self._json_path.stat().st_mtime_ns
            except OSError:
                return Preview()
            if mtime_ns != self._mtime_ns:
                # The wall clock may have been set meanwhile: it counts for no more than the time
                # since the last look, when this file was not there yet.
                age_s = max(0.0, time.time() - mtime_ns / 1e9)
                self._age_when_seen_s = min(age_s, since_look_s)
                self._mtime_ns, self._seen_mono_s = mtime_ns, now_mono_s
                self._fields = self._load()
            return self._preview(self._age_when_seen_s + now_mono_s - self._seen_mono_s)

    def _load(self) -> dict[str, object]:
        try:
            with self._json_path.open("rb") as file:
                fields = json.loads(file.read(MAX_JSON_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        return fields if isinstance(fields, dict) else {}

    def _preview(self, age_s: float) -> Preview:
        fields = self._fields
        sequence = fields.get("sequence")
        return Preview(
            sequence=sequence if isinstance(sequence, int) else 0,
            view=str(fields.get("view", "nothing")),
            state=str(fields.get("state", "")),
            cards=_outlines(fields.get("cards")),
            age_s=age_s,
            driver=str(fields.get("driver", "")),
            recognizer=str(fields.get("recognizer", "")),
            has_frame=self.frame_path.is_file(),
        )
