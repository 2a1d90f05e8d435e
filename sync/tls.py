"""Encrypted connections to the cloud, to its broker and its files alike, and what fails there in
words that say what to do."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from scanner.errors import ConfigError
from scanner.tables import utc_now
from sync.pairing import Pairing

_ALERT = re.compile(r"ALERT_(\w+)")
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64
_STRANGERS = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's X509_V_ERR_: nobody known has signed it."""

_TOO_SIMPLE = frozenset({85, 86})
"""It names neither its own key nor that of who signed it: Python refuses that from 3.13 on."""

_BROKEN = (ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLZeroReturnError)
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})
_OF_OURS = {
    "CERTIFICATE_REQUIRED": "asks for a client certificate: name it in the pairing file, as "
    "cert_file and key_file.",
    "CERTIFICATE_REVOKED": "does not let this device in: its certificate was revoked. Get a new "
    "one from whoever runs the cloud (cert_file and key_file of the pairing file).",
    "CERTIFICATE_EXPIRED": "does not let this device in: its certificate has expired. Get a new "
    "one from whoever runs the cloud (cert_file and key_file of the pairing file).",
    "UNKNOWN_CA": "does not let this device in: it does not know who signed its certificate "
    "(cert_file of the pairing file).",
}
"""What the other end says of this device's certificate, by the name of TLS's alert."""


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


def files_context(pairing: Pairing) -> ssl.SSLContext:
    """The encryption for files, whose server may have a certificate that everybody knows although
    the broker has not: what is fetched is known by its checksum. Raises `ConfigError`."""
    context = tls_context(pairing)
    context.load_default_certs()
    return context


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Encryption that trusts whom the system trusts, and who has signed with `ca_file`.

    Raises `ConfigError` for a file of no use.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise ConfigError(f"{ca_file} is no certificate that can be read: {error}.") from None
    return context


def is_broken(error: Exception) -> bool:
    """Whether a connection broke off, other than by what the encryption found wrong."""
    return isinstance(error, (ConnectionError, *_BROKEN))


def tls_refusal(error: BaseException | None, where: str, option: str = "") -> str:
    """Why an encrypted connection can't be, from whatever error came of it; "" where the encryption
    is not what fails: a connection may break off under it like any other. `option` names the
    authority of who is not paired yet."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if error is None or isinstance(error, _BROKEN):
        return ""
    return explain_tls(error, where, option)


def explain_tls(error: ssl.SSLError, where: str, option: str = "") -> str:
    """What an error of the encryption means; `where` names the other end."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {where} is not trusted: {_why_not_trusted(error, option)}"
    if error.reason in _NO_TLS:
        return f"{_first(where)} does not speak TLS: is the address right?"
    return explain_alert(str(error), where) or (
        f"{_first(where)} refuses the encrypted connection: {error.reason or error}."
    )


def explain_alert(said: str, where: str) -> str:
    """What the other end said of this device's certificate, from an error's text; "" for nothing.

    With TLS 1.3 it says so after the handshake, where whoever reads next gets it.
    """
    found = _ALERT.search(said)
    if found is None:
        return ""
    known = _OF_OURS.get(found[1])
    if known is not None:
        return f"{_first(where)} {known}"
    word = found[1].lower().replace("_", " ")
    if "certificate" in word or found[1] in ("HANDSHAKE_FAILURE", "DECRYPT_ERROR"):
        return (
            f"{_first(where)} does not accept this device's certificate ({word}): look at "
            "cert_file and key_file of the pairing file."
        )
    return f"{_first(where)} refuses the encrypted connection: {word}."


def _first(where: str) -> str:
    """A name as a sentence begins with it."""
    return where[:1].upper() + where[1:] if where.startswith("the ") else where


def _today() -> str:
    """The date alone: the sentence is written down anew whenever it changes."""
    return f"{utc_now():%Y-%m-%d}"


def _why_not_trusted(error: ssl.SSLCertVerificationError, option: str) -> str:
    if error.verify_code == _EXPIRED:
        return (
            "it has expired. Whoever runs the cloud must renew it, or this device's clock is "
            f"wrong: it says {_today()}."
        )
    if error.verify_code == _NOT_YET_VALID:
        return f"it is not valid yet. Is this device's clock right? It says {_today()}."
    if error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        return (
            f"it is for another address ({error.verify_message.rstrip('.')}). Use the address that "
            "the certificate names."
        )
    if error.verify_code in _STRANGERS and option:
        return (
            "this device does not know who signed it. If the cloud has an authority of its own, "
            f"give that authority's certificate: {option} FILE."
        )
    if error.verify_code in _STRANGERS:
        return (
            "this device does not know who signed it. If the cloud has an authority of its own, "
            "put that authority's certificate beside the pairing file and name it there as ca_file."
        )
    if error.verify_code in _TOO_SIMPLE:
        return (
            f"it was made without what is asked for today ({error.verify_message}). Whoever runs "
            "the cloud must have it made anew; OpenSSL 3 puts that in by itself."
        )
    return (
        f"{error.verify_message}. Check the address and ca_file of the pairing, and this device's "
        "clock."
    )
