"""A shop for the page's tests: a real log, written as the feed process does, with drawn cards."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from scanner.records import (
    CROP_HEIGHT_PX,
    CROP_WIDTH_PX,
    Candidate,
    Decision,
    Identification,
    Picture,
    Printing,
    View,
)
from scanner.store import Store
from scanner.store_present import PresentAnswer
from scanner.tables import Command, Scan

NAMES = (
    "Ember Fox",
    "Tidewatch Heron",
    "The Lantern Keeper of Old Harbour",
    "Moss Golem",
    "Quiet Thunder",
    "Glass Archer",
    "Night Orchard",
    "Copper Wyrm",
    "Salt Priestess",
    "Windmill Giant",
)
SETS = ("Dawn of Harbours", "Second Tide", "Harbour Promos")


def draw_card(number: int, name: str) -> Picture:
    """Draw a made-up card, (640, 448, 3): a frame, a landscape of its own colours, its name."""
    rng = np.random.default_rng(number)
    base = rng.integers(60, 200, 3)
    card = np.full((CROP_HEIGHT_PX, CROP_WIDTH_PX, 3), base // 3, np.uint8)
    cv2.rectangle(card, (16, 16), (431, 623), tuple(int(v) for v in base // 2 + 60), -1)
    sky = np.linspace(base, 255 - base, 270)[:, None, :]
    card[74:344, 32:416] = np.broadcast_to(sky, (270, 384, 3)).astype(np.uint8)
    for hill in range(3):
        centre = (int(rng.integers(32, 416)), 344 + 30 * hill)
        colour = tuple(int(v) for v in rng.integers(30, 190, 3))
        cv2.ellipse(card, centre, (150, 130 - 20 * hill), 0, 180, 360, colour, -1, cv2.LINE_AA)
    cv2.circle(card, (int(rng.integers(80, 360)), 130), 28, (235, 245, 255), -1, cv2.LINE_AA)
    cv2.rectangle(card, (32, 344), (415, 604), (226, 236, 240), -1)
    font = cv2.FONT_HERSHEY_DUPLEX
    cv2.putText(card, name[:22], (34, 56), font, 0.8, (250, 250, 250), 1, cv2.LINE_AA)
    for line in range(4):
        end = (int(rng.integers(240, 392)), 384 + 34 * line)
        cv2.line(card, (52, 384 + 34 * line), end, (120, 125, 130), 5)
    cv2.putText(card, f"{number:03d}/120", (310, 592), font, 0.6, (60, 60, 60), 1, cv2.LINE_AA)
    return card


def identification(number: int, decision: Decision = Decision.ACCEPTED) -> Identification:
    """Answer for card `number` as the recogniser would."""
    name = NAMES[number % len(NAMES)]
    printings = [
        Printing(
            f"demo-{step}-{number}",
            "demo",
            name,
            SETS[(number + step) % 3],
            f"{number:03d}/120",
            "Foil" if (number + step) % 4 == 0 else "",
        )
        for step in range(3)
    ]
    scores = {
        Decision.ACCEPTED: (0.987, 0.41, 0.2),
        Decision.REVIEW: (0.862, 0.855, 0.31),
        Decision.UNKNOWN: (0.38, 0.36, 0.3),
    }[decision]
    reasons = {
        Decision.ACCEPTED: (),
        Decision.REVIEW: ("two printings share this artwork; the number could not be read",),
        Decision.UNKNOWN: ("no card of the catalog is near enough",),
    }[decision]
    return Identification(
        decision=decision,
        reasons=reasons,
        view=View.CARD,
        printing=None if decision is Decision.UNKNOWN else printings[0],
        candidates=tuple(
            Candidate(printing, score, "demo@1")
            for printing, score in zip(printings, scores, strict=True)
        ),
        corners_px=np.array([[500, 130], [1010, 150], [990, 760], [480, 740]], np.float32),
        stages_ms={"locate": 3.1, "embed": 0.8, "search": 0.2},
        model_id="own-1",
        pack_id="demo@1",
        cut_crop=lambda: draw_card(number, name),
    )


class Shop:
    """The feed process's side: its log, its commands, its preview, without a machine."""

    def __init__(self, data_dir: Path, driver: str = "picamera2 + gpio feeder") -> None:
        self.data_dir = data_dir
        self.driver = driver
        self.recognizer = "embedder"
        self.store = Store.open(data_dir, role="feed")
        self.batch_id = 0
        self._number = 0
        self._sequence = 0
        self._stopped = threading.Event()
        self._beating: threading.Thread | None = None

    def start(self, name: str = "Saturday buylist", expected: int = 200) -> int:
        """Begin a batch."""
        batch = self.store.create_batch(name, expected, self.driver)
        assert batch.id is not None
        self.batch_id = batch.id
        self.store.add_event(self.batch_id, "started", f"With {self.driver}.")
        return self.batch_id

    def scan(self, decision: Decision = Decision.ACCEPTED, **changes: Any) -> Scan:
        """Log the next card."""
        answer = dataclasses.replace(self.answer(decision), **changes)
        self._number += 1
        return self.store.commit_scan(self.batch_id, answer, feed_key=None, driver=self.driver)

    def answer(self, decision: Decision = Decision.ACCEPTED) -> Identification:
        """Tell what the recogniser would say of the next card."""
        return identification(self._number + 1, decision)

    @staticmethod
    def renamed(answer: Identification, name: str) -> Printing:
        """Return the answer's printing under another name."""
        assert answer.printing is not None
        return dataclasses.replace(answer.printing, name=name)

    def tell(self, kind: str, detail: str = "") -> None:
        """Note a change of the machine."""
        self.store.add_event(self.batch_id or None, kind, detail)

    def commands(self) -> list[Command]:
        """What the page asked and nobody answered."""
        return self.store.pending_commands()

    def await_answer(self, scan_id: int, source: str) -> PresentAnswer:
        """Wait until the scan's answer is of that source."""
        deadline_mono_s = time.monotonic() + 60
        while (answer := self.store.present_answers([scan_id])[scan_id]).source != source:
            assert time.monotonic() < deadline_mono_s, f"the answer is still of a {answer.source}"
            self._stopped.wait(0.02)
        return answer

    def await_commands(self) -> list[Command]:
        """Wait until the page has asked something, as the feed loop does."""
        deadline_mono_s = time.monotonic() + 60
        while not (asked := self.commands()):
            assert time.monotonic() < deadline_mono_s, "the page asked nothing"
            self._stopped.wait(0.02)
        return asked

    def show(
        self,
        *,
        state: str = "running",
        view: str = "card",
        others: Sequence[object] = (),
    ) -> None:
        """Write one preview, as the feed process does."""
        live = self.data_dir / "live"
        live.mkdir(exist_ok=True)
        self._sequence += 1
        table = np.full((540, 960, 3), (52, 44, 40), np.uint8)
        corners = [[0.40, 0.14], [0.63, 0.16], [0.61, 0.88], [0.38, 0.85]]
        if view == "card":
            card = draw_card(self._number or 1, NAMES[(self._number or 1) % len(NAMES)])
            source = np.array([[0, 0], [448, 0], [448, 640], [0, 640]], np.float32)
            target = (np.array(corners) * (960, 540)).astype(np.float32)
            turn = cv2.getPerspectiveTransform(source, target)
            cv2.warpPerspective(card, turn, (960, 540), table, borderMode=cv2.BORDER_TRANSPARENT)
        self._replace(live / "preview.jpg", cv2.imencode(".jpg", table)[1].tobytes())
        message = {
            "cards": [*([corners] if view == "card" else []), *others],
            "view": view,
            "state": state,
            "sequence": self._sequence,
            "driver": self.driver,
            "recognizer": self.recognizer,
        }
        self._replace(live / "preview.json", json.dumps(message).encode())

    def keep_showing(self, **what: Any) -> None:
        """Write previews from now on, so that the page takes the feed process to be there."""
        self._stopped.clear()
        self.show(**what)

        def beat() -> None:
            while not self._stopped.wait(1.0):
                self.show(**what)

        self._beating = threading.Thread(target=beat, daemon=True)
        self._beating.start()

    def fall_silent(self) -> None:
        """Write no more previews, as a feed process that has died."""
        self._stopped.set()
        if self._beating is not None:
            self._beating.join()

    def close(self) -> None:
        """End as the feed process does."""
        self.fall_silent()
        self.store.close()

    @staticmethod
    def _replace(path: Path, data: bytes) -> None:
        unfinished = path.with_name(f".{path.name}")
        unfinished.write_bytes(data)
        unfinished.replace(path)
