"""The code that the device shows and that the first manager types: who can see it stands beside it.

It is shown where the page was started, on the console or in the service's journal, and by the
device's lamp (`scanner.pairing_code`).
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable

WRONG_CODES = 20
"""After so many wrong codes, from wherever, a new one is shown: guessing starts over."""


class Pairing:
    """Holds the present code. Usable from several threads."""

    def __init__(
        self, show: Callable[[str], None], hide: Callable[[], None] = lambda: None
    ) -> None:
        """`show` is given each new code, such as `482 913`; `hide` is called once it is used."""
        self._show = show
        self._hide = hide
        self._lock = threading.Lock()
        self._code = ""
        self._wrong = 0

    def is_open(self) -> bool:
        """Tell whether a code is shown now."""
        return bool(self._code)

    def begin(self) -> None:
        """Show a new code."""
        with self._lock:
            self._begin()

    def take(self, code: str) -> bool:
        """Tell whether this is the code; a right one is used up."""
        with self._lock:
            typed = "".join(code.split())
            if not self._code:
                return False
            if hmac.compare_digest(typed.encode(), self._code.encode()):
                self._code = ""
                self._hide()
                return True
            self._wrong += 1
            if self._wrong >= WRONG_CODES:
                self._begin()
            return False

    def _begin(self) -> None:
        self._wrong = 0
        self._code = f"{secrets.randbelow(1_000_000):06d}"
        self._show(f"{self._code[:3]} {self._code[3:]}")
