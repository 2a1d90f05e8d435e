"""What goes wrong with a connection, in words that say what to do; and its TLS."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from paho.mqtt.reasoncodes import ReasonCode

from scanner.errors import ConfigError
from sync.pairing import Pairing

_ADVICE = {
    0x80: "The broker refuses the connection without a reason: look at its log.",
    0x84: "The broker does not speak MQTT 5: it needs Mosquitto 1.6 or later.",
    0x85: "The broker does not accept this device's name: pair the device again.",
    0x86: "The broker does not accept the user name and password: pair the device again.",
    0x87: "The broker does not let this device in: it was revoked, or its password has changed. "
    "Pair the device again.",
    0x88: "The broker is not ready.",
    0x89: "The broker is busy.",
    0x8A: "The broker has banned this device: ask whoever runs the cloud.",
    0x97: "The broker has no room for this device's messages.",
    0x9F: "The broker allows fewer connections than this.",
}
_PASSES = {0x88, 0x89, 0x97, 0x9F}
_NOT_AUTHORIZED = 0x87


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no connection. `refused`: waiting does not help, a person must act."""

    refused: bool
    text: str


def refused_connection(reason: ReasonCode) -> Problem:
    """What the broker's answer to a connection means."""
    text = _ADVICE.get(reason.value, f"The broker refuses the connection: {reason}.")
    return Problem(reason.value not in _PASSES, text)


def refused_message(reason: ReasonCode) -> str:
    """What the broker's answer to a message means."""
    if reason.value == _NOT_AUTHORIZED:
        return "The broker does not let this device send: its rights are wrong there."
    return _ADVICE.get(reason.value, f"The broker refuses a message: {reason}.")


def often_broken(pairing: Pairing) -> Problem:
    """What it means that connections end soon after they are made; Mosquitto 2.0 says not why."""
    return Problem(
        True,
        "The connection breaks off soon after it is made, again and again: another machine uses "
        f"this one's name, {pairing.user}, too (pair one of them anew), or the network is bad.",
    )


def no_way(pairing: Pairing, error: Exception) -> Problem:
    """What an error of the network means."""
    where = f"{pairing.host}:{pairing.port}"
    if isinstance(error, ssl.SSLError):
        return Problem(True, _explain_tls(error))
    if isinstance(error, socket.gaierror):
        return Problem(False, f"The name {pairing.host} is not known on this network.")
    if isinstance(error, ConnectionRefusedError):
        return Problem(False, f"Nothing listens at {where}.")
    if isinstance(error, TimeoutError):
        return Problem(False, f"There is no answer from {where}.")
    reason = getattr(error, "strerror", None) or error
    return Problem(False, f"There is no way to {where}: {reason}.")


def tls_context(pairing: Pairing) -> ssl.SSLContext:
    """The encryption that a pairing asks for. Raises `ConfigError` for files of no use."""
    try:
        context = ssl.create_default_context(
            cafile=None if pairing.ca_file is None else str(pairing.ca_file)
        )
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if pairing.cert_file is not None:
            context.load_cert_chain(pairing.cert_file, pairing.key_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"A certificate or key of the pairing can't be used: {error}.") from None
    return context


def _explain_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The broker's certificate is not trusted ({error.verify_message}): check the address "
            "and ca_file of the pairing, and this device's clock."
        )
    return f"The broker refuses the encrypted connection: {error.reason or error}."
