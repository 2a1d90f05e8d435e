"""The page's words: each state, fault, view and decision in plain English, with what to do.

Pure tables and functions. The feed loop names states and faults with short keys in
`batch_event.kind`; a key that this file does not know is shown with the event's own sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

Tone = Literal["run", "pause", "fault", "idle", "done"]


@dataclass(frozen=True, slots=True)
class Wording:
    """How one machine state is shown: a word, a tone (its colour and icon) and what to do."""

    word: str
    tone: Tone
    advice: str = ""


STATES: dict[str, Wording] = {
    "idle": Wording("Ready", "idle", "Put a stack in the hopper, then press Start."),
    "started": Wording("Scanning", "run"),
    "running": Wording("Scanning", "run"),
    "resumed": Wording("Scanning", "run"),
    "camera_back": Wording("Scanning", "run"),
    "paused": Wording("Paused", "pause", "Press Resume to go on."),
    "finished": Wording("Finished", "done", "Press Start for the next batch."),
    "stopped": Wording("Stopped", "done", "Press Start for the next batch."),
}

FAULTS: dict[str, Wording] = {
    "jam": Wording(
        "Card jam",
        "fault",
        "A card is stuck. Open the path, take the card out, put it back on the stack and press "
        "Resume.",
    ),
    "double_feed": Wording(
        "Two cards at once",
        "fault",
        "Take both cards out, part them, put them back on the stack and press Resume.",
    ),
    "mis_seat": Wording(
        "Card askew",
        "fault",
        "A card is not in its place under the camera. Take it out, put it back on the stack and "
        "press Resume.",
    ),
    "sorter_stuck": Wording(
        "Diverter stuck",
        "fault",
        "The diverter does not reach its place. Switch it off, free it, switch it on and press "
        "Resume; the card waits.",
    ),
    "hopper_empty": Wording(
        "Hopper empty",
        "pause",
        "Put more cards in the hopper and press Resume, or press Stop to end the batch.",
    ),
    "bin_full": Wording(
        "Bin full", "pause", "Empty the bin; the batch goes on by itself, or press Resume."
    ),
    "camera_lost": Wording(
        "No camera picture",
        "fault",
        "Check the camera's cable. The batch goes on by itself when there is a picture.",
    ),
    "door_open": Wording("Door open", "fault", "Close the door and press Resume."),
    "emergency_stop": Wording(
        "Emergency stop",
        "fault",
        "Make the machine safe, release the red button and press Resume.",
    ),
    "disk_full": Wording(
        "Disk full",
        "fault",
        "Nothing more is scanned until there is space. Free some space on the disk; every card "
        "logged so far is safe.",
    ),
}

VIEWS: dict[str, str] = {
    "nothing": "Nothing under the camera",
    "card": "Card in view",
    "several": "More than one card: take one away",
    "back": "Card back: turn it over",
}

DECISIONS: dict[str, str] = {"accepted": "Accepted", "review": "Review", "unknown": "Unknown"}

UNNAMED: dict[str, str] = {
    "nothing": "Nothing in view",
    "several": "More than one card",
    "back": "Card back",
}


def machine_wording(kind: str) -> Wording:
    """Return the words for a state or fault; an unknown key reads as a fault of that name."""
    known = STATES.get(kind) or FAULTS.get(kind)
    return known or Wording(kind.replace("_", " ").capitalize(), "fault")


def count(value: int, one: str, many: str) -> str:
    """Return `1 card` or `1,204 cards`."""
    return f"{value:,} {one if value == 1 else many}"


def time_left(seconds: float | None) -> str:
    """Return a coarse "about 2 min left"; empty when nobody knows."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"about {round(seconds / 10) * 10} s left"
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return f"about {minutes} min left"
    return f"about {minutes // 60} h {minutes % 60:02d} min left"


def sentence(text: str) -> str:
    """Return a text as a sentence of the page."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?" else text + "."


def age_days(as_of: str) -> int | None:
    """Return how many days ago a moment or a day was; None where nobody says."""
    try:
        day = date.fromisoformat(as_of[:10])
    except ValueError:
        return None
    return max(0, (datetime.now(UTC).date() - day).days)


def sure(probability: float | None) -> str:
    """Return how likely the answer is right, such as `99.7%`, rounded down; empty where unknown."""
    if probability is None:
        return ""
    tenths = int(max(0.0, min(1.0, probability)) * 1000 + 1e-9)
    return f"{tenths / 10:g}%"


def confidence(score: float) -> str:
    """Return how alike the pictures are in whole per cent; only 1.0 reads 100%."""
    return f"{int(max(0.0, min(1.0, score)) * 100 + 1e-9)}%"


def later(source: str, decision: str, pack: str) -> str:
    """Return how an answer came after the scan: by a retry or a person; empty where it did not."""
    if source == "retry":
        what = "recognised later" if decision == "accepted" else "looked at again"
        return f"{what}, with pack {pack}"
    return "named by a person" if source == "person" else ""


def is_fallback(recognizer: str) -> bool:
    """Tell whether a scan's or the feed process's word for the recognition is the fallback's."""
    return recognizer == "phash" or "perceptual hash" in recognizer.lower()


def about(driver: str, recognizer: str) -> str:
    """Return which machine and which recognition are in use."""
    names = {"phash": "perceptual hash only", "embedder": "trained model"}
    told = names.get(recognizer, recognizer)
    if told.lower().startswith("recognizer: "):
        told = told.partition(": ")[2]
    machine = f"Machine: {driver}" if driver else ""
    recognition = f"Recognition: {told}" if told else ""
    return " · ".join(filter(None, (machine, recognition)))
