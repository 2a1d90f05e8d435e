"""An application's token by client credentials, used until shortly before its end."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from sync.cloud.sources.asking import Request
from sync.cloud.sources.errors import SourceBlockedError, SourceShapeError
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.pages import text_of

_SPARE_S = 300.0


class Token:
    """Thread-safe. The token is never written down anywhere."""

    def __init__(
        self,
        client: SourceClient,
        path: str,
        form: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`form` and `headers` hold the shop's keys as the source wants them."""
        self._client = client
        self._request = Request(path, form=form, headers=headers)
        self._lock = threading.Lock()
        self._value = ""
        self._until_mono_s = float("-inf")

    def header(self) -> dict[str, str]:
        """The header for a request. Raises SourceError."""
        with self._lock:
            if self._client.clock.mono_s() >= self._until_mono_s:
                self._renew()
            return {"Authorization": f"Bearer {self._value}"}

    def forget(self) -> None:
        """The source did not take it; the next call asks for another."""
        with self._lock:
            self._until_mono_s = float("-inf")

    def _renew(self) -> None:
        data = self._client.json(self._request)
        value, lives_s = text_of(data.get("access_token")), data.get("expires_in")
        if not value or not value.isprintable():
            raise SourceShapeError(f"{self._client.source} gave no token for the shop's keys.")
        known = isinstance(lives_s, int | float) and not isinstance(lives_s, bool) and lives_s > 0
        self._value = value
        self._until_mono_s = self._client.clock.mono_s() + (
            max(float(lives_s) - _SPARE_S, 60.0) if known else 3600.0  # type: ignore[arg-type]
        )


def ask_with(
    client: SourceClient, token: Token, path: str, params: Mapping[str, str | int] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Mapping[str, object]:  # fmt: skip
    """A JSON object asked for with the token; with a new one where the old is not taken."""
    asked = {**(headers or {}), **token.header()}
    try:
        return client.json(Request(path, params, asked))
    except SourceBlockedError:
        token.forget()
        return client.json(Request(path, params, {**(headers or {}), **token.header()}))
