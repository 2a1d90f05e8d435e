"""What can be released, and the names of the channels on which devices follow it."""

from __future__ import annotations

import re
from pathlib import Path

from scanner.catalog.manifest import MANIFEST
from scanner.errors import UsageError

MODELS, PACKS = "models", "pack/"
_CHANNEL = re.compile(r"[A-Za-z0-9_-]{1,40}")


def check_channel(channel: str) -> str:
    """Return the channel's name, or raise UsageError where devices can't follow such a one."""
    if not _CHANNEL.fullmatch(channel):
        raise UsageError(
            "Name a channel with up to 40 letters, digits, - and _, such as stable: devices "
            "follow one by their setting sync.channel"
        )
    return channel


def is_models(folder: Path) -> bool:
    """Whether a folder holds models rather than a pack."""
    return not (folder / MANIFEST).exists() and (folder / "manifest.toml").exists()
