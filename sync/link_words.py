"""What goes wrong with a connection, in words that say what to do."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from paho.mqtt.reasoncodes import ReasonCode

from sync.pairing import Pairing
from sync.tls import explain_alert, explain_tls, is_broken

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
_NOT_LET_IN = {0x85, 0x86, _NOT_AUTHORIZED, 0x8A}

OFTEN = 5
"""So many tries in a row are no accident."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no connection. `refused`: waiting does not help, a person must act."""

    refused: bool
    text: str


def refused_connection(reason: ReasonCode, pairing: Pairing) -> Problem:
    """What the broker's answer to a connection means."""
    if pairing.of_cloud and reason.value in _NOT_LET_IN:
        return Problem(
            True,
            f"The broker does not let the cloud's own user, {pairing.user}, in: look at user and "
            "password in cloud.toml, and at the broker's password file.",
        )
    text = _ADVICE.get(reason.value, f"The broker refuses the connection: {reason}.")
    return Problem(reason.value not in _PASSES, text)


def refused_message(reason: ReasonCode) -> str:
    """What the broker's answer to a message means."""
    if reason.value == _NOT_AUTHORIZED:
        return (
            "The broker does not let this device send: its access list is out of date. Whoever "
            "runs the cloud writes it anew with “counterscan cloud broker-acl” (docs/SYNC.md)."
        )
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
    if isinstance(error, ConnectionRefusedError):
        return Problem(False, f"Nothing listens at {where}.")
    if pairing.encrypted and is_broken(error):
        return Problem(
            False,
            f"{where} breaks off while the encryption is agreed on: it is just starting, or does "
            "not speak TLS there.",
        )
    if isinstance(error, ssl.SSLError):
        return Problem(True, explain_tls(error, f"the broker at {where}"))
    if isinstance(error, socket.gaierror):
        return Problem(False, f"The name {pairing.host} is not known on this network.")
    if isinstance(error, TimeoutError):
        return Problem(False, f"There is no answer from {where}.")
    reason = getattr(error, "strerror", None) or error
    return Problem(False, f"There is no way to {where}: {reason}.")


def broke_before(pairing: Pairing, said: str, tries: int) -> Problem | None:
    """What it means that a connection ended before the broker answered; None for nothing special.

    A broker that wants another certificate says so, if it says anything, in the encryption's own
    words (`said`); some end the connection without.
    """
    if not pairing.encrypted:
        return None
    where = f"{pairing.host}:{pairing.port}"
    if why := explain_alert(said, f"the broker at {where}"):
        return Problem(True, why)
    if tries < OFTEN:
        return None
    return Problem(
        True,
        f"The broker at {where} ends the connection before it says anything, again and again: it "
        "may want another client certificate (cert_file and key_file of the pairing), or not be a "
        "broker that speaks MQTT over TLS. Its own log says more.",
    )
