"""The candidates for one crop: the nearest rows, either way up, compared block by block."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.align import FEWEST_INLIERS, Aligner
from scanner.decide import Evidence, Thresholds
from scanner.lay import lay
from scanner.nearest import Hit, nearest
from scanner.records import Corners, Picture
from scanner.rivals import Rivals
from scanner.shrink import halve
from scanner.verify import Blocks, Comparison, Windows, compare, correlate, cut_blocks, cut_windows

if TYPE_CHECKING:
    from scanner.catalog.pack import Pack
    from scanner.embed import Embedder

# The first look is at the rows that are nearly as near as the nearest, within these numbers.
_FEWEST_LOOKED_AT, _MOST_LOOKED_AT = 2, 8
_NEARLY_AS_NEAR = 0.25
# A first look that finds this needs no second one.
_CLEAR = Thresholds()
# From where on a first look at a small crop, cut at corners not yet exact, is as good as any.
_PLAIN_SCORE, _PLAIN_MATCHED = 0.88, 0.7
_NOTHING = Comparison(0.0, 0.0)
# A crop that fits nothing is laid on this many references each way up.
_ALIGNED_WITH = 6
# Rows of other cards stay far below this, rows of the card itself seldom do.
_SURE_SIMILARITY = 0.7
# Below this lead of one way up over the other, both are compared.
_CLEAR_TURN = 0.12
_KEPT_BLOCKS = 256
_EMBED_WIDTH_PX, _EMBED_HEIGHT_PX = 112, 160


@dataclass(frozen=True, slots=True)
class Found:
    """The compared candidates, best first, and which way up they are; `nearest` are the rows that
    the search found for the crop as it is and for the crop turned. `laid` is where the best
    reference's corners lie in the upright crop of 448 × 640 px, when its picture is there beyond
    doubt. `hits` are the rows behind the evidence."""

    evidence: tuple[Evidence, ...]
    upside_down: bool
    nearest: tuple[tuple[Hit, ...], ...] = ()
    laid: Corners | None = None
    hits: tuple[Hit, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether nothing is left to gain from a better crop."""
        comparison = self.evidence[0].comparison if self.laid is not None else _NOTHING
        return comparison.score >= _PLAIN_SCORE and comparison.matched >= _PLAIN_MATCHED

    @property
    def is_clear(self) -> bool:
        """Whether the best candidate's picture is there beyond doubt."""
        return _is_clear(self.evidence)

    @property
    def strength(self) -> float:
        """How well the best candidate fits, to compare with another crop of the same card."""
        return _strength(self.evidence)


class Shortlist:
    """Searches the packs and compares their reference pictures with the crop."""

    def __init__(self, packs: Sequence[Pack], embedder: Embedder | None) -> None:
        """With `embedder` None the packs' perceptual hashes are searched instead."""
        self._packs = tuple(packs)
        self._embedder = embedder
        self._aligner = Aligner()
        self._rivals = Rivals()
        self._blocks: OrderedDict[tuple[int, int], Blocks] = OrderedDict()

    def find(self, crop: Picture, lap: Callable[[str], None]) -> Found:
        """Candidates for a crop of unknown way up; `lap` times the stages.

        The crop is `(640, 448, 3) uint8`, or half as large, for a first look.
        """
        small = _shrink(crop)
        hits = [nearest(small, self._packs, self._embedder, lap)]
        # A card that is found at once the right way up need not be tried the other way.
        if _similarity(hits[0]) < _SURE_SIMILARITY:
            turned_small = np.ascontiguousarray(small[::-1, ::-1])
            hits.append(nearest(turned_small, self._packs, self._embedder, lap))
        best: tuple[Evidence, ...] = ()
        best_hits: tuple[Hit, ...] = ()
        best_windows: Windows | None = None
        turned = False
        for way in _likely_ways([_similarity(way) for way in hits]):
            picture = crop if way == 0 else np.ascontiguousarray(crop[::-1, ::-1])
            windows = cut_windows(picture)
            evidence, kept = self._compare(windows, _leaders(hits[way]))
            if not _is_clear(evidence) and len(hits[way]) > _FEWEST_LOOKED_AT:
                evidence, kept = self._compare(windows, hits[way])
            if evidence and (not best or _strength(evidence) > _strength(best)):
                best, best_hits, best_windows, turned = evidence, kept, windows, way == 1
            if _is_clear(best):
                break
        lap("verify")
        laid: Corners | None = None
        if _is_clear(best) and best_windows is not None:
            laid = lay(correlate(best_windows, self._reference(best_hits[0])))
            lap("lay")
        nearby = tuple(tuple(way[:_ALIGNED_WITH]) for way in hits)
        return Found(best, turned, nearby, laid, best_hits)

    def settle(self, cut: Callable[[], Picture], found: Found) -> tuple[Evidence, ...]:
        """The evidence with the other printings of a clear card's artwork told apart.

        `cut` gives the upright `(640, 448, 3) uint8` crop. Nothing is read where no card is clear.
        """
        if not found.is_clear:
            return found.evidence
        hits = found.hits
        return self._rivals.settle(
            cut, found.evidence,
            lambda place: (hits[place].pack, hits[place].row),
            lambda place: self._packs[hits[place].pack].row_picture(hits[place].row),
        )  # fmt: skip

    def lay_on_reference(self, crop: Picture, found: Found) -> Corners | None:
        """Where the card's picture really lies in a crop that fits no reference well.

        Corners in the crop's pixels, from the card's own top left; None when no reference fits.
        """
        best: Corners | None = None
        least = 0
        for way in _likely_ways([_similarity(hits) for hits in found.nearest]):
            picture = np.ascontiguousarray(crop[::-1, ::-1]) if way else crop
            references = (self._fine_reference(hit) for hit in found.nearest[way])
            aligned = self._aligner.align(picture, references, least or FEWEST_INLIERS)
            if aligned is not None:
                corners, least = aligned
                last = np.array([crop.shape[1] - 1, crop.shape[0] - 1], np.float32)
                best = last - corners if way else corners
        return best

    def _compare(
        self, windows: Windows, hits: Sequence[Hit]
    ) -> tuple[tuple[Evidence, ...], tuple[Hit, ...]]:
        """Evidence for each printing among the hits, best first, and the hit behind each."""
        blocks = [self._reference(hit) for hit in hits]
        compared = compare(windows, blocks)
        order = sorted(range(len(hits)), key=lambda i: -compared[i].score)
        evidence: list[Evidence] = []
        kept: list[Hit] = []
        seen: set[tuple[int, str]] = set()
        for index in order:
            hit, pack = hits[index], self._packs[hits[index].pack]
            printing = pack.printing(int(pack.row_card[hit.row]))
            if (hit.pack, printing.card_id) in seen:
                continue
            seen.add((hit.pack, printing.card_id))
            evidence.append(Evidence(printing, pack.pack_id, hit.similarity, compared[index]))
            kept.append(hit)
        return tuple(evidence), tuple(kept)

    def _fine_reference(self, hit: Hit) -> NDArray[np.uint8]:
        return self._packs[hit.pack].row_grey(hit.row, halved=False)

    def _reference(self, hit: Hit) -> Blocks:
        """The blocks of a reference picture, kept for the next cards of the same stack."""
        key = (hit.pack, hit.row)
        blocks = self._blocks.get(key)
        if blocks is None:
            blocks = cut_blocks(self._packs[hit.pack].row_grey(hit.row))
            self._blocks[key] = blocks
            if len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(key)
        return blocks


def _shrink(crop: Picture) -> Picture:
    """The crop at the embedder's size; halved as often as it goes, which is fast."""
    while crop.shape[0] >= 2 * _EMBED_HEIGHT_PX and crop.shape[0] % 2 == crop.shape[1] % 2 == 0:
        crop = halve(crop)
    size = (_EMBED_WIDTH_PX, _EMBED_HEIGHT_PX)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)


def _likely_ways(tops: Sequence[float]) -> list[int]:
    """The ways up worth comparing, likelier first, by the best similarity of each."""
    if len(tops) == 1:
        return [0]
    lead = tops[0] - tops[1]
    if abs(lead) >= _CLEAR_TURN:
        return [0] if lead > 0 else [1]
    return [0, 1] if lead >= 0 else [1, 0]


def _leaders(hits: Sequence[Hit]) -> Sequence[Hit]:
    """The first hits, as far as they are nearly as similar as the best."""
    least = _similarity(hits) - _NEARLY_AS_NEAR
    count = sum(hit.similarity >= least for hit in hits[:_MOST_LOOKED_AT])
    return hits[: max(count, _FEWEST_LOOKED_AT)]


def _similarity(hits: Sequence[Hit]) -> float:
    return hits[0].similarity if hits else 0.0


def _strength(evidence: tuple[Evidence, ...]) -> float:
    if not evidence:
        return 0.0
    return evidence[0].comparison.score + evidence[0].comparison.matched


def _is_clear(evidence: tuple[Evidence, ...]) -> bool:
    return bool(evidence) and (
        evidence[0].comparison.score >= _CLEAR.accept_score
        and evidence[0].comparison.matched >= _CLEAR.accept_matched
    )
