"""The code that pairs the page, where the device can show it: on its lamp, or to its doctor.

The page's process alone knows the code and writes it here; who may read the data folder of the
scanner's own user is the scanner already. There is a file only while the code may be typed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FILE = Path("live") / "pairing-code"
DIGITS = 6


def publish_code(data_dir: Path, code: str) -> None:
    """Let the device show `code`; "" takes the last one away. A full disk shows none."""
    path = data_dir / FILE
    unfinished = path.with_name(f".{path.name}")
    with suppress(OSError):
        if not code:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(code)
        unfinished.replace(path)


def published_code(data_dir: Path) -> str:
    """The digits that pair the page now; "" where there is nothing to show."""
    try:
        digits = "".join((data_dir / FILE).read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError):
        return ""
    return digits if len(digits) == DIGITS and digits.isdecimal() else ""
