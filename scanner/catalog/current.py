"""Which version is in use, and which was before: a file of two lines, changed in one rename."""

from __future__ import annotations

from pathlib import Path

from scanner.catalog.disk import write_atomic
from scanner.catalog.manifest import is_name
from scanner.errors import PackError


def read_current(file: Path) -> tuple[str | None, str | None]:
    """The version in use and the one before it. Raises PackError where the file can't be read."""
    try:
        text = file.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise PackError(
            f"{file} can't be read ({error.strerror}); run this as the user that owns it"
        ) from error
    # Scribble in the file counts as nothing in use, which the next switch puts right.
    in_use, previous = (line if is_name(line) else None for line in (*text.split("\n"), "", "")[:2])
    return in_use, previous


def write_current(file: Path, in_use: str | None, previous: str | None) -> None:
    """Switch. Raises OSError, and then nothing has changed."""
    write_atomic(file, f"{in_use or ''}\n{previous or ''}\n".encode())
