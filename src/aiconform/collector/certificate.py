"""
The certificate of one run's collector, signed by a certificate authority that the run makes.

The authority's key is thrown away as soon as the collector's certificate is signed, so nobody can
sign another. Agents get `ca_pem` in a ConfigMap.
"""

import ssl
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Nodes with a wrong clock are to be found and named by the run, not lost to a TLS error.
_VALID_BEFORE = timedelta(days=1)
_VALID_AFTER = timedelta(days=7)


@dataclass(frozen=True, repr=False)  # the key must not end up in a log line
class Certificate:
    """PEM texts: what agents trust, and what the collector proves itself with."""

    ca_pem: str
    cert_pem: str
    key_pem: str

    def covers(self, addresses: Collection[str], *, at: datetime) -> bool:
        """Is it good for all of these IP addresses at this time?"""
        leaf = x509.load_pem_x509_certificate(self.cert_pem.encode())
        named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = {str(ip) for ip in named.get_values_for_type(x509.IPAddress)}
        in_time = leaf.not_valid_before_utc <= at < leaf.not_valid_after_utc
        return in_time and {str(ip_address(address)) for address in addresses} <= known

    def server_context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer. The key is on disk, readable by us alone, only while it is loaded."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.num_tickets = 0  # agents keep their connections, and never take a session up again
        with tempfile.TemporaryDirectory(prefix="aiconform-") as directory:
            path = Path(directory) / "collector.pem"
            path.touch(mode=0o600)
            path.write_text(self.key_pem + self.cert_pem)
            context.load_cert_chain(path)
        return context


def make_certificate(
    *, names: Sequence[str], addresses: Sequence[str], now: datetime
) -> Certificate:
    """
    Make an authority and one server certificate, valid from a day ago for eight days.

    Args:
        names: DNS names under which agents reach the collector.
        addresses: IP addresses, likewise.
        now: Aware time.
    """
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("aiconform run authority")
    ca = (
        _builder(subject=ca_name, issuer=ca_name, key=ca_key.public_key(), now=now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True), critical=True)
        .sign(ca_key, SHA256())
    )
    alternatives = [
        *(x509.DNSName(name) for name in names),
        *(x509.IPAddress(ip_address(address)) for address in addresses),
    ]
    leaf = (
        _builder(
            subject=_name("aiconform collector"), issuer=ca_name, key=key.public_key(), now=now
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        # Python 3.13 and newer refuse a chain without it.
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, SHA256())
    )
    return Certificate(
        ca_pem=ca.public_bytes(Encoding.PEM).decode(),
        cert_pem=leaf.public_bytes(Encoding.PEM).decode(),
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def _builder(
    *, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID_BEFORE)
        .not_valid_after(now + _VALID_AFTER)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
    )
