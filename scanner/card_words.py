"""What may be said of a card beside its printing: conditions, languages, finishes. Tables only."""

from __future__ import annotations

from scanner.records import Finish

CONDITIONS = {
    "NM": "Near mint",
    "LP": "Lightly played",
    "MP": "Moderately played",
    "HP": "Heavily played",
    "DMG": "Damaged",
}
"""The trade's codes, best first."""

LANGUAGES = {
    "en": "English",
    "ja": "Japanese",
    "de": "German",
    "fr": "French",
    "it": "Italian",
    "es": "Spanish",
    "pt": "Portuguese",
    "ko": "Korean",
    "zh-Hans": "Chinese (simplified)",
    "zh-Hant": "Chinese (traditional)",
    "nl": "Dutch",
    "pl": "Polish",
    "ru": "Russian",
    "id": "Indonesian",
    "th": "Thai",
}
"""BCP 47 tags, as pages and price sources write them."""

FINISHES = {
    Finish.NORMAL.value: "Normal",
    Finish.HOLO.value: "Holo",
    Finish.REVERSE.value: "Reverse holo",
    Finish.FOIL.value: "Foil",
    Finish.UNKNOWN.value: "Not proven",
}
