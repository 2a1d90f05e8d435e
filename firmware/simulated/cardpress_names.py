"""Names, kinds, rules and flavour of the cards of Lanternfall. All of it is made up here."""

from __future__ import annotations

import numpy as np

_FIRST: dict[str, str] = {
    "Ember": "Ash Cinder Forge Kiln Scorch Brand Coal Pyre Slag Smoulder Flint Anvil",
    "Tide": "Brine Coral Deep Foam Harbour Kelp Moor Pearl Reef Salt Shoal Surf",
    "Thorn": "Bramble Briar Fern Grove Hazel Moss Oak Root Sap Thicket Willow Yew",
    "Gloam": "Bone Dusk Grave Hollow Murk Night Pall Raven Shade Soot Veil Wraith",
    "Dawn": "Aurum Beacon Bell Chapel Gilt Halo Hymn Morning Noon Sun Vigil Wax",
    "Gale": "Cloud Drift Feather Gust Kite Rook Sky Squall Storm Vane Wind Zephyr",
}
_LAST: dict[str, str] = {
    "stag": "stag antler-hart",
    "wolf": "wolf hound prowler",
    "cat": "lynx stalker panther",
    "bird": "hawk heron crow swift",
    "owl": "owl screecher watcher",
    "drake": "drake wyrm dragon",
    "serpent": "serpent eel coil",
    "whale": "whale leviathan",
    "fish": "fish angler pike",
    "jelly": "drifter bloom medusa",
    "moth": "moth flutterer",
    "beetle": "beetle scarab",
    "pilgrim": "pilgrim warden seer keeper",
    "golem": "golem colossus",
    "mask": "idol visage",
    "treant": "elder treekin",
    "spider": "spinner weaver",
    "tortoise": "tortoise carrier",
    "hydra": "hydra manyhead",
}
_KINDRED: dict[str, str] = {
    "stag": "Beast", "wolf": "Beast", "cat": "Beast", "bird": "Bird", "owl": "Bird",
    "drake": "Dragon", "serpent": "Serpent", "whale": "Leviathan", "fish": "Fish",
    "jelly": "Spirit", "moth": "Insect", "beetle": "Insect", "pilgrim": "Wayfarer",
    "golem": "Construct", "mask": "Spirit", "treant": "Plant", "spider": "Insect",
    "tortoise": "Beast", "hydra": "Dragon",
}  # fmt: skip
_RITE = "Verse Oath Surge Omen Chorus Turning Tithe Rekindling Spiral Lament Promise Unmaking Echo"
_PLACE: dict[str, str] = {
    "peaks": "Peaks Pass Heights", "city": "Spires Ward Rooftops", "lighthouse": "Light Point",
    "isles": "Isles Drift Aerie", "forest": "Wood Glade Hollow", "cavern": "Cavern Grotto Geode",
    "dunes": "Dunes Waste Sands", "ruins": "Arches Gate Ruins", "falls": "Falls Cascade",
    "village": "Hamlet Mill Crossing",
}  # fmt: skip
_RELIC: dict[str, str] = {
    "lantern": "Lantern Lamp", "crystal": "Shard Crystal", "sword": "Blade Edge",
    "crown": "Crown Diadem", "flask": "Flask Philtre", "key": "Key Latchkey",
    "compass": "Compass Astrolabe", "hourglass": "Hourglass Sandglass", "shield": "Shield Bulwark",
    "book": "Ledger Grimoire",
}  # fmt: skip
_VESSEL: dict[str, str] = {
    "ship": "Clipper Brig Corsair", "airship": "Airship Dreadnought", "balloon": "Balloon Aerostat",
    "barge": "Barge Lampboat",
}  # fmt: skip
_TITLE = [
    "of the Ninth Lamp",
    "of Quiet Water",
    "of the Long Night",
    "at World's Wick",
    "of Low Bells",
    "of the Last Ferry",
    "under Glass",
    "of Fallen Stars",
    "without a Shore",
    "of Slow Thunder",
    "of Many Doors",
    "beyond the Vale",
    "of the First Frost",
    "in Amber",
    "of Seven Roads",
    "of the Drowned Choir",
    "in Exile",
    "of Patient Stone",
    "at Low Tide",
    "of the Paper Moon",
    "of Borrowed Light",
    "of the Wax Court",
]
_TRAITS: dict[str, str] = {
    "Ember": "Kindle Reckless Scorch 1", "Tide": "Ebb Submerge Drift",
    "Thorn": "Rooted Thorns Regrow", "Gloam": "Lurk Haunt Drain 1",
    "Dawn": "Vigil Ward 1 Radiant", "Gale": "Soar Swift Gust",
}  # fmt: skip
_DEED: tuple[str, ...] = (
    "deal {n} damage to any target",
    "draw a card, then discard a card",
    "put a Wick counter on target ally",
    "return target relic to its owner's hand",
    "you may light {n} of your lanterns",
    "target foe gets -{n} power until dawn",
    "gain {n} oil",
    "look at the top {m} cards of your deck",
    "create a {n}/{n} Mote ally",
    "another ally here gains Ward {n}",
    "exhaust target foe",
    "each player snuffs one lantern",
)
_MOMENT: tuple[str, ...] = (
    "When this falls, ",
    "Whenever this strikes, ",
    "Whenever this guards, ",
    "When this arrives, ",
    "At dusk, ",
    "At dawn, ",
    "Spend 1 oil: ",
    "While you hold the beacon, ",
    "Once each night, ",
    "If three lanterns burn, ",
)  # fmt: skip
_FLAVOUR = [
    "Nobody asks what it carries. Everybody moves aside.",
    "The lamps went out in the order of their age.",
    "It keeps the hours that people forget.",
    "Older than the harbour, younger than the song.",
    "Follow the light. Not that one.",
    "Every ferryman knows its name and none will say it.",
    "We built the wall for it, and it was polite enough to wait.",
    "The map calls this place 'later'.",
    "Three bells for a storm, four for a guest.",
    "What burns twice, burns blue.",
    "She paid in candles and was given change in stars.",
    "The tide remembers what it lent.",
    "Only the moths came to the wedding.",
    "A warm night has many owners.",
    "He counted the steps down, never up.",
    "Bring oil, bread, and someone you can outrun.",
]
_PEOPLE_FIRST = (
    "Maren Ilse Tobin Oda Fenn Carro Wick Sela Juno Bram Petra Anselm Rue Linnet Dov Hale"
)
_PEOPLE_LAST = "Oake Varr Thistle Lund Morrow Pell Sable Quay Marsh Ember Holt Crane Vesper Dray"


def _one(rng: np.random.Generator, words: str) -> str:
    choices = words.split()
    return choices[int(rng.integers(len(choices)))]


def card_name(rng: np.random.Generator, kind: str, subject: str, faction: str) -> str:
    """A name that fits the picture; the caller sees to it that it is new."""
    first = _one(rng, _FIRST[faction])
    title = _TITLE[int(rng.integers(len(_TITLE)))]
    if kind == "Creature":
        last = _one(rng, _LAST[subject])
        if rng.random() < 0.55:
            return f"{first}{last}" if "-" not in last else f"{first} {last.title()}"
        return f"{last.title()} {title}"
    table = {"Place": _PLACE, "Relic": _RELIC, "Vessel": _VESSEL}
    noun = _one(rng, table[kind][subject]) if kind in table else _one(rng, _RITE)
    roll = rng.random()
    if roll < 0.45:
        return f"{first} {noun}"
    if roll < 0.6 and kind == "Vessel":
        return f"The {first} {noun}"
    return f"{noun} {title}"


def type_line(kind: str, subject: str, faction: str) -> str:
    """`Creature - Tide Leviathan` and the like."""
    kindred = f"{faction} {_KINDRED[subject]}" if kind == "Creature" else faction
    return f"{kind} \N{EN DASH} {kindred}"


def rules_text(rng: np.random.Generator, kind: str, faction: str, wordy: bool) -> tuple[str, ...]:
    """One to three rules, one line of thought each."""
    rules = []
    if kind in ("Creature", "Vessel") and rng.random() < 0.6:
        traits = _TRAITS[faction].replace(" 1", "_1").split()
        rules.append(traits[int(rng.integers(len(traits)))].replace("_", " "))
    count = 2 if wordy else 1
    # Only what has power strikes, guards and falls.
    first = 0 if kind in ("Creature", "Vessel") else 3
    moments = rng.permutation(np.arange(first, len(_MOMENT)))
    for index, moment in zip(
        rng.choice(len(_DEED), count, replace=False), moments[:count], strict=True
    ):
        deed = _DEED[int(index)]
        n = int(rng.integers(1, 4))
        deed = deed.format(n=n, m=n + 2)
        if kind == "Rite":
            rules.append(deed[0].upper() + deed[1:] + ".")
        else:
            rules.append(_MOMENT[int(moment)] + deed + ".")
    return tuple(rules)


def flavour_text(rng: np.random.Generator) -> str:
    """One sentence in italics."""
    return _FLAVOUR[int(rng.integers(len(_FLAVOUR)))]


def artist_name(rng: np.random.Generator) -> str:
    """The invented person who signs the picture."""
    return f"{_one(rng, _PEOPLE_FIRST)} {_one(rng, _PEOPLE_LAST)}"
