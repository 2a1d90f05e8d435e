"""Moxfield's collection list; a set is named by its code, wear as Moxfield's own lists do. Pure."""

from __future__ import annotations

from scanner.export.magic import Columns, MagicList, english

MOXFIELD = MagicList(
    "moxfield",
    "Moxfield",
    ("Count", "Tradelist Count", "Name", "Edition", "Condition", "Language", "Foil", "Tags",
     "Last Modified", "Collector Number", "Alter", "Proxy", "Purchase Price"),
    Columns("Count", "Name", "Edition", "", "Collector Number", "Foil", "Condition",
            "Language", "Purchase Price"),
    {"NM": "Near Mint", "LP": "Good (Lightly Played)", "MP": "Played",
     "HP": "Heavily Played", "DMG": "Damaged"},
    {**english("nl", "pl", "id", "th"), "zh-Hans": "Chinese", "zh-Hant": "Traditional Chinese"},
    "",
    {"Tradelist Count": "0", "Alter": "False", "Proxy": "False"},
)  # fmt: skip
