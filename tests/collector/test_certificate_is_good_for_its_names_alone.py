"""The certificate of a run: names and addresses, old clocks, and no key left behind."""

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from aiconform.collector import make_certificate

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_names_and_addresses_are_in_it() -> None:
    made = make_certificate(
        names=["collector", "collector.ns.svc"], addresses=["10.96.0.7", "fd00::7"], now=NOW
    )

    leaf = x509.load_pem_x509_certificate(made.cert_pem.encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["collector", "collector.ns.svc"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["10.96.0.7", "fd00::7"]


def test_nodes_with_a_wrong_clock_can_still_speak() -> None:
    made = make_certificate(names=["collector"], addresses=[], now=NOW)

    for pem in (made.cert_pem, made.ca_pem):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        assert certificate.not_valid_before_utc <= NOW - timedelta(hours=12)
        assert certificate.not_valid_after_utc >= NOW + timedelta(days=1)


def test_authority_signed_it_and_another_run_has_another() -> None:
    first, second = (make_certificate(names=["c"], addresses=[], now=NOW) for _ in range(2))
    leaf, ca, other = (
        x509.load_pem_x509_certificate(pem.encode())
        for pem in (first.cert_pem, first.ca_pem, second.ca_pem)
    )

    leaf.verify_directly_issued_by(ca)
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(other)


def test_keys_are_not_shown_and_not_left_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = make_certificate(names=["c"], addresses=[], now=NOW)

    context = made.server_context()

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert list(tmp_path.iterdir()) == []
    assert "PRIVATE" not in repr(made)
    assert "PRIVATE" not in made.ca_pem + made.cert_pem
    load_pem_private_key(made.key_pem.encode(), password=None)
