"""One source's way to the network: everything that keeps it polite, and its failures told apart."""

from __future__ import annotations

import io
import logging
import random
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx

from sync.cloud.sources.asking import Answer, Manners, Request, http_time, retry_after_s, user_agent
from sync.cloud.sources.book import Book, Use, Validators
from sync.cloud.sources.breaker import CircuitBreaker
from sync.cloud.sources.clock import Clock
from sync.cloud.sources.decode import plain, read_object
from sync.cloud.sources.errors import (
    SourceBlockedError,
    SourceBusyError,
    SourceDownError,
    SourceError,
    SourceMissingError,
    SourceQuotaError,
    SourceRefusedError,
    SourceShapeError,
    SourceTooLargeError,
)
from sync.cloud.sources.limit import TokenBucket

log = logging.getLogger(__name__)

_PAUSE_OF_429_S = 30.0


_Finish = Callable[[Answer, BinaryIO], Answer]


class SourceClient:
    """Asks one source. Thread-safe: limit, breaker and connections are shared."""

    def __init__(
        self,
        source: str,
        base_url: str,
        manners: Manners,
        book: Book,
        clock: Clock,
        *,
        contact: str = "",
        breaker: CircuitBreaker | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """Connect to nothing yet; `contact` is told to the source, so that it can complain."""
        self.source = source
        self.breaker = breaker or CircuitBreaker(source, clock)
        self._base_url = base_url.rstrip("/")
        self._manners = manners
        self._book = book
        self.clock = clock
        self._bucket = TokenBucket(manners.rate, clock)
        self._chance = chance or random.Random()
        own = urlsplit(self._base_url).hostname or ""
        self._hosts = frozenset({own, *manners.hosts})
        self._http = httpx.Client(
            headers={"User-Agent": user_agent(contact), "Accept": "application/json, */*;q=0.8",
                     "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(manners.read_s, connect=manners.connect_s),
            limits=httpx.Limits(max_connections=4, max_keepalive_connections=2),
            follow_redirects=False,
            verify=_tls(),
        )  # fmt: skip

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def text(self, request: Request) -> Answer:
        """Ask, again where that may help, and return the whole answer. Raises SourceError."""
        return self._attempts(request, io.BytesIO(), self._with_body)

    def ask(self, request: Request) -> Answer:
        """As `text`, for an answer that must be a JSON object."""
        return self._attempts(request, io.BytesIO(), self._with_data)

    def json(self, request: Request) -> Mapping[str, Any]:
        """As `ask`, for an answer that is wanted whether it has changed or not."""
        return self.ask(request).data

    def fetch(self, request: Request, sink: BinaryIO) -> Answer:
        """As `text`, but the body goes to a file as it came; `unfold` reads it."""
        return self._attempts(request, sink, lambda answer, _sink: answer)

    def is_known(self, answer: Answer) -> bool:
        """Whether the very same was remembered, for the same use."""
        known = self._book.validators(self.source, answer.url, answer.scope)
        return bool(answer.scope) and known == answer.validators

    def unfold(self, file: BinaryIO) -> Iterator[bytes]:
        """The plain bytes of what `fetch` wrote."""
        file.seek(0)
        pieces = iter(lambda: file.read(256 * 1024), b"")
        return plain(pieces, self._manners.largest_plain_bytes, self.source)

    def _with_body(self, answer: Answer, sink: BinaryIO) -> Answer:
        return replace(answer, body=b"".join(self.unfold(sink)))

    def _with_data(self, answer: Answer, sink: BinaryIO) -> Answer:
        body = b"".join(self.unfold(sink))
        return replace(answer, data=read_object(body, self.source))

    def _attempts(self, request: Request, sink: BinaryIO, finish: _Finish) -> Answer:
        url = self._url(request.path)
        for attempt in range(1, self._manners.attempts + 1):
            self.breaker.check()
            self._bucket.take()
            try:
                return self._once(url, request, sink, finish)
            except SourceError as error:
                if not error.retryable or attempt == self._manners.attempts:
                    raise
                wait_s = self._pause_s(error, attempt)
                if wait_s > self._manners.longest_wait_s:
                    raise
                log.info("%s Trying again in %.1f s.", error, wait_s)
            self.clock.wait(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, url: str, request: Request, sink: BinaryIO, finish: _Finish) -> Answer:
        self.breaker.enter()
        sent = False
        use = Use()
        try:
            if not self._book.spend(self.source, self.clock.now(), self._manners.per_day):
                raise SourceQuotaError(
                    f"{self.source} has been asked {self._manners.per_day} times today, as often "
                    "as it allows: it is asked again tomorrow."
                )
            sent = True
            sink.seek(0)
            sink.truncate()
            answer, size_bytes = self._ask(url, request, sink)
            if not answer.unchanged:
                answer = finish(answer, sink)
        except SourceError as error:
            use = Use(failures=1) if sent else use
            if error.counts:
                asked_s = error.wait_s if isinstance(error, SourceBusyError) else None
                long = asked_s is not None and asked_s > self._manners.longest_wait_s
                self.breaker.failed(asked_s or 0.0 if long else 0.0)
            elif sent:
                self.breaker.succeeded()
            else:
                self.breaker.abandoned()
            raise
        except BaseException:
            self.breaker.abandoned()
            raise
        else:
            self.breaker.succeeded()
            use = Use(received_bytes=size_bytes, unchanged=int(answer.unchanged))
            return answer
        finally:
            if sent:
                self._book.note(self.source, self.clock.now(), use)

    def _ask(self, url: str, request: Request, sink: BinaryIO) -> tuple[Answer, int]:
        headers = dict(request.headers or {})
        if request.scope:
            known = self._book.validators(self.source, url, request.scope)
            if known.etag:
                headers["If-None-Match"] = known.etag
            if known.last_modified:
                headers["If-Modified-Since"] = known.last_modified
        method = "GET" if request.form is None else "POST"
        with self._failures(), self._http.stream(
            method, url, params=request.params, headers=headers, data=request.form
        ) as response:  # fmt: skip
            validators = Validators(
                response.headers.get("ETag", "")[:400],
                response.headers.get("Last-Modified", "")[:100],
            )
            unchanged = response.status_code == 304
            if not unchanged:
                self._judge(response)
            size_bytes = 0 if unchanged else self._receive(response, sink)
            said_at = http_time(response.headers.get("Last-Modified", ""))
            return Answer(url, request.scope, unchanged, validators, said_at), size_bytes

    def _judge(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        said = f"{self.source} answered {status}"
        if status in (429, 503):
            wait_s = retry_after_s(response.headers.get("Retry-After", ""), self.clock.now())
            if status == 429 or wait_s is not None:
                self._bucket.hold(min(wait_s or 0.0, self._manners.longest_wait_s))
                raise SourceBusyError(f"{said}: it is asked too often.", wait_s)
        if status >= 500 or status == 408:
            raise SourceDownError(f"{said}: it has trouble.")
        if status in (401, 403):
            raise SourceBlockedError(
                f"{said}: it refuses this shop. Check its keys, and its terms of use."
            )
        if status in (404, 410):
            raise SourceMissingError(f"{said}: there is nothing at {response.url.path[:200]}.")
        if 300 <= status < 400:
            raise SourceShapeError(f"{said}: it has moved; a newer release may know where.")
        raise SourceRefusedError(f"{said} to {response.url.path[:200]}: it does not understand us.")

    def _receive(self, response: httpx.Response, sink: BinaryIO) -> int:
        end_mono_s = self.clock.mono_s() + self._manners.whole_s
        size_bytes = 0
        for chunk in response.iter_raw():
            size_bytes += len(chunk)
            if size_bytes > self._manners.largest_bytes:
                raise SourceTooLargeError(
                    f"{self.source} sends more than {self._manners.largest_bytes // 1_000_000} MB:"
                    " nothing of it was taken."
                )
            if self.clock.mono_s() > end_mono_s:
                raise SourceDownError(f"{self.source} sends too slowly.")
            sink.write(chunk)
        return size_bytes

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """What can go wrong on the way, as our errors. Their text never holds the request."""
        try:
            yield
        except httpx.TimeoutException:
            raise SourceDownError(f"{self.source} does not answer in time.") from None
        except httpx.RemoteProtocolError:
            raise SourceDownError(f"{self.source} broke off its answer.") from None
        except httpx.TransportError:
            raise SourceDownError(
                f"{self.source} can't be reached: there is no way to it from here just now."
            ) from None
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            if isinstance(error, SourceError):
                raise
            raise SourceShapeError(f"{self.source} can't be asked so.") from None

    def _pause_s(self, error: SourceError, attempt: int) -> float:
        if isinstance(error, SourceBusyError):
            if error.wait_s is not None:
                return error.wait_s
            pause_s = _PAUSE_OF_429_S * 2.0 ** (attempt - 1) * self._chance.uniform(1.0, 1.25)
            return float(min(pause_s, self._manners.longest_wait_s))
        longest_s = float(self._manners.back_off_s * 2 ** (attempt - 1))
        return longest_s * self._chance.uniform(0.5, 1.0)

    def _url(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return f"{self._base_url}/{path.lstrip('/')}"
        parts = urlsplit(path)
        secure = parts.scheme == "https" or self._base_url.startswith("http://")
        host = parts.hostname or ""
        if secure and any(host == own or host.endswith(f".{own}") for own in self._hosts):
            return path
        raise SourceShapeError(f"{self.source} names an address of somebody else, {host}.")


@cache
def _tls() -> ssl.SSLContext:
    """Reading the authorities takes longer than a request: once is enough for all sources."""
    return httpx.create_ssl_context()
