"""What the page shows of the camera: two small files, written beside the loop, never waited for.

`live/preview.jpg` is the last frame, at most 960 pixels wide. `live/preview.json` holds `cards`
(for each card in view its corners, [[x, y] × 4] in 0…1 of the frame), `view`, `state`, `sequence`,
`driver`, `recognizer`. Both appear by rename. A full disk switches the preview off until there is
space again.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from scanner.records import Corners, Picture

WIDTH_PX = 960
JPEG_QUALITY = 75
INTERVAL_S = 0.2
HEARTBEAT_S = 2.0
OFF_S = 10.0

Outline = list[list[float]]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Shown:
    state: str
    view: str = "nothing"
    picture: Picture | None = None
    cards: tuple[Outline, ...] = ()


class Preview:
    """Takes what there is to show and writes it at most five times a second in its own thread."""

    def __init__(self, data_dir: Path, *, driver: str, recognizer: str, state: str = "idle"):
        self._folder = data_dir / "live"
        self._about = {"driver": driver, "recognizer": recognizer}
        self._changed = threading.Condition()
        self._shown = _Shown(state)
        self._news = True
        self._ended = False
        self._sequence = 0
        self._off_until_s = 0.0
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)
        self._thread.start()

    def show_state(self, state: str) -> None:
        """Show another machine state; the frame stays."""
        with self._changed:
            if state != self._shown.state:
                self._shown.state = state
                self._wake()

    def show_recognizer(self, recognizer: str) -> None:
        """Show from now on that something else recognises: packs were changed while idle."""
        with self._changed:
            self._about = {**self._about, "recognizer": recognizer}
            self._wake()

    def show_frame(self, picture: Picture, outlines_px: Sequence[Corners], view: str) -> None:
        """Show a frame and the cards in it. It is not copied: the loop never changes a frame it
        has taken."""
        height_px, width_px = picture.shape[:2]
        cards = tuple(
            [[float(x) / width_px, float(y) / height_px] for x, y in outline_px]
            for outline_px in outlines_px
        )
        with self._changed:
            self._shown = _Shown(self._shown.state, view, picture, cards)
            self._wake()

    def close(self) -> None:
        """Write the last news and end the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout=2.0)
        if self._thread.is_alive():
            log.warning("the preview does not end; it is left behind")

    def _wake(self) -> None:
        self._news = True
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._news or self._ended, HEARTBEAT_S)
                shown, ended = self._shown, self._ended
                # The frame is written once; afterwards only its outline and state are repeated.
                self._shown = _Shown(shown.state, shown.view, None, shown.cards)
                self._news = False
            self._write(shown)
            if ended:
                return
            time.sleep(INTERVAL_S)

    def _write(self, shown: _Shown) -> None:
        if time.monotonic() < self._off_until_s:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if shown.picture is not None:
                self._replace("preview.jpg", _as_jpeg(shown.picture))
                self._sequence += 1
            message = {
                "cards": shown.cards,
                "view": shown.view,
                "state": shown.state,
                "sequence": self._sequence,
                **self._about,
            }
            self._replace("preview.json", json.dumps(message).encode())
        except OSError as error:
            self._off_until_s = time.monotonic() + OFF_S
            log.warning("no preview for now: %s", error)

    def _replace(self, name: str, data: bytes) -> None:
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(data)
        unfinished.replace(self._folder / name)


def _as_jpeg(picture: Picture) -> bytes:
    height_px, width_px = picture.shape[:2]
    if width_px > WIDTH_PX:
        size = (WIDTH_PX, round(height_px * WIDTH_PX / width_px))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    written, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not written:
        raise OSError("the picture could not be encoded")
    return data.tobytes()
