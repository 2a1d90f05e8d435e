"""The factions of Lanternfall and the colours of their lands."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.simulated.cardpress_paint import Colour, Ramp, colour

FACTIONS = ("Ember", "Tide", "Thorn", "Gloam", "Dawn", "Gale")


@dataclass(frozen=True, slots=True)
class Palette:
    """Sky from top to horizon, land far to near, light, a creature's ramp, an accent."""

    sky: tuple[Colour, Colour, Colour]
    far: Colour
    mid: Colour
    near: Colour
    light: Colour
    body: Ramp
    accent: Colour


# Sky top, sky middle, horizon, far, mid, near, light, body shadow, body, body light, accent.
_TABLE: dict[str, tuple[str, ...]] = {
    "Ember": (
        "2a0f2e 8c2a3a f7a24b 7d2b3f 4a1830 1d0b1c ffd27a 3a0f18 b5402a ffb45e 53e0d8",
        "14142b 4a1d3d e2583a 592036 331029 12081a ff9c4f 1a1620 5c5560 d8c9c0 ff6a2a",
        "f2c379 f29a55 ffe6b0 c46a42 8e3f30 4a1f22 fff2c4 4a1d14 c9642c ffd08a 2b6f9e",
        "361b12 a0431d ffcf70 6f2f1c 44190f 1e0b08 fff0a0 2b1c3d 7e4aa0 e6b6ff ffd84d",
        "0f1f2e 37435e f08a5d 4a3550 2a2138 100d1a ffb37a 401014 c8323c ff9a8a ffe27a",
    ),
    "Tide": (
        "061a3a 0f5a8c 7fe0dc 1b5e86 103a60 061a33 d8fff0 0a2a4a 1f8aa8 a8f5e4 ffb35c",
        "102a2e 1d6b6a e8e0b0 2c6f72 17474d 0a2428 fff4c8 26324a 6b86b8 dfeaff ff7f6a",
        "20124d 3f4aa8 9ac8ff 3a4690 232b66 0e1233 f0f4ff 1a1040 6a55c8 d6c8ff 5cf0d0",
        "7ec8e3 b8e4ee fdf6e3 5da7c4 2f789c 12405e ffffff 5a1f30 d85a5a ffc9b0 fff07a",
        "021018 043a4a 0f8f88 065058 03333d 011820 7fffe0 0d3a2a 2fae74 c8ffc0 ff9ad0",
    ),
    "Thorn": (
        "0d2b2b 2f6e4a e6e58a 2c6a4c 174030 08201a f8ffb8 14301a 4c9a3f cff08a ff8a5c",
        "8fcf9f cfe8a8 fff8d0 6bab74 3c7a4c 17402c ffffe0 4a2a12 a86a34 f2cf8e e8487a",
        "1a1433 4b2f6b d88ac0 4a3a70 2a2248 120f24 ffd0f0 0f3a3a 2f9a8c b0ffe0 f7d84a",
        "2b3a1a 7a8a2a ffd86a 5f6f24 3a4818 1a220c fff4b0 3a1a10 b4552a ffc080 6af0a0",
        "031a14 0a4a33 49c07a 0b5238 063424 021710 d0ffa8 2a1238 8a3fae eab8ff b8ff5a",
    ),
    "Gloam": (
        "0a0618 2a124a 8a3fa0 2c1650 190b33 080414 e8a8ff 120a24 4c3a78 b8a0f0 6affc8",
        "050b14 102438 4f8aa8 12283c 0a1828 04090f b8f0ff 0f1a1f 3f5a60 b8d8d0 ff5c8a",
        "1c0714 5a1030 e04a6a 4a1030 2c081f 10030c ffb0b8 1a0a0f 6a2438 f08aa0 a0fff0",
        "15151c 3d3d4a b8b0a8 3a3946 232230 0c0b12 fff0d8 1c2410 5a7a2a d0f080 ff9a3a",
        "0b1424 2b2f5f c79ad8 30356a 1b1f44 090b1c ffe8ff 30101c a83a5a ffc0b8 7ac8ff",
    ),
    "Dawn": (
        "5a7fc0 f0b8a0 fff0c0 b08a90 7a5f70 3a2f44 fffbe0 6a4a1a d8a83a fff4b0 4a7fe0",
        "b86a5a f7c07a fff8d8 c88a62 8f5a48 4a2c2c ffffff 50586a b8c0cc ffffff f0a020",
        "2a3a7a 9a7fc0 ffd9b8 6a5f9a 443f70 1e1c3a fff2d0 7a3a2a e08a5a ffe0b0 6ae0ff",
        "e8d8a8 f7ecc8 fffdf0 d0b478 a07f48 5a4424 ffffff 2a3a5a 5f86c0 d8ecff e05a4a",
        "3a1a3a c0507a ffd080 8a3f6a 582848 281224 fff4c8 5a4a3a b0946a fff0d0 50e0b0",
    ),
    "Gale": (
        "2f6fb8 8ac4ea f4fbff 7aa8cc 4a789f 1f3f5f ffffff 3a4456 8fa4bc f4faff ffb52a",
        "1c2230 4a5668 b8c4cc 444f60 2a3340 10151c e8f8ff 2a2f6a 5a6fd0 c8d8ff ffe85a",
        "4a2a6a c06a9a ffd8c0 8a5a90 5a3a6a 281a38 fff0e0 1a4a4a 4aa8a0 d0fff0 ff7a50",
        "0a3040 1f7a88 c8f0d8 2a7a84 164f5c 082830 f0fff0 4a2a1a b87a4a ffe0b0 f04a6a",
        "7a8ab8 c0c8e8 fff4f0 8f9ac4 626c98 2e3454 ffffff 5a1a2a d04a5a ffc8b8 3ad0e0",
    ),
}


def palettes(faction: str) -> tuple[Palette, ...]:
    """The palettes of a faction; KeyError for an unknown one."""
    found = []
    for row in _TABLE[faction]:
        c = [colour(text) for text in row.split()]
        found.append(Palette((c[0], c[1], c[2]), c[3], c[4], c[5], c[6], (c[7], c[8], c[9]), c[10]))
    return tuple(found)


FRAME: dict[str, tuple[str, str, str]] = {
    # Dark, main and light colour of a faction's frame.
    "Ember": ("3d1014", "a8382a", "f0a860"),
    "Tide": ("0b2440", "1f6a98", "8fdcec"),
    "Thorn": ("10301f", "3a7a42", "b8dc7a"),
    "Gloam": ("170f2e", "4f3a86", "b89cf0"),
    "Dawn": ("4a3414", "c09030", "fbe6a0"),
    "Gale": ("26344a", "6a88a8", "dcecf8"),
}
