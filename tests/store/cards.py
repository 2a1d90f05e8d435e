"""What the tests of the log put into it: answers as the recogniser gives them."""

from __future__ import annotations

import numpy as np

from scanner.records import Candidate, Decision, Identification, Printing, View


def identified(
    name: str = "Ember Drake",
    *,
    decision: Decision = Decision.ACCEPTED,
    crop: bool = True,
    noise_px: int = 0,
    reasons: tuple[str, ...] = ("clear of every other card",),
) -> Identification:
    """One answer; `noise_px` rows of noise make its crop's JPEG larger."""
    printing = Printing(f"demo-{name}", "demo", name, "First Light", "042/120", "foil")
    other = Printing(f"demo-{name}-reprint", "demo", name, "Second Dawn", "007/090")
    picture = np.full((640, 448, 3), 90, np.uint8)
    if noise_px:
        noise = np.random.default_rng(7).integers(0, 255, (noise_px, 448, 3), dtype=np.uint8)
        picture[:noise_px] = noise
    return Identification(
        decision=decision,
        reasons=reasons,
        view=View.CARD,
        printing=None if decision is Decision.UNKNOWN else printing,
        candidates=(Candidate(printing, 0.97, "demo@1"), Candidate(other, 0.55, "demo@1")),
        corners_px=np.array([[10, 20], [460, 22], [458, 660], [9, 655]], np.float32),
        upside_down=True,
        stages_ms={"locate": 1.25, "embed": np.float32(0.5)},
        recognizer="embedder",
        model_id="tiny-1",
        pack_id="demo@1",
        cut_crop=(lambda: picture) if crop else None,
    )
