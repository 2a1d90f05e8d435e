"""What is printed: the card list of Lanternfall, drawn up from a seed before any ink flows.

Three sets. Reprints carry an earlier card's picture and name under a new set and number;
parallels carry an earlier card's set and number in a full-picture treatment of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from firmware.simulated.cardpress_art import SUBJECTS, ArtSpec, grounds_for, skies_for
from firmware.simulated.cardpress_names import (
    artist_name,
    card_name,
    flavour_text,
    rules_text,
    type_line,
)
from firmware.simulated.cardpress_palette import FACTIONS, palettes

GAME = "Lanternfall"
DEFAULT_SEED = 7

SETS: tuple[tuple[str, str, int], ...] = (
    ("LF1", "First Lantern", 120),
    ("LF2", "Drowned Bells", 112),
    ("LF3", "The Long Night", 104),
)
REPRINTS = 8
PARALLELS = 16

RARITIES = ("Common", "Uncommon", "Rare", "Fabled")
_RARITY_SHARE = (0.45, 0.30, 0.18, 0.07)
_KIND_SHARE = {"Creature": 0.46, "Rite": 0.16, "Place": 0.15, "Relic": 0.13, "Vessel": 0.10}


@dataclass(frozen=True, slots=True)
class DemoCard:
    """One printing. `path` is its picture, relative to the folder of `facts.csv`.

    `artwork` names the picture: reprints share it, a parallel has its own. `finish` is `foil`
    for printings that exist in foil alone, else `normal`.
    """

    path: str
    card_id: str
    name: str
    set: str
    set_name: str
    number: str
    variant: str
    rarity: str
    faction: str
    kind: str
    type_line: str
    cost: int
    power: int
    guard: int
    rules: tuple[str, ...]
    flavour: str
    artist: str
    artwork: str
    finish: str
    art: ArtSpec


def plan_cards(seed: int = DEFAULT_SEED) -> list[DemoCard]:
    """The whole card list, the same for the same seed."""
    rng = np.random.default_rng([seed, 1])
    names: set[str] = set()
    cards: list[DemoCard] = []
    stems = _stems(rng, sum(count for _, _, count in SETS) - REPRINTS)
    for index, (code, title, count) in enumerate(SETS):
        again: list[DemoCard] = []
        if index:
            pool = [
                c for c in cards if c.set != code and c.rarity in ("Common", "Uncommon", "Rare")
            ]
            taken = {c.artwork for c in cards if sum(o.artwork == c.artwork for o in cards) > 1}
            pool = [c for c in pool if c.artwork not in taken]
            chosen = rng.choice(len(pool), REPRINTS // 2, replace=False)
            again = [pool[int(k)] for k in chosen]
        fresh = [_card(rng, next(stems), seed, names) for _ in range(count - len(again))]
        whole = sorted(fresh + again, key=lambda c: (FACTIONS.index(c.faction), c.kind, c.name))
        for place, card in enumerate(whole, 1):
            card_id = f"{code}-{place:03d}"
            cards.append(
                replace(
                    card,
                    path=f"{code}/{card_id}.jpg",
                    card_id=card_id,
                    set=code,
                    set_name=title,
                    number=f"{code}-{place:03d}/{count}",
                    artwork=card.artwork or card_id,
                )
            )
    return cards + _parallels(rng, cards, seed)


def _stems(rng: np.random.Generator, count: int) -> Iterator[tuple[str, str, str, int]]:
    """Kind, subject, faction and palette of every new picture, dealt out evenly.

    Each subject meets each faction and palette before one combination comes again, so that no
    two pictures share all of them.
    """
    deals = []
    for kind, share in _KIND_SHARE.items():
        combos = [
            (kind, subject, faction, palette)
            for subject in SUBJECTS[kind]
            for faction in FACTIONS
            for palette in range(len(palettes(faction)))
        ]
        wanted = round(share * count) + 1
        rounds = [rng.permutation(len(combos)) for _ in range(wanted // len(combos) + 1)]
        deals += [combos[int(k)] for k in np.concatenate(rounds)[:wanted]]
    shuffled = rng.permutation(len(deals))[:count]
    return iter([deals[int(k)] for k in shuffled])


def _card(
    rng: np.random.Generator, stem: tuple[str, str, str, int], seed: int, names: set[str]
) -> DemoCard:
    kind, subject, faction, palette = stem
    name = card_name(rng, kind, subject, faction)
    while name in names:
        name = card_name(rng, kind, subject, faction)
    names.add(name)
    rarity = str(rng.choice(RARITIES, p=_RARITY_SHARE))
    cost = int(rng.integers(1, 8))
    art = ArtSpec(
        seed=int(rng.integers(2**31)) ^ seed,
        kind=kind,
        subject=subject,
        faction=faction,
        palette=palette,
        sky=str(rng.choice(skies_for(kind))),
        ground=str(rng.choice(grounds_for(kind, subject))),
    )
    shiny = rarity == "Fabled" or (rarity == "Rare" and rng.random() < 0.3)
    body = kind in ("Creature", "Vessel")
    return DemoCard(
        path="", card_id="", name=name, set="", set_name="", number="", variant="",
        rarity=rarity, faction=faction, kind=kind, type_line=type_line(kind, subject, faction),
        cost=cost,
        power=max(0, cost + int(rng.integers(-1, 3))) if body else 0,
        guard=max(1, cost + int(rng.integers(-1, 3))) if body else 0,
        rules=rules_text(rng, kind, faction, rarity != "Common"),
        flavour=flavour_text(rng), artist=artist_name(rng), artwork="",
        finish="foil" if shiny else "normal", art=art,
    )  # fmt: skip


def _parallels(rng: np.random.Generator, cards: list[DemoCard], seed: int) -> list[DemoCard]:
    """Full-picture versions of some rare cards; same name, set and number."""
    worthy = [c for c in cards if c.rarity in ("Rare", "Fabled") and c.artwork == c.card_id]
    chosen = sorted(int(k) for k in rng.choice(len(worthy), PARALLELS, replace=False))
    found = []
    for index in chosen:
        card = worthy[index]
        card_id = f"{card.card_id}_p1"
        found.append(
            replace(
                card,
                path=f"{card.set}/{card_id}.jpg",
                card_id=card_id,
                variant="parallel",
                artwork=card_id,
                finish="foil",
                art=replace(card.art, seed=card.art.seed ^ (seed + 0x5EED)),
            )
        )
    return found
