"""ManaBox's collection list. Pure."""

from __future__ import annotations

from scanner.export.magic import Columns, MagicList

MANABOX = MagicList(
    "manabox",
    "ManaBox",
    ("Name", "Set code", "Set name", "Collector number", "Foil", "Rarity", "Quantity",
     "ManaBox ID", "Scryfall ID", "Purchase price", "Misprint", "Altered", "Condition",
     "Language", "Purchase price currency"),
    Columns("Quantity", "Name", "Set code", "Set name", "Collector number", "Foil", "Condition",
            "Language", "Purchase price", "Purchase price currency", "Rarity", "Scryfall ID"),
    {"NM": "near_mint", "LP": "excellent", "MP": "good", "HP": "played", "DMG": "poor"},
    {**{code: code for code in ("en", "ja", "de", "fr", "it", "es", "pt", "ko", "ru")},
     "zh-Hans": "zh_CN", "zh-Hant": "zh_TW"},
    "normal",
    {"Misprint": "false", "Altered": "false"},
)  # fmt: skip
