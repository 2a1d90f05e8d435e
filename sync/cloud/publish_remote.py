"""Publishes to a cloud on another machine over its API: the key that signs stays here."""

from __future__ import annotations

import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.errors import CounterscanError, UsageError
from sync.cloud.release_names import check_channel, is_models
from sync.cloud.releases import Releases
from sync.enrol import checked_url, reason
from sync.protocol_fleet import Release

TRIES = 8
_WITHIN_S = 60.0
_CHECKED_WITHIN_S = 600.0
_LONGEST_WAIT_S = 60.0
_AGAIN = frozenset({408, 429, 502, 503, 504})
_ARCHIVED_FOR = "https://archived.invalid"


class RemoteCloudError(CounterscanError, RuntimeError):
    """The cloud refuses, or can't be reached; the message says what to do."""


class RemoteCloud:
    """The API of a cloud, asked with an owner's key or token. A context manager."""

    def __init__(
        self, url: str, secret: str, *, transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        """Nothing is asked yet. Raises UsageError where `url` can't be the address of a cloud."""
        self._url = checked_url(url)
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {secret}"}
        self._client = httpx.Client(
            base_url=self._url, headers=headers, timeout=_WITHIN_S, transport=transport
        )

    def __enter__(self) -> RemoteCloud:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def publish(
        self, folder: Path, channel: str, *, rollback: bool, key: Ed25519PrivateKey | None,
        about: str = "", tell: Callable[[int, int], None] = lambda _sent, _whole: None,
    ) -> Release:  # fmt: skip
        """Sign (with `key`), upload and announce a pack or models; `tell` hears of the progress.

        Raises:
            PackError, ModelError, UsageError: it is not fit to be published.
            RemoteCloudError: the cloud refuses it, or can't be reached.
        """
        check_channel(channel)
        with tempfile.TemporaryDirectory(prefix="counterscan-") as work:
            releases = Releases(Path(work), _ARCHIVED_FOR)
            make = releases.publish_models if is_models(folder) else releases.publish_pack
            release: Release = make(folder, channel, rollback=rollback, key=key, about=about)
            archive = releases.archive_of(release)
            assert archive is not None
            upload_id = self._upload(archive, release.sha256, tell)
        asked = {
            "upload": upload_id, "channel": channel, "rollback": rollback, "about": about
        }  # fmt: skip
        try:
            told = self._ask("POST", "/api/v1/releases", json=asked, timeout=_CHECKED_WITHIN_S)
        except RemoteCloudError:
            # The answer to an earlier try may have been lost on its way.
            told = self._announced(release) or {}
            if not told:
                raise
        return release.model_copy(update={"url": told["release"]["url"]})

    def withdraw(self, target: str, channel: str) -> None:
        """Announce `pack/GAME`, or `models`, no longer. Raises RemoteCloudError."""
        asked = {"target": target, "channel": channel}
        self._ask("POST", "/api/v1/releases/withdraw", json=asked)

    def _announced(self, release: Release) -> dict[str, Any] | None:
        told = self._ask("GET", "/api/v1/releases")
        for standing in told["releases"]:
            now = standing["release"]
            is_there = now is not None and now["sha256"] == release.sha256
            if is_there and (standing["channel"], now["rollback"]) == (
                release.channel, release.rollback,
            ):  # fmt: skip
                return dict(standing)
        return None

    def _upload(self, archive: Path, sha256: str, tell: Callable[[int, int], None]) -> str:
        size_bytes = archive.stat().st_size
        promised = {"size_bytes": size_bytes, "sha256": sha256}
        upload = self._ask("POST", "/api/v1/uploads", json=promised)
        address = f"/api/v1/uploads/{upload['id']}"
        failures = 0
        with archive.open("rb") as file:
            while (offset := int(upload["received_bytes"])) < size_bytes:
                tell(offset, size_bytes)
                file.seek(offset)
                part = file.read(int(upload["part_bytes"]))
                try:
                    upload = self._ask("PUT", f"{address}?offset={offset}", content=part, tries=1)
                    failures = 0
                except _CutError as error:
                    # Nobody knows how much of the part arrived: the cloud is asked.
                    failures += 1
                    if failures >= TRIES:
                        raise RemoteCloudError(str(error)) from None
                    self._sleep(error.wait_s or _wait_s(failures))
                    upload = self._ask("GET", address)
        tell(size_bytes, size_bytes)
        return str(upload["id"])

    def _ask(self, method: str, path: str, *, tries: int = TRIES, **sent: Any) -> dict[str, Any]:
        failures = 0
        while True:
            try:
                return self._asked_once(method, path, sent)
            except _CutError as error:
                failures += 1
                if failures >= tries:
                    if tries == 1:
                        raise
                    raise RemoteCloudError(str(error)) from None
                self._sleep(error.wait_s or _wait_s(failures))

    def _asked_once(self, method: str, path: str, sent: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, **sent)
        except httpx.HTTPError as error:
            raise _CutError(
                f"The cloud at {self._url} can't be reached ({error or type(error).__name__}): "
                "look at the network, then do this again; it goes on where it was."
            ) from None
        if answer.status_code in _AGAIN:
            raise _CutError(reason(answer), _retry_after_s(answer))
        if answer.is_success:
            with suppress(ValueError):
                told = answer.json()
                if isinstance(told, dict):
                    return told
        raise RemoteCloudError(reason(answer))


class _CutError(Exception):
    """This try came to nothing; another one may not."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


def read_secret(file: Path) -> str:
    """Read an API key, or a token, from a file that nobody else can read. Raises UsageError."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file} can't be read ({error}): put an owner's API key into it"
        ) from None
    if mode & 0o007:
        raise UsageError(f"{file}: everybody can read the key in it: chmod 600 {file}")
    if not secret or len(secret.split()) != 1:
        raise UsageError(f"{file} holds no API key: it has one line, such as csk_…")
    return secret


def _wait_s(failures: int) -> float:
    return float(min(_LONGEST_WAIT_S, 2 ** (failures - 1)))


def _retry_after_s(answer: httpx.Response) -> float:
    try:
        return min(_LONGEST_WAIT_S, max(0.0, float(answer.headers.get("Retry-After", "0"))))
    except ValueError:
        return 0.0
