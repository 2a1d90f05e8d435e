"""Files over HTTPS, with an authority of the cloud's own: only from whom the device trusts."""

from __future__ import annotations

import hashlib
import random
import re
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from scanner.errors import ConfigError
from sync.enrol import EnrolError, enrol
from sync.fetch import Fetcher, FetchError, FetchRefusedError, Wanted
from sync.pairing import Pairing, read_pairing
from sync.tls import files_context, tls_refusal
from tests.sync.bad_server import BadServer, Handler, bad_server, cut_after, status
from tests.sync.certificates import Authority, Signed
from tests.sync.test_fetch import LIMITS

HERE = "127.0.0.1"
CONTENT = random.Random(11).randbytes(500_000)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "Somebody else")


def paired(authority: Authority | None, client: Signed | None = None) -> Pairing:
    return Pairing(
        broker="mqtts://127.0.0.1", user="counter-1", password="not-a-secret",
        ca_file=None if authority is None else authority.file,
        cert_file=None if client is None else client.cert,
        key_file=None if client is None else client.key,
    )  # fmt: skip


def fetched(
    server: BadServer, folder: Path, authority: Authority | None, client: Signed | None = None
) -> bytes:
    wanted = Wanted(server.url, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    with httpx.Client(verify=files_context(paired(authority, client)), timeout=60) as http:
        return Fetcher(folder, http, threading.Event(), LIMITS).fetch(wanted).read_bytes()


def test_a_file_comes_from_a_server_that_the_clouds_authority_has_signed(
    tmp_path: Path, authority: Authority
) -> None:
    tls = authority.server_context(authority.sign("files", HERE))
    with bad_server(CONTENT, tls) as server:
        assert server.url.startswith("https://")
        assert fetched(server, tmp_path, authority) == CONTENT


def test_what_was_cut_off_goes_on_over_tls(tmp_path: Path, authority: Authority) -> None:
    tls = authority.server_context(authority.sign("files", HERE))
    with bad_server(CONTENT, tls) as server:
        server.answers.extend([cut_after(200_000), cut_after(200_000)])
        assert fetched(server, tmp_path, authority) == CONTENT
        assert len(server.asked) == 3
        assert server.asked[0] is None
        # A cut may cost the last record of the encryption, never more than that.
        assert server.asked[1] is not None
        assert 200_000 - 2**14 <= server.asked[1] <= 200_000


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda one: one.sign("files", "127.0.0.9"), "for another address"),
        (lambda one: one.sign("files", HERE, ended=timedelta(hours=1)), "has expired.*clock"),
        (lambda one: one.sign("files", HERE, ended=timedelta(days=-9)), "not valid yet.*clock"),
    ],
)
def test_a_certificate_that_does_not_fit_gets_no_request(
    tmp_path: Path, authority: Authority, make: Callable[[Authority], Signed], words: str
) -> None:
    with bad_server(CONTENT, authority.server_context(make(authority))) as server:
        with pytest.raises(FetchError, match=f"not trusted: .*{words}") as error:
            fetched(server, tmp_path, authority)
        assert error.value.retryable  # it may be renewed, the clock set right
        assert server.asked == []


def test_a_home_made_certificate_that_newer_pythons_refuse_is_told(authority: Authority) -> None:
    context = files_context(paired(authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 has it by itself
    tls = authority.server_context(authority.sign("files", HERE, plain=True))
    with bad_server(CONTENT, tls) as server, pytest.raises(httpx.ConnectError) as error:
        httpx.get(server.url, verify=context)
    assert "Whoever runs the cloud must have it made anew" in tls_refusal(error.value, "the cloud")


@pytest.mark.parametrize("trusts_another", [True, False])
def test_an_unknown_authority_is_told_with_what_to_do(
    tmp_path: Path, authority: Authority, stranger: Authority, trusts_another: bool
) -> None:
    tls = stranger.server_context(stranger.sign("files", HERE))
    with bad_server(CONTENT, tls) as server:
        with pytest.raises(FetchError, match=r"does not know who signed it.*ca_file"):
            fetched(server, tmp_path, authority if trusts_another else None)
        assert server.asked == []


def test_a_way_out_of_the_encryption_is_refused(tmp_path: Path, authority: Authority) -> None:
    tls = authority.server_context(authority.sign("files", HERE))
    with bad_server(CONTENT) as plain, bad_server(CONTENT, tls) as server:
        server.otherwise = status(302, Location=plain.url)
        with pytest.raises(FetchRefusedError, match="elsewhere"):
            fetched(server, tmp_path, authority)
        assert plain.asked == []


def test_a_server_without_tls_is_told(tmp_path: Path, authority: Authority) -> None:
    with bad_server(CONTENT) as server:
        wanted = Wanted(server.url.replace("http:", "https:"), 5, "0" * 64)
        with (
            httpx.Client(verify=files_context(paired(authority)), timeout=60) as http,
            pytest.raises(FetchError, match="does not speak TLS"),
        ):
            Fetcher(tmp_path, http, threading.Event(), LIMITS).fetch(wanted)


def client_certificates(ours: Authority, theirs: Authority) -> dict[str, Signed | None]:
    return {
        "good": ours.sign("counter-1"),
        "none": None,
        "stranger": theirs.sign("counter-1"),
        "expired": ours.sign("counter-1", ended=timedelta(hours=1)),
    }


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("good", ""),
        ("none", "asks for a client certificate.*cert_file and key_file"),
        ("stranger", "does not know who signed its certificate"),
        ("expired", "its certificate has expired"),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_may_ask_for_the_devices_certificate(
    tmp_path: Path, authority: Authority, stranger: Authority, which: str, words: str,
    version: ssl.TLSVersion,
) -> None:  # fmt: skip
    client = client_certificates(authority, stranger)[which]
    tls = authority.server_context(authority.sign("files", HERE), wants_client=True)
    tls.maximum_version = version
    with bad_server(CONTENT, tls) as server:
        if not words:
            assert fetched(server, tmp_path, authority, client) == CONTENT
            return
        if version is ssl.TLSVersion.TLSv1_2 and which == "none":
            words = "does not accept this device's certificate"
        # What the server says may get lost, as it ends the connection with the same breath.
        for _ in range(20):
            with pytest.raises(FetchError) as error:
                fetched(server, tmp_path, authority, client)
            assert error.value.retryable
            if re.search(words, str(error.value)):
                break
        assert re.search(words, str(error.value))
        assert server.asked == []


def test_a_code_is_given_to_a_cloud_of_an_own_authority_only_with_its_certificate(
    tmp_path: Path, authority: Authority
) -> None:
    told = b'{"broker": "mqtts://cloud.example", "user": "counter-9", "password": "p"}'
    tls = authority.server_context(authority.sign("cloud", HERE))

    def answered(handler: Handler, content: bytes, _start: int | None) -> None:
        handler.head(200, Content_Length=len(content))
        handler.wfile.write(content)

    with bad_server(told, tls) as server:
        server.otherwise = answered
        url = f"https://127.0.0.1:{server.server_address[1]}"
        with pytest.raises(EnrolError, match=r"does not know who signed it.*--ca-file FILE"):
            enrol(url, "ABCD", tmp_path / "sync.toml")
        assert server.asked == []
        enrol(url, "ABCD", tmp_path / "sync.toml", ca_file=authority.file)
        with pytest.raises(ConfigError, match="no certificate that can be read"):
            enrol(url, "ABCD", tmp_path / "sync.toml", ca_file=tmp_path / "nothing.pem")
    assert read_pairing(tmp_path / "sync.toml").user == "counter-9"
