"""A net that answers with nonsense makes a card unknown, never a crash and never a name."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.bench_cards import draw_frame
from scanner.catalog.pack import Pack
from scanner.embed import Embedder
from scanner.locate_lines import EdgeFinder
from scanner.locate_net import CornerNet
from scanner.pipeline import Recognizer
from scanner.records import Decision

NONSENSE = [np.nan, np.inf, -np.inf, 1e30, None]


def spoilt(values: np.ndarray, filled_with: float | None) -> np.ndarray:
    """The same shape full of one number, or of noise."""
    if filled_with is None:
        return np.random.default_rng(1).normal(0, 20, values.shape).astype(np.float32)
    return np.full(values.shape, filled_with, np.float32)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("filled_with", NONSENSE)
@pytest.mark.parametrize("net", ["corner maps", "chances", "edges", "embedder"])
def test_nonsense_names_nothing(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, net: str, filled_with: float | None
) -> None:
    look, read, embed = CornerNet.run, EdgeFinder.run, Embedder.embed
    if net == "corner maps":
        monkeypatch.setattr(
            CornerNet, "run", lambda *a: (spoilt(look(*a)[0], filled_with), look(*a)[1])
        )
    elif net == "chances":
        monkeypatch.setattr(
            CornerNet, "run", lambda *a: (look(*a)[0], spoilt(look(*a)[1], filled_with))
        )
    elif net == "edges":
        monkeypatch.setattr(EdgeFinder, "run", lambda *a: spoilt(read(*a), filled_with))
    else:
        monkeypatch.setattr(Embedder, "embed", lambda *a: spoilt(embed(*a), filled_with))
    recognizer = Recognizer.open([pack])
    frame, _ = draw_frame(3, 3)
    answer = recognizer.identify(frame)
    # The corners alone may be enough, by the locator's or by the reference's own word.
    if net in ("corner maps", "embedder") or (net == "chances" and filled_with is not None):
        assert answer.decision is not Decision.ACCEPTED
    located = recognizer.locate_only(frame)
    assert all(np.isfinite(corners).all() for corners in located.corners_px)
    assert answer.corners_px is None or np.isfinite(answer.corners_px).all()
