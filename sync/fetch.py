"""One file over HTTP, whatever the line and the server do: resumed, bounded, its checksum compared.

The URL is only a way to the bytes: size and SHA-256 were announced, and nothing else is accepted.
"""

from __future__ import annotations

import errno
import logging
import os
import random
import re
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from scanner.catalog.disk import sha256_file
from scanner.errors import CounterscanError
from sync.tls import tls_refusal

log = logging.getLogger(__name__)

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_LOOK_EVERY_BYTES = 8 * 1024 * 1024
_PROGRESS_BYTES = 64 * 1024
_WRONG_TWICE = 2
_BUSY = frozenset({408, 425, 429})


class FetchError(CounterscanError, RuntimeError):
    """The file can't be had for now; it may be later."""

    retryable = True


class FetchRefusedError(FetchError):
    """What is at the address is not what was announced."""

    retryable = False


class FetchRoomError(FetchError):
    """The disk has no room for it."""


class FetchStoppedError(FetchError):
    """The process ends."""


class _AgainError(Exception):
    """This try came to nothing; `wait_s` is the server's own wish."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was announced."""

    url: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient to be. `reserve_bytes` stay free on the disk for the log, come what may."""

    connect_s: float = 10.0
    read_s: float = 30.0
    slowest_bytes_per_s: float = 1024.0
    slow_for_s: float = 60.0
    tries: int = 6
    first_wait_s: float = 2.0
    longest_wait_s: float = 300.0
    reserve_bytes: int = 300 * 1024 * 1024


def free_bytes(folder: Path) -> int:
    """What is free on the disk that holds a folder."""
    return shutil.disk_usage(folder).free


class Fetcher:
    """Fetches into a folder of its own; what was cut off goes on from there, also after a kill."""

    def __init__(
        self, folder: Path, client: httpx.Client, stopping: threading.Event,
        limits: Limits | None = None, free: Callable[[Path], int] = free_bytes,
    ) -> None:  # fmt: skip
        """Nothing is fetched yet. `client` must not follow redirections."""
        self._folder = folder
        self._client = client
        self._stopping = stopping
        self._limits = limits or Limits()
        self._free = free

    def fetch(self, wanted: Wanted, told: Callable[[int], None] = lambda _bytes: None) -> Path:
        """Return the whole file; `told` hears again and again how many bytes of it are here.

        Raises FetchError, whose `retryable` says whether to come back.
        """
        done = self._folder / f"{wanted.sha256}.tar"
        part = self._folder / f"{wanted.sha256}.part"
        with _disk_explained(part):
            self._folder.mkdir(parents=True, exist_ok=True)
            if done.exists() and sha256_file(done) == wanted.sha256:
                return done
            self._until_whole(wanted, part, told)
            part.rename(done)
        return done

    def forget_all_but(self, digests: Collection[str]) -> None:
        """Delete what was fetched, whole or in part, of anything else."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.suffix in (".part", ".tar") and path.stem not in digests:
                path.unlink(missing_ok=True)

    def _until_whole(self, wanted: Wanted, part: Path, told: Callable[[int], None]) -> None:
        failed = wrong = best = 0
        while True:
            have = _size(part)
            if have == wanted.size_bytes:
                if sha256_file(part) == wanted.sha256:
                    return
                part.unlink()
                wrong += 1
                if wrong == _WRONG_TWICE:
                    raise FetchRefusedError(
                        f"The file at {_where(wanted)} is not the one that was announced: its "
                        "checksum differs"
                    )
                have = best = 0
            try:
                self._check_room(wanted, have)
                self._get(wanted, part, have, told)
            except _AgainError as why:
                now = _size(part)
                failed = 0 if now >= best + _PROGRESS_BYTES else failed + 1
                best = max(best, now)
                if failed >= self._limits.tries:
                    raise FetchError(f"{why}; it is tried again later") from None
                log.info("%s; next try soon, %d of %d bytes are here", why, now, wanted.size_bytes)
                self._wait(failed, why.wait_s)

    def _get(self, wanted: Wanted, part: Path, have: int, told: Callable[[int], None]) -> None:
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        try:
            with self._client.stream("GET", wanted.url, headers=headers) as answer:
                start = _start(answer, wanted, have)
                if start is None:
                    part.unlink(missing_ok=True)
                    raise _AgainError(f"{_where(wanted)} does not know where to go on")
                self._write(answer, wanted, part, start, told)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise FetchRefusedError(f"{wanted.url} is no address: {error}") from None
        except httpx.TimeoutException:
            raise _AgainError(f"There is no answer from {_where(wanted)}") from None
        except httpx.HTTPError as error:
            if why := tls_refusal(error, _where(wanted)):
                raise FetchError(f"{why.rstrip('.')}. It is tried again later") from None
            raise _AgainError(f"The way to {_where(wanted)} broke: {error}") from None

    def _write(
        self, answer: httpx.Response, wanted: Wanted, part: Path, start: int,
        told: Callable[[int], None],
    ) -> None:  # fmt: skip
        at, looked = start, start
        window_bytes, window_mono_s = start, time.monotonic()
        with part.open("r+b" if start else "wb") as file:
            file.truncate(start)
            file.seek(start)
            try:
                for chunk in answer.iter_raw():
                    if self._stopping.is_set():
                        raise FetchStoppedError("This process ends; it is fetched later")
                    at += len(chunk)
                    if at > wanted.size_bytes:
                        file.truncate(0)
                        raise FetchRefusedError(
                            f"{_where(wanted)} sends more than the {wanted.size_bytes} bytes that "
                            "were announced"
                        )
                    file.write(chunk)
                    told(at)
                    if at - looked >= _LOOK_EVERY_BYTES:
                        looked = at
                        self._check_room(wanted, at)
                    lasted_s = time.monotonic() - window_mono_s
                    if lasted_s >= self._limits.slow_for_s:
                        if at - window_bytes < lasted_s * self._limits.slowest_bytes_per_s:
                            raise _AgainError(f"{_where(wanted)} is too slow")
                        window_bytes, window_mono_s = at, time.monotonic()
            finally:
                file.flush()
                os.fsync(file.fileno())
        if at < wanted.size_bytes:
            raise _AgainError(f"{_where(wanted)} broke off")

    def _check_room(self, wanted: Wanted, have: int) -> None:
        # The rest of the file, and as much again for what is in it.
        needed = 2 * wanted.size_bytes - have + self._limits.reserve_bytes
        free = self._free(self._folder)
        if free < needed:
            raise FetchRoomError(
                f"The disk has too little room: {needed // 1_000_000} MB are needed and "
                f"{free // 1_000_000} MB are free; remove what is not needed"
            )

    def _wait(self, failed: int, wish_s: float) -> None:
        most_s = min(self._limits.longest_wait_s, self._limits.first_wait_s * 2 ** max(0, failed))
        wait_s = max(most_s * random.uniform(0.5, 1.0), min(wish_s, self._limits.longest_wait_s))
        if self._stopping.wait(wait_s):
            raise FetchStoppedError("This process ends; it is fetched later")


@contextmanager
def _disk_explained(part: Path) -> Iterator[None]:
    """Turn a full disk into a FetchError, and give back what the unfinished file holds of it."""
    try:
        yield
    except FetchRoomError:
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        what = "is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "can't be written"
        raise FetchRoomError(
            f"The disk that holds {part.parent} {what} ({error.strerror}); make room on it"
        ) from error


def _start(answer: httpx.Response, wanted: Wanted, have: int) -> int | None:
    """From which byte on the answer goes; None where it does not fit what is here."""
    status = answer.status_code
    if status == httpx.codes.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != have:
            return None
        _check_length(wanted, found[3])
        return have
    if status == httpx.codes.OK:
        _check_length(wanted, answer.headers.get("Content-Length", "*"))
        return 0
    if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return None
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _BUSY:
        wish = answer.headers.get("Retry-After", "")
        wish_s = float(wish) if re.fullmatch(r"\d{1,6}", wish) else 0.0
        raise _AgainError(f"{_where(wanted)} is in trouble (HTTP {status})", wish_s)
    if 300 <= status < 400:
        raise FetchRefusedError(f"{_where(wanted)} sends this device elsewhere (HTTP {status})")
    raise FetchError(f"There is no such file at {_where(wanted)} (HTTP {status})")


def _check_length(wanted: Wanted, told: str) -> None:
    if told.isascii() and told.isdigit() and int(told) != wanted.size_bytes:
        raise FetchRefusedError(
            f"The file at {_where(wanted)} has {told} bytes, and {wanted.size_bytes} were announced"
        )


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _where(wanted: Wanted) -> str:
    return urlsplit(wanted.url).netloc or wanted.url
