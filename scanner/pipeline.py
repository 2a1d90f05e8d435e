"""One frame to one answer: locate → rectify → embed → search → verify → decide."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from scanner.catalog.manifest import PHASH_MODEL_ID
from scanner.decide import Decider, Verdict, decide_without_card
from scanner.embed import Embedder
from scanner.errors import ModelError, PictureError
from scanner.finish_facts import FinishFacts
from scanner.glare import Frames
from scanner.locate import Locator
from scanner.outline import settle_outline
from scanner.page import identify_all
from scanner.quality import measure_quality
from scanner.reader import Reader
from scanner.reader_rivals import read_among
from scanner.records import Corners, Identification, Located, Picture, View
from scanner.rectify import from_crop, rectify, rectify_small, turn_corners
from scanner.shortlist import Found, Shortlist
from scanner.shrink import Levels

if TYPE_CHECKING:
    from scanner.catalog.pack import Pack


# A card taken for one of several by the net alone must be known beyond doubt to be named.
_SEVERAL = 0.5


class Recognizer:
    """Identifies cards against the packs it was opened with. One per thread."""

    def __init__(
        self, packs: Sequence[Pack], locator: Locator, embedder: Embedder | None,
        why_not: str = "", decider: Decider | None = None, reader: Reader | None = None,
    ) -> None:  # fmt: skip
        """Use `Recognizer.open`."""
        self._reader = reader or Reader(None)
        self._decider = decider or Decider()
        self._locator = locator
        self._embedder = embedder
        self._why_not = why_not
        self._shortlist = Shortlist(packs, embedder)
        self._packs = tuple(packs)
        self._finishes = FinishFacts(packs)

    @classmethod
    def open(
        cls, packs: Sequence[Pack], *, threads: int = 1, models_dir: Path | None = None,
        decider: Decider | None = None,
    ) -> Recognizer:  # fmt: skip
        """Load the models; without an embedder, say so in `describe` and use perceptual hashes.

        A pack without vectors for this embedder puts the whole recognizer on hashes, since scores
        of the two kinds can't be compared. `decider` has the shop's limits, by default the usual.
        """
        cv2.setNumThreads(threads)
        locator = Locator.load(models_dir, threads)
        embedder: Embedder | None = None
        why_not = ""
        try:
            embedder = Embedder.load(models_dir, threads)
        except ModelError as error:
            why_not = str(error)
        hashed = [pack.pack_id for pack in packs if pack.model_id == PHASH_MODEL_ID]
        if embedder is not None and hashed:
            why_not = f"{', '.join(hashed)} was built without a model; build it again"
            embedder = None
        reader = Reader.load(models_dir, threads)
        return cls(packs, locator, embedder, why_not, decider, reader)

    @property
    def recognizer(self) -> str:
        """`embedder` or `phash`: what every scan is marked with."""
        return "embedder" if self._embedder else "phash"

    @property
    def model_id(self) -> str:
        """The embedding model in use, or `phash256`."""
        return self._embedder.model_id if self._embedder else PHASH_MODEL_ID

    def describe(self) -> str:
        """One line on what recognises cards here, loud when it is only the fallback."""
        packs = ", ".join(f"{pack.pack_id} ({len(pack):,} cards)" for pack in self._packs)
        where = f"locator {self._locator.kind}, {self._reader.describe()}, packs {packs or 'none'}"
        if self._embedder:
            return f"recognizer: {self._embedder.model_id} on {self._embedder.runtime}, {where}"
        return f"RECOGNIZER: PERCEPTUAL HASH ONLY, fewer cards are named ({self._why_not}); {where}"

    def locate_only(self, frame: Picture) -> Located:
        """What is in view and where, without naming it."""
        return self._locator.locate(frame)

    def glance(self, frame: Picture) -> Located:
        """As `locate_only`, quicker and less exact."""
        return self._locator.glance(Levels(frame))

    def identify_all(self, frame: Picture) -> list[Identification]:
        """Name every card of a binder's page or of a table; see `scanner.page.identify_all`."""
        return identify_all(self, frame)

    def crop_only(self, frame: Picture) -> Picture | None:
        """The `(640, 448, 3) uint8` crop of the first card in view, either way up, or None."""
        located = self._locator.locate(frame)
        return rectify(frame, located.corners_px[0]) if located.corners_px else None

    def identify(self, frame: Picture, other_light: Picture | None = None) -> Identification:
        """Name the card in a full frame, `(H, W, 3) uint8`.

        `other_light` is a second frame of the same card at the same place, lit from the other
        side: with it glare is taken out, and a finish may be proved.

        Raises PictureError when a frame is no picture, PackDamagedError when a pack is damaged.
        """
        stages: dict[str, float] = {}
        clock = _Clock(stages)
        levels = Levels(frame)
        located = self._locator.glance(levels)
        clock.lap("locate")
        if not located.corners_px or located.view not in (View.CARD, View.BACK):
            seen = located.view if located.view is not View.CARD else View.NOTHING
            if located.corners_px:
                located = self._locator.exact(frame, located)
            return self._answer(decide_without_card(seen), seen, stages, located)
        frames = Frames(frame, other_light)
        corners = located.corners_px[0]
        crop = rectify_small(levels, corners)
        clock.lap("rectify")
        found = self._shortlist.find(crop, clock.lap)
        if found.is_plain:
            return self._name(frames, located, corners, found, stages, clock)
        located = self._locator.exact(frame, located)
        clock.lap("locate")
        return self._look_closely(frames, located, stages, clock)

    def identify_crop(self, crop: Picture) -> Identification:
        """Name the card in a kept crop, `(H, W, 3) uint8`, which is the card and nothing else.

        Either way up; nothing finer than the crop can be read. `corners_px` are the crop's own.
        Raises PictureError when it is no picture, PackDamagedError when a pack is.
        """
        if crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3 or min(crop.shape) < 1:
            raise PictureError(f"a crop must be (H, W, 3) uint8, and this is {crop.shape}")
        stages: dict[str, float] = {}
        size = np.array([crop.shape[1], crop.shape[0]], np.float32)
        edges = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * size - np.float32(0.5)
        card = Located(View.CARD, (edges,), 1.0)
        return self._look_closely(Frames(crop), card, stages, _Clock(stages))

    def _look_closely(
        self, frames: Frames, located: Located, stages: dict[str, float], clock: _Clock
    ) -> Identification:
        """The answer for the first card of `located`, whose corners are as exact as they get."""
        corners = located.corners_px[0]
        crop = frames.cut(corners)
        clock.lap("rectify")
        found = self._shortlist.find(crop, clock.lap)
        # A card that is clear but can't be laid was cut out far too large or small.
        if not found.is_clear or found.laid is None:
            corners, found = self._look_again(frames, corners, crop, found, clock)
        if located.several_chance > _SEVERAL and not found.is_clear:
            return self._answer(decide_without_card(View.SEVERAL), View.SEVERAL, stages, located)
        return self._name(frames, located, corners, found, stages, clock)

    def _name(
        self, frames: Frames, located: Located, corners: Corners, found: Found,
        stages: dict[str, float], clock: _Clock,
    ) -> Identification:  # fmt: skip
        """The answer for what was found in a crop that was cut at `corners`."""
        if found.upside_down:
            corners = turn_corners(corners)
        if found.laid is not None:
            corners = from_crop(corners, found.laid)
        cut = partial(frames.cut, corners)
        evidence = self._shortlist.settle(cut, found)
        clock.lap("printing")
        evidence = read_among(evidence, partial(self._reader.weigh, frames.first, corners))
        clock.lap("read")
        verdict = self._decider.decide(
            evidence, lambda: measure_quality(cut(), cut=located.cut), located
        )
        clock.lap("decide")
        view = View.BACK if verdict.is_back else View.CARD
        outline = corners
        if found.evidence:
            outline = settle_outline(corners, found.evidence[0].comparison, located)
        answer = self._answer(
            verdict, view, stages, Located(view, (outline,), located.confidence),
            cut, found.upside_down,
        )  # fmt: skip
        finish = self._finishes.of_answer(answer, frames.pair(corners))
        answer = replace(answer, finish=finish)
        clock.lap("finish")
        return answer

    def _look_again(
        self, frames: Frames, corners: Corners, crop: Picture, found: Found, clock: _Clock
    ) -> tuple[Corners, Found]:
        """Cut the card out anew where the likeliest references say that its picture lies.

        The paper's edge is not always where the reference's frame falls (another language's
        border, a toploader), and the locator may err: the better of both crops counts.
        """
        placed = self._shortlist.lay_on_reference(crop, found)
        clock.lap("align")
        if placed is None:
            return corners, found
        better_corners = from_crop(corners, placed)
        better_crop = frames.cut(better_corners)
        clock.lap("rectify")
        better = self._shortlist.find(better_crop, clock.lap)
        if better.strength <= found.strength:
            return corners, found
        return better_corners, better

    def _answer(
        self, verdict: Verdict, view: View, stages: dict[str, float], located: Located,
        cut_crop: Callable[[], Picture] | None = None, upside_down: bool = False,
    ) -> Identification:  # fmt: skip
        best_pack = verdict.candidates[0].pack_id if verdict.candidates else ""
        return Identification(
            decision=verdict.decision,
            reasons=verdict.reasons,
            view=view,
            printing=verdict.printing,
            candidates=verdict.candidates,
            corners_px=located.corners_px[0] if located.corners_px else None,
            upside_down=upside_down,
            stages_ms=stages,
            recognizer=self.recognizer,
            model_id=self.model_id,
            pack_id=best_pack,
            cut_crop=cut_crop,
            probability=verdict.probability,
            printing_certain=verdict.printing_certain,
            accept_from=verdict.accept_from,
        )


class _Clock:
    """Times the stages, in milliseconds of the monotonic clock."""

    def __init__(self, stages_ms: dict[str, float]) -> None:
        self._stages_ms = stages_ms
        self._last = time.perf_counter_ns()

    def lap(self, stage: str) -> None:
        now = time.perf_counter_ns()
        self._stages_ms[stage] = self._stages_ms.get(stage, 0.0) + (now - self._last) / 1e6
        self._last = now
