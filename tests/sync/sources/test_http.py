from __future__ import annotations

import gzip
import threading
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest

from sync.cloud.sources.asking import Request
from sync.cloud.sources.book import MemoryBook
from sync.cloud.sources.breaker import BreakerState
from sync.cloud.sources.errors import (
    SourceBlockedError,
    SourceBusyError,
    SourceDownError,
    SourceError,
    SourceMissingError,
    SourceOpenError,
    SourceQuotaError,
    SourceRefusedError,
    SourceShapeError,
    SourceTooLargeError,
)
from sync.cloud.sources.limit import Rate, TokenBucket
from tests.sync.sources.conftest import MANNERS, Client
from tests.sync.sources.web import (
    Behaviour,
    FakeClock,
    Web,
    endless,
    raw,
    silent,
    status,
    told,
    validated,
)

ASK = Request("x")
ONCE = replace(MANNERS, attempts=1)


def test_it_says_who_asks(web: Web, client: Client) -> None:
    web.routes["*"] = told({})
    assert client().json(ASK) == {}
    headers = web.requests[0][2]
    assert headers["User-Agent"].startswith("Counterscan/")
    assert headers["Accept"]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (status(429), SourceBusyError),
        (status(429, Retry_After="7"), SourceBusyError),
        (status(429, Retry_After="soon"), SourceBusyError),
        (status(503, Retry_After="7"), SourceBusyError),
        (status(500), SourceDownError),
        (status(503), SourceDownError),
        (raw(b'{"a": 1}', length=4000), SourceDownError),
        (raw(gzip.compress(b"{}" * 900)[:-9], Content_Encoding="gzip"), SourceDownError),
        (raw(b"\x1f\x8bno gzip at all", Content_Encoding="gzip"), SourceShapeError),
        (raw(b"{broken"), SourceShapeError),
        (raw(b"\xff\xfe\xfa"), SourceShapeError),
        (raw(b"[1, 2]"), SourceShapeError),
        (raw(b"[" * 100_000), SourceShapeError),
        (raw(b""), SourceShapeError),
        (raw(b"", 302, Location="https://elsewhere.example/"), SourceShapeError),
        (raw(gzip.compress(b" " * 9_000_000)), SourceTooLargeError),
        (raw(b" " * 400_000), SourceTooLargeError),
        (status(400), SourceRefusedError),
        (status(401), SourceBlockedError),
        (status(403), SourceBlockedError),
        (status(404), SourceMissingError),
    ],
)
def test_each_fault_has_its_class_and_is_asked_again_only_where_that_helps(
    web: Web, client: Client, behaviour: Behaviour, error: type[SourceError]
) -> None:
    web.routes["*"] = behaviour
    with pytest.raises(SourceError) as raised:
        client().json(ASK)
    assert type(raised.value) is error
    assert len(web.requests) == (MANNERS.attempts if error.retryable else 1)


def test_an_endless_body_is_given_up(web: Web, client: Client) -> None:
    web.routes["*"] = endless(web.ended)
    with pytest.raises(SourceTooLargeError):
        client().json(ASK)


def test_silence_is_given_up(web: Web, client: Client) -> None:
    web.routes["*"] = silent(web.ended)
    with pytest.raises(SourceDownError, match="in time"):
        client(replace(ONCE, read_s=0.2)).json(ASK)


def test_a_body_that_trickles_is_given_up(web: Web, client: Client, clock: FakeClock) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not web.ended.is_set():
            handler.wfile.write(b" ")
            handler.wfile.flush()
            clock.wait(1.0)  # puts the client's clock forward too
        handler.close_connection = True

    web.routes["*"] = trickle
    with pytest.raises(SourceDownError, match="slowly"):
        client(replace(ONCE, whole_s=100.0)).json(ASK)


def test_nobody_there(client: Client, web: Web, clock: FakeClock) -> None:
    asked = client(ONCE)
    asked._base_url = "http://127.0.0.1:1"
    with pytest.raises(SourceDownError, match="reached"):
        asked.json(ASK)


def test_a_fault_that_passes_is_survived(web: Web, client: Client, clock: FakeClock) -> None:
    web.routes["*"] = [status(500), raw(b'{"a":', length=900), told({"a": 1})]
    assert client().json(ASK) == {"a": 1}
    assert len(clock.waits) == 2
    assert 0.5 <= clock.waits[0] <= 1.0 <= clock.waits[1] <= 2.0


@pytest.mark.parametrize("is_date", [False, True])
def test_retry_after_is_honoured(web: Web, client: Client, clock: FakeClock, is_date: bool) -> None:
    at = format_datetime(clock.now() + timedelta(seconds=40), usegmt=True)
    web.routes["*"] = [status(429, Retry_After=at if is_date else "40"), told({})]
    began_mono_s = clock.mono_s()
    client().json(ASK)
    assert clock.mono_s() - began_mono_s >= (38 if is_date else 40)


def test_a_429_without_retry_after_is_given_half_a_minute(
    web: Web, client: Client, clock: FakeClock
) -> None:
    web.routes["*"] = [status(429), told({})]
    began_mono_s = clock.mono_s()
    client().json(ASK)
    assert clock.mono_s() - began_mono_s >= 30


def test_a_long_retry_after_ends_the_run_and_holds_off_all_later_ones(
    web: Web, client: Client, clock: FakeClock
) -> None:
    web.routes["*"] = [status(429, Retry_After="7200"), told({})]
    asked = client()
    with pytest.raises(SourceBusyError):
        asked.json(ASK)
    clock.wait(7000)
    with pytest.raises(SourceOpenError):
        asked.json(ASK)
    assert len(web.requests) == 1
    clock.wait(201)
    assert asked.json(ASK) == {}


def test_the_breaker_opens_probes_once_and_closes(
    web: Web, client: Client, clock: FakeClock
) -> None:
    web.routes["*"] = status(500)
    asked = client(ONCE)
    for _ in range(5):
        with pytest.raises(SourceDownError):
            asked.json(ASK)
    assert asked.breaker.state is BreakerState.OPEN
    for _ in range(20):
        with pytest.raises(SourceOpenError):
            asked.json(ASK)
    assert len(web.requests) == 5
    clock.wait(61)
    assert asked.breaker.state is BreakerState.HALF_OPEN
    with pytest.raises(SourceDownError):
        asked.json(ASK)
    with pytest.raises(SourceOpenError):
        asked.json(ASK)
    assert len(web.requests) == 6
    clock.wait(61)  # the second pause is longer than the first
    with pytest.raises(SourceOpenError):
        asked.json(ASK)
    clock.wait(61)
    web.routes["*"] = told({})
    assert asked.json(ASK) == {}
    assert asked.breaker.state is BreakerState.CLOSED


def test_a_half_open_breaker_lets_one_request_through_at_a_time(
    web: Web, client: Client, clock: FakeClock
) -> None:
    asked = client(ONCE)
    for _ in range(5):
        asked.breaker.failed()
    clock.wait(61)
    asked.breaker.enter()
    with pytest.raises(SourceOpenError):
        asked.json(ASK)
    assert web.requests == []
    asked.breaker.abandoned()
    web.routes["*"] = told({})
    assert asked.json(ASK) == {}


def test_wrong_answers_open_the_breaker_and_refusals_do_not(web: Web, client: Client) -> None:
    asked = client(ONCE)
    web.routes["*"] = status(404)
    for _ in range(9):
        with pytest.raises(SourceMissingError):
            asked.json(ASK)
    web.routes["*"] = raw(b"<html>")
    for _ in range(9):
        with pytest.raises((SourceShapeError, SourceOpenError)):
            asked.json(ASK)
    assert asked.breaker.state is BreakerState.OPEN


def test_no_more_requests_than_the_limit_allows_across_threads(
    web: Web, client: Client, clock: FakeClock
) -> None:
    web.routes["*"] = [status(500), status(429), told({})]
    rate = Rate(30, 60.0, burst=3)
    asked = client(replace(MANNERS, rate=rate))
    began_mono_s = clock.mono_s()

    def ask() -> None:
        for _ in range(10):
            asked.json(ASK)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(web.requests) == 42
    took_s = clock.mono_s() - began_mono_s
    assert len(web.requests) <= rate.burst + took_s * rate.tokens_per_s


def test_no_window_holds_more_than_the_rate_says(clock: FakeClock) -> None:
    rate = Rate(30, 60.0, burst=5)
    bucket = TokenBucket(rate, clock)
    times = []
    for _ in range(200):
        bucket.take()
        times.append(clock.mono_s())
    for start in times:
        assert sum(start <= at < start + rate.per_s for at in times) <= rate.requests


def test_the_day_s_requests_are_kept_to_also_when_they_fail(
    web: Web, client: Client, clock: FakeClock, book: MemoryBook
) -> None:
    web.routes["*"] = status(404)
    asked = client(replace(ONCE, per_day=6))
    for _ in range(6):
        with pytest.raises(SourceMissingError):
            asked.json(ASK)
    for _ in range(3):
        with pytest.raises(SourceQuotaError):
            asked.json(ASK)
    assert len(web.requests) == 6
    (day,) = book.usage(clock.now().date())
    assert (day.requests, day.failures) == (6, 6)
    clock.wait(86_400)
    with pytest.raises(SourceMissingError):
        asked.json(ASK)


def test_what_has_not_changed_is_not_sent_twice(
    web: Web, client: Client, book: MemoryBook, clock: FakeClock
) -> None:
    web.routes["*"] = validated({"a": 1}, '"v1"')
    asked = client()
    request = Request("x", scope="packs 1")
    first = asked.ask(request)
    again = asked.ask(request)  # nobody has said that it is on disk
    assert first.data == again.data == {"a": 1}
    book.remember("probe", first.url, first.scope, first.validators)
    assert asked.ask(request).unchanged
    assert not asked.ask(Request("x", scope="packs 2")).unchanged  # other cards want prices now
    assert book.usage(clock.now().date())[0].unchanged == 1


def test_nothing_is_asked_of_somebody_else(web: Web, client: Client) -> None:
    for address in ("http://127.0.0.2:9/x", "https://probe.example/x", "ftp://127.0.0.1/x"):
        with pytest.raises(SourceError):
            client(ONCE).json(Request(address))
    assert [path for path in web.paths() if path == "/x"] == []


def test_no_secret_is_in_a_message(
    web: Web, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secret = "kept-to-ourselves"
    for code in (400, 401, 404, 429, 500):
        web.routes["*"] = status(code)
        with pytest.raises(SourceError) as raised:
            client(ONCE).json(Request("x", headers={"X-Api-Key": secret}, form={"secret": secret}))
        assert secret not in str(raised.value)
    assert web.requests[0][3] == f"secret={secret}"
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("sync")]
    assert not [line for line in ours if secret in line]
