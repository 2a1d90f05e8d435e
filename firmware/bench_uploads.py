"""`counterscan bench uploads`: what pictures queued beside the feed loop cost it.

The simulated machine runs in real time, whole: loop, log, recognition, preview. The same pile
passes again and again, by turns with an empty queue and with a full one; the medians are compared.
The pictures are read by the product's own process, politely, as on the device.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from firmware.assembly import assemble
from firmware.demo_setup import GAME, demo_pool, install_demo_pack
from firmware.phases import Phase
from firmware.recognition import open_packs, open_recognizer
from firmware.simulated.camera import SimulatedCamera
from firmware.simulated.deck import DeckCard, draw_deck
from firmware.simulated.parts import make_machine
from firmware.upload_thread import UploadThread
from firmware.upload_worker import WorkerReader
from scanner.batches import BatchPlan
from scanner.config import CameraSettings, CatalogSettings, Settings
from scanner.config_machine import FeederSettings, LightSettings, SignalSettings, SorterSettings
from scanner.errors import UsageError
from scanner.records import Picture
from scanner.store import Store
from scanner.tables import Scan
from scanner.tables_uploads import UploadPicture
from scanner.upload_files import keep_picture

BAR_PERCENT = 2.0
RENDERED = 12
WARM_WITHIN_S = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench uploads`."""
    parser.add_argument("--pictures", type=int, default=100, help="how many wait in the queue")
    parser.add_argument("--cards", type=int, default=12, help="cards of one pile")
    parser.add_argument("--rounds", type=int, default=3, help="piles with uploads, and without")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measure, and say what came of it; 1 where the loop is slowed too much. Raises UsageError."""
    if args.cards < 3 or args.rounds < 1 or args.pictures < 1 or args.seed < 0:
        raise UsageError("--cards is at least 3, --rounds and --pictures at least 1, --seed 0")
    with tempfile.TemporaryDirectory(prefix="counterscan-bench-") as folder:
        settings = _settings(args.settings, Path(folder))
        install_demo_pack(settings.data_dir, lambda text: print(text, file=sys.stderr))
        with Store.open(settings.data_dir, role="feed") as store:
            bench = Bench(settings, store, args.cards, args.seed)
            try:
                figures = measure(bench, args.rounds, args.pictures)
            finally:
                bench.close()
    print(json.dumps(figures) if args.json else text_of(figures))
    return 0 if figures["slowed_percent"] <= BAR_PERCENT else 1


def text_of(figures: dict[str, float]) -> str:
    """The figures for a person."""
    kept = "within" if figures["slowed_percent"] <= BAR_PERCENT else "MISSES"
    return (
        f"{figures['alone']:,.0f} cards an hour alone, {figures['beside_uploads']:,.0f} beside "
        f"{figures['queued']:.0f} queued pictures, of which {figures['read']:.0f} were read "
        f"meanwhile: slowed by {figures['slowed_percent']:+.1f} %, which {kept} {BAR_PERCENT:g} %."
    )


class Bench:
    """The machine in real time, its log, and a queue of pictures."""

    def __init__(self, settings: Settings, store: Store, cards: int, seed: int) -> None:
        """Open everything; nothing moves yet."""
        self._settings = settings
        self._store = store
        self._cards = cards
        self._seed = seed
        self._pool = demo_pool()
        self._simulated, drivers = make_machine(settings)
        self._close = drivers.close
        recognizer = open_recognizer(settings, open_packs(settings))
        self._machine, self._loop = assemble(
            settings,
            store,
            recognizer,
            replace(drivers, before_batch=self._fresh_pile),
            on_batch=lambda _batch: None,
        )
        self._machine.on_scan = self._on_scan
        self._machine.camera.start()
        self._machine.feeder.listen(self._loop.inbox.put)
        self._scanned_s: list[float] = []
        self._page = Store.open(settings.data_dir, role="web")
        self._rendered = self._render()
        self._queued = 0

    def cards_per_hour(self) -> float:
        """Feed one pile; always the same one."""
        self._scanned_s.clear()
        self._page.add_command("start", {"name": "Bench", "expected_cards": self._cards})
        self._loop.turn()
        while len(self._scanned_s) < self._cards or self._loop.state.phase is not Phase.FINISHED:
            self._loop.turn()
        return 3600 * (self._cards - 1) / (self._scanned_s[-1] - self._scanned_s[0])

    def cards_per_hour_beside(self, pictures: int) -> tuple[float, int]:
        """Feed the pile while so many pictures wait at its start; and how many are read."""
        uploads = UploadThread(self._store, self._settings.data_dir, WorkerReader(self._settings))
        uploads.follow(self._machine)
        with uploads:
            self._queue(pictures)
            before = self._waiting()
            _await(lambda: self._waiting() < before)
            self._queue(pictures - self._waiting())
            before = self._waiting()
            return self.cards_per_hour(), before - self._waiting()

    def close(self) -> None:
        """Stop the machine and close the log's second end."""
        self._machine.make_safe()
        if self._machine.preview is not None:
            self._machine.preview.close()
        self._page.close()
        self._close()

    def _fresh_pile(self, expected: int) -> int:
        self._simulated.load(draw_deck(self._pool, expected, seed=self._seed))
        return expected

    def _on_scan(self, _scan: Scan, _ms: float) -> None:
        self._scanned_s.append(time.monotonic())

    def _render(self) -> list[Picture]:
        in_view: list[DeckCard | None] = [None]
        size_px = (self._settings.camera.width_px, self._settings.camera.height_px)
        camera = SimulatedCamera(lambda: (in_view[0], 0.0), size_px)
        pictures = []
        for card in draw_deck(self._pool, RENDERED, seed=self._seed + 1):
            in_view[0] = card
            pictures.append(camera.capture().picture)
        return pictures

    def _queue(self, count: int) -> None:
        if count < 1:
            return
        upload = self._page.add_upload("Bench", "page", "bench", BatchPlan())
        for _ in range(count):
            picture = self._rendered[self._queued % RENDERED].copy()
            # No two are the same file, for an answer that is known is not worked out again.
            number = np.array(divmod(self._queued, 256), np.uint8)
            picture[:16, :16, 0], picture[:16, 16:32, 0] = number * 40
            self._queued += 1
            data = cv2.imencode(".jpg", picture)[1].tobytes()
            file = keep_picture(self._settings.data_dir, data)
            self._page.add_picture(
                UploadPicture(
                    upload_id=upload.id or 0,
                    name=f"{self._queued}.jpg",
                    sha256=hashlib.sha256(data).hexdigest(),
                    size_bytes=len(data),
                    file=file,
                )
            )

    def _waiting(self) -> int:
        return self._page.waiting_of(None)


def measure(bench: Bench, rounds: int, pictures: int) -> dict[str, float]:
    """The figures of so many piles alone, and as many beside a queue of pictures."""
    alone, beside, read = [], [], 0
    bench.cards_per_hour()  # warms up
    for _ in tqdm(range(rounds), unit=" rounds", disable=None):
        alone.append(bench.cards_per_hour())
        cards_per_hour, done = bench.cards_per_hour_beside(pictures)
        beside.append(cards_per_hour)
        read += done
    without, with_uploads = statistics.median(alone), statistics.median(beside)
    return {
        "alone": round(without, 1),
        "beside_uploads": round(with_uploads, 1),
        "slowed_percent": round(100 * (1 - with_uploads / without), 2),
        "queued": pictures,
        "read": read,
        "rounds": rounds,
    }


def _settings(settings: Settings, folder: Path) -> Settings:
    """The simulated machine with the demo's cards, whatever the person's own settings say."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "camera": CameraSettings(),
            "feeder": FeederSettings(
                hopper_sensor_pin=25, thickness_sensor_pin=26, stage_next=True
            ),
            "lights": LightSettings(),
            "sorter": SorterSettings(),
            "signals": SignalSettings(),
            "catalog": CatalogSettings(packs=(GAME,)),
        }
    )


def _await(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + WARM_WITHIN_S
    while not condition() and time.monotonic() < until_s:
        time.sleep(0.1)
