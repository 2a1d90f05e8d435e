"""`counterscan demo`: a whole shop's worth of scanning on a laptop, with nothing plugged in.

Prints the demo game, builds its pack, starts the page, and feeds a pile past the simulated
machine. At the end the log is compared with the pile, which the loop itself never sees.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace

from firmware.assembly import assemble, watched
from firmware.demo_page import PageProcess, choose_port
from firmware.demo_report import Report, line, sentences
from firmware.demo_setup import cache_dir, demo_pool, install_demo_pack
from firmware.phases import Phase
from firmware.preview import Preview
from firmware.recognition import open_packs
from firmware.simulated.deck import draw_deck
from firmware.simulated.parts import make_machine
from firmware.upload_thread import UploadThread
from firmware.upload_worker import WorkerReader
from scanner.config import CameraSettings, CatalogSettings, Settings
from scanner.config_machine import (
    FeederSettings,
    LightSettings,
    SignalSettings,
    SorterSettings,
)
from scanner.errors import UsageError
from scanner.models_library import models_in_use
from scanner.pipeline import Recognizer
from scanner.price_log import decider_of
from scanner.set_limit import LimitInHand
from scanner.store import Store
from scanner.tables import Scan

INTERRUPTED = 130
WATCHING_SPEED = 1.0
HURRYING_SPEED = 8.0
MOST_CARDS = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `counterscan demo`."""
    parser.add_argument("--cards", type=int, default=200, help="cards in the pile (200)")
    parser.add_argument("--seed", type=int, default=7, help="which pile is drawn (7)")
    parser.add_argument(
        "--exit",
        action="store_true",
        help=f"end after the pile; the machine then runs {HURRYING_SPEED:g} times as fast",
    )
    parser.add_argument("--json", action="store_true", help="print the summary alone, as JSON")
    parser.add_argument(
        "--port", type=int, help="port of the page (default: the [web] setting, or a free one)"
    )
    parser.epilog = "Cards, pack and log are kept in the cache folder; the log in --data, if given."


def run(args: argparse.Namespace) -> int:
    """Run the demo and return the exit code. Raises CounterscanError with what to do."""
    if not 1 <= args.cards <= MOST_CARDS:
        raise UsageError(f"--cards {args.cards} makes no pile: give 1 to {MOST_CARDS}.")
    if args.seed < 0:
        raise UsageError(f"--seed {args.seed} is no seed: give 0 or more.")
    if args.port is not None and not 0 <= args.port <= 65535:
        raise UsageError(f"--port {args.port} is not a port: give a number from 0 to 65535.")
    settings = _demo_settings(args)
    port = choose_port(args.port, settings.web.port)
    with Store.open(settings.data_dir, role="feed", price_order=settings.prices.order) as store:
        _end_last_demo(store)
        page = PageProcess(settings.data_dir, port, quiet=args.json)
        try:
            preparing = Preview(
                settings.data_dir, driver="simulated", recognizer="", state="preparing"
            )
            try:
                install_demo_pack(settings.data_dir, _say(args))
            finally:
                preparing.close()
            page.wait_until_there()
            return Demo(args, settings, store, page.url).run()
        finally:
            page.close()


class Demo:
    """One run of the demo, once everything is prepared."""

    def __init__(self, args: argparse.Namespace, settings: Settings, store: Store, url: str):
        self._args = args
        self._settings = settings
        self._store = store
        self._url = url
        self._say = _say(args)
        self._pool = demo_pool()
        self._machine, self._drivers = make_machine(
            settings, speed=HURRYING_SPEED if args.exit else WATCHING_SPEED
        )
        self._limit = LimitInHand()
        self._recognizer = Recognizer.open(
            open_packs(settings),
            threads=settings.recognition.threads,
            models_dir=models_in_use(settings.data_dir),
            decider=decider_of(settings, limit=self._limit),
        )
        self._report = Report(self._recognizer.recognizer, args.seed)
        self._batches = 0
        self._left_before = 0
        self.finished = False

    def run(self) -> int:
        """Feed the first pile, then whatever the page asks for; 130 when it was cut short."""
        drivers = replace(self._drivers, before_batch=self._fresh_pile)
        try:
            machine, loop = assemble(
                self._settings, self._store, self._recognizer, drivers, self._limit.take
            )
            tidy = machine.on_phase
            machine.on_scan = self._on_scan

            def on_phase(phase: Phase) -> None:
                if tidy is not None:
                    tidy(phase)
                if phase is Phase.FINISHED:
                    self._on_finished()
                    if self._args.exit:
                        loop.end()

            machine.on_phase = on_phase
            with Store.open(self._settings.data_dir, role="web") as page:
                page.add_command(
                    "start", {"name": f"Demo {self._args.seed}", "expected_cards": self._args.cards}
                )
            self._say(f"The page: {self._url}   Ctrl-C ends the demo.\n")
            uploads = UploadThread(
                self._store, self._settings.data_dir, WorkerReader(self._settings)
            )
            uploads.follow(machine)
            with watched(loop), uploads:
                loop.run()
        finally:
            self._drivers.close()
        return 0 if self.finished else INTERRUPTED

    def _fresh_pile(self, expected: int) -> int:
        deck = draw_deck(
            self._pool, expected or self._args.cards, seed=self._args.seed + self._batches
        )
        self._report = Report(self._recognizer.recognizer, self._args.seed + self._batches)
        self._batches += 1
        self._left_before = len(self._machine.mechanism.binned)
        self._machine.load(deck)
        return len(deck)

    def _on_scan(self, scan: Scan, ms: float) -> None:
        self._report.add(scan, self._machine.number_in_view(), ms)
        self._say(line(scan))

    def _on_finished(self) -> None:
        batch = self._store.latest_batch()
        if batch is None or batch.id is None:
            return
        newest_first = self._store.latest_scans(MOST_CARDS, batch.id)
        summary = self._report.summary(
            newest_first[::-1],
            self._machine.mechanism.binned[self._left_before :],
            [card.printed.printing.card_id for card in self._machine.cards],
            self._store.batch_summary(batch.id).cards_per_hour,
        )
        if self._args.json:
            print(json.dumps(summary), flush=True)
        self._say(sentences(summary))
        if not self._args.exit:
            self._say(f"\nThe page stays up: {self._url}   Start there feeds another pile.\n")
        self.finished = True


def _demo_settings(args: argparse.Namespace) -> Settings:
    """The person's settings, on the simulated machine, with the demo's own data and catalog."""
    settings: Settings = args.settings
    speed = HURRYING_SPEED if args.exit else WATCHING_SPEED
    return settings.model_copy(
        update={
            "data_dir": settings.data_dir if args.data is not None else cache_dir() / "demo",
            "camera": CameraSettings(),
            # At eight times the speed a card would not stop in time at the entry.
            "feeder": FeederSettings(
                hopper_sensor_pin=25, thickness_sensor_pin=26, stage_next=not args.exit
            ),
            "lights": LightSettings(left_pin=5, right_pin=6),
            "sorter": SorterSettings(
                driver="servo",
                servo_pin=12,
                ms_per_degree=2 / speed,
                lead_ms=round(60 / speed),
                clear_ms=round(150 / speed),
            ),
            "signals": SignalSettings(),
            "catalog": CatalogSettings(packs=("lanternfall",)),
        }
    )


def _end_last_demo(store: Store) -> None:
    """The cards of a demo that was cut short are gone with its process: close its batch."""
    batch = store.open_batch()
    if batch is not None:
        store.add_event(batch.id, "stopped", "The demo was ended.")


def _say(args: argparse.Namespace) -> Callable[[str], None]:
    """Print for a person, or nothing when JSON was asked for."""

    def say(text: str) -> None:
        if not args.json:
            print(text, flush=True)

    return say
