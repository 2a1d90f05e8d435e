"""A real Mosquitto with certificates: who is let in, who is trusted, and what is said otherwise."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.store import Store
from sync.agent import Agent
from sync.bench_broker import CLOUD, PASSWORD, Broker
from sync.bench_log import FilledLog, differences
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from sync.pairing import Pairing
from tests.sync.certificates import Authority, Signed
from tests.sync.conftest import DEVICE, Running, until
from webui.log_view import _cloud_problem

HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "Somebody else")


def listener(certificate: Signed, *further: str) -> str:
    return "\n".join([f"certfile {certificate.cert}", f"keyfile {certificate.key}", *further])


def paired(
    port: int, authority: Authority, client: Signed | None = None, user: str = DEVICE
) -> Pairing:
    return Pairing(
        broker=f"mqtts://{HERE}:{port}", user=user, password="" if client else PASSWORD,
        ca_file=authority.file, cert_file=None if client is None else client.cert,
        key_file=None if client is None else client.key,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Device:
    """A device that tries to connect, and what becomes of it."""

    store: Store
    running: Running
    caplog: pytest.LogCaptureFixture

    def start(self, pairing: Pairing) -> None:
        self.running.start(Agent(self.store, pairing, longest_back_off_s=0.2))

    def is_told(self, kind: str) -> bool:
        event = self.store.sync_event()
        return event is not None and event.kind == kind

    def refused(self, words: str = "") -> str:
        """Wait for the refusal with these words; what the page says, which the log says too.

        What a broker says of the device's own certificate may get lost on the way, as it ends the
        connection with the same breath: one of the next tries hears it.
        """
        told = ""

        def is_told() -> bool:
            nonlocal told
            told = _cloud_problem(self.store)
            return told != "" and words in told

        until(is_told)
        said = told.removesuffix(" Scanning goes on; nothing is lost.")
        assert said in self.caplog.text
        self.running.stop()
        return said


@pytest.fixture
def device(
    device_store: Store, running: Running, caplog: pytest.LogCaptureFixture
) -> Iterator[Device]:
    caplog.set_level(logging.WARNING)
    yield Device(device_store, running, caplog)
    running.stop()


@pytest.mark.parametrize(
    ("address", "ended", "words"),
    [
        ("127.0.0.9", timedelta(days=-1), "for another address"),
        (HERE, timedelta(hours=1), "has expired"),
        (HERE, timedelta(days=-9), "not valid yet"),
    ],
)
def test_a_brokers_certificate_that_does_not_fit_is_told(
    tmp_path: Path, device: Device, authority: Authority, address: str, ended: timedelta, words: str
) -> None:
    signed = authority.sign("broker", address, ended=ended)
    with Broker(tmp_path / "broker", (DEVICE,), listener=listener(signed)) as broker:
        device.start(paired(broker.port, authority))
        said = device.refused()
    assert f"The certificate of the broker at {HERE}:{broker.port} is not trusted: " in said
    assert words in said


def test_a_broker_of_an_unknown_authority_is_told_with_what_to_do(
    tmp_path: Path, device: Device, authority: Authority, stranger: Authority
) -> None:
    signed = stranger.sign("broker", HERE)
    with Broker(tmp_path / "broker", (DEVICE,), listener=listener(signed)) as broker:
        device.start(paired(broker.port, authority))
        said = device.refused()
    assert "does not know who signed it" in said
    assert "ca_file" in said


def test_a_broker_without_tls_is_told(tmp_path: Path, device: Device, authority: Authority) -> None:
    with Broker(tmp_path / "broker", (DEVICE,)) as broker:
        device.start(paired(broker.port, authority))
        until(lambda: device.is_told("lost"))
        event = device.store.sync_event()
        assert event is not None
        assert "does not speak TLS there" in event.detail
        device.running.stop()


class Certified:
    """A broker that knows devices and the cloud by their certificates alone."""

    def __init__(self, folder: Path, authority: Authority, stack: ExitStack) -> None:
        self.authority = authority
        self.client = authority.sign(DEVICE)
        authority.revoke()
        further = (
            f"cafile {authority.file}", "require_certificate true", "use_identity_as_username true",
            f"crlfile {authority.revoke()}",
        )  # fmt: skip
        lines = listener(authority.sign("broker", HERE), *further)
        self.broker = stack.enter_context(Broker(folder, (), listener=lines))

    def paired(self, client: Signed | None, user: str = DEVICE) -> Pairing:
        return paired(self.broker.port, self.authority, client, user)


@pytest.fixture
def certified(tmp_path: Path, authority: Authority) -> Iterator[Certified]:
    with ExitStack() as stack:
        yield Certified(tmp_path / "broker", authority, stack)


def test_a_certificate_takes_the_place_of_the_password(
    certified: Certified, device: Device, filled: FilledLog, cloud_store: CloudStore
) -> None:
    filled.add_scans(20)
    cloud = certified.paired(certified.authority.sign(CLOUD), CLOUD)
    device.running.start(CloudService(cloud_store, cloud, longest_back_off_s=0.2))
    device.start(certified.paired(certified.client))
    until(lambda: not differences(filled.data_dir, cloud_store, DEVICE))
    until(lambda: device.is_told("connected"))
    device.running.stop()


def test_a_device_without_a_certificate_is_told_to_get_one(
    certified: Certified, device: Device
) -> None:
    device.start(certified.paired(None))
    device.refused("asks for a client certificate")


def test_a_revoked_certificate_is_refused_and_a_new_one_is_let_in(
    certified: Certified, device: Device
) -> None:
    device.start(certified.paired(certified.client))
    until(lambda: device.is_told("connected"))
    certified.authority.revoke(certified.client)
    certified.broker.restart()
    device.refused("its certificate was revoked")
    device.start(certified.paired(certified.authority.sign(DEVICE)))
    until(lambda: device.is_told("connected"))


def test_a_certificate_that_has_expired_is_refused(certified: Certified, device: Device) -> None:
    late = certified.authority.sign(DEVICE, ended=timedelta(hours=1))
    device.start(certified.paired(late))
    device.refused("its certificate has expired")


def test_a_certificate_of_somebody_else_is_refused(
    certified: Certified, device: Device, stranger: Authority
) -> None:
    device.start(certified.paired(stranger.sign(DEVICE)))
    device.refused("certificate")
