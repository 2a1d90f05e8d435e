"""A certificate authority of a test's own, and what it signs and revokes."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its key, as files; `number` is its serial number."""

    cert: Path
    key: Path
    number: int


# Python asks for these two from 3.13 on, and everybody who makes certificates puts them in.
def _named(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _signed_by(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


class Authority:
    """Signs for hosts (addresses) and for devices (names)."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        itself = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(now + 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_named(self._key), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "ca.pem"
        self.file.write_bytes(itself.public_bytes(serialization.Encoding.PEM))

    def sign(
        self, name: str, *addresses: str, ended: timedelta = -DAY, plain: bool = False
    ) -> Signed:
        """A certificate for a name, good for these IP addresses; it ended so long ago.

        `plain`: it says nothing of keys, as some home-made ones.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        now, number = datetime.now(UTC), x509.random_serial_number()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(number)
            .not_valid_before(now - ended - 2 * DAY)
            .not_valid_after(now - ended)
        )
        if not plain:
            builder = builder.add_extension(_named(key), critical=False)
            builder = builder.add_extension(_signed_by(self._key), critical=False)
        if addresses:
            places = [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(places), critical=False)
        files = Signed(self._folder / f"{number}.pem", self._folder / f"{number}.key", number)
        signed = builder.sign(self._key, hashes.SHA256())
        files.cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files

    def revoke(self, *revoked: Signed) -> Path:
        """The list of all that is revoked."""
        now = datetime.now(UTC)
        revocations = x509.CertificateRevocationListBuilder()
        revocations = revocations.issuer_name(self._name)
        revocations = revocations.last_update(now - DAY).next_update(now + 30 * DAY)
        for each in revoked:
            entry = x509.RevokedCertificateBuilder(each.number, now - DAY).build()
            revocations = revocations.add_revoked_certificate(entry)
        file = self._folder / "revoked.pem"
        signed = revocations.sign(self._key, hashes.SHA256())
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return file

    def server_context(self, certificate: Signed, *, wants_client: bool = False) -> ssl.SSLContext:
        """TLS of a server with a certificate; `wants_client`: who comes needs one of this
        authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        if wants_client:
            context.load_verify_locations(self.file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
