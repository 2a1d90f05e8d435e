"""Deckbox's inventory list; its prices are in US dollars. Pure."""

from __future__ import annotations

from scanner.export.magic import Columns, MagicList, english

DECKBOX = MagicList(
    "deckbox",
    "Deckbox",
    ("Count", "Tradelist Count", "Name", "Edition", "Edition Code", "Card Number", "Condition",
     "Language", "Foil", "Signed", "Artist Proof", "Altered Art", "Misprint", "Promo", "Textless",
     "Printing Id", "Printing Note", "Tags", "My Price"),
    Columns("Count", "Name", "Edition Code", "Edition", "Card Number", "Foil", "Condition",
            "Language", "My Price"),
    {"NM": "Near Mint", "LP": "Good (Lightly Played)", "MP": "Played", "HP": "Heavily Played",
     "DMG": "Poor"},
    {**english("nl", "pl", "id", "th"), "zh-Hans": "Chinese", "zh-Hant": "Traditional Chinese"},
    "",
    {"Tradelist Count": "0"},
    {"USD": "$"},
)  # fmt: skip
