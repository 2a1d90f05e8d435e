"""The selftest without a camera: cards of the demo game, rendered, through the shipped models.

The same cards and scenes on every machine, so that any installation can prove that recognition
works there, and that it still does after an update.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.simulated.cardpress import DEFAULT_SEED, plan_cards, press_one
from firmware.simulated.scene import SceneSettings, render_scene
from scanner.bench_cards import draw_card
from scanner.catalog.build import build_pack
from scanner.catalog.model import load_embedder, reader_of
from scanner.catalog.pack import Pack
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.records import Decision

SEED = 21
KNOWN, STRANGE = 16, 4
# One of sixteen may go to a person; none may be named wrong, and no strange card may be named.
FEWEST_ACCEPTED = KNOWN - 1


@dataclass(frozen=True, slots=True)
class PicturesReport:
    """What became of the known cards and of those that are in no catalog."""

    accepted: int
    wrong: int
    strange_accepted: int
    median_ms: float
    recognizer: str

    @property
    def good(self) -> bool:
        """Whether recognition works here as it should."""
        return self.accepted >= FEWEST_ACCEPTED and self.wrong == 0 and self.strange_accepted == 0


def run_pictures() -> PicturesReport:
    """Print a small game, build its pack, render and name its cards. A few seconds on a laptop."""
    plan = plan_cards(DEFAULT_SEED)
    artworks = {card.artwork: card for card in plan if card.finish == "normal"}
    step = max(1, len(artworks) // KNOWN)
    cards = [artworks[name] for name in sorted(artworks)][::step][:KNOWN]
    embedder = load_embedder()
    model_id, runtime = reader_of(embedder)
    with tempfile.TemporaryDirectory(prefix="counterscan-selftest-") as name:
        folder = Path(name)
        faces = [read_picture(press_one(card, folder)) for card in cards]
        table = folder / "facts.csv"
        head = "path,card_id,name,set,number,variant"
        lines = [f"{card.path},{card.card_id},Card {place},,," for place, card in enumerate(cards)]
        table.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        out = folder / "pack"
        build_pack(game="selftest", pictures=folder, facts=table, out=out, embedder=embedder)
        pack = Pack.open(out, model_id=model_id, runtime=runtime)
        try:
            recognizer = Recognizer.open([pack])
            settings = SceneSettings(difficulty="easy", surface="tray")
            accepted = wrong = strange = 0
            times_ms = []
            faces += [draw_card(number) for number in range(STRANGE)]
            for place, face in enumerate(faces):
                rng = np.random.default_rng([SEED, place])
                scene = render_scene(face, rng, settings, upside_down=place % 5 == 4)
                began_s = time.perf_counter()
                answer = recognizer.identify(scene.picture)
                times_ms.append((time.perf_counter() - began_s) * 1000)
                if answer.decision is not Decision.ACCEPTED or answer.printing is None:
                    continue
                strange += place >= KNOWN
                right = place < KNOWN and answer.printing.card_id == cards[place].card_id
                accepted += right
                wrong += place < KNOWN and not right
        finally:
            pack.close()
    return PicturesReport(
        accepted, wrong, strange, round(float(np.median(times_ms)), 1), recognizer.recognizer
    )
