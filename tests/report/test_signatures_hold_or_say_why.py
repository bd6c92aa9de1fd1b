"""Signed results: minisign agrees with us both ways, and every change is found."""

import base64
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aiconform.cli.sign import sign as sign_command
from aiconform.cli.verify import verify as verify_command
from aiconform.model.errors import ConfigError, ResultsError
from aiconform.report import archive, write_results
from aiconform.report.files import SIGNATURE, SUMS
from aiconform.report.minisign import (
    PublicKey,
    SecretKey,
    check,
    read_public_key,
    read_secret_key,
    sign,
)
from aiconform.report.signing import sign_results, verify_results
from tests.report.sample import entries, judgement

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Keys:
    secret: Path
    public: Path


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """A pair of files as `minisign -G -W` 0.11 writes them."""
    key, key_id = Ed25519PrivateKey.generate(), b"8 bytes."
    public = key.public_key().public_bytes_raw()
    secret = b"Ed\0\0B2" + bytes(48) + key_id + key.private_bytes_raw() + public + bytes(32)
    return Keys(
        _written(tmp_path / "site.key", "secret", secret),
        _written(tmp_path / "site.pub", "public", b"Ed" + key_id + public),
    )


def _written(path: Path, kind: str, raw: bytes) -> Path:
    path.write_text(f"untrusted comment: {kind}\n{base64.b64encode(raw).decode()}\n")
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_results(tmp_path / "demo", entries(), judgement())
    return tmp_path / "demo"


def other_key() -> PublicKey:
    return PublicKey(b"12345678", Ed25519PrivateKey.generate().public_key())


def test_signed_directory_and_tarball_hold(results: Path, keys: Keys) -> None:
    tarball = results.with_suffix(".tar.gz")
    archive(results, tarball)

    for path in (results, tarball):
        sign_results(path, read_secret_key(keys.secret))

        assert "results of demo" in verify_results(path, read_public_key(keys.public))


def test_minisign_made_key_and_signature_are_read() -> None:
    """Recorded from minisign 0.11: `minisign -S -m hello.txt -t 'by hand'`."""
    signature = (DATA / "hello.txt.minisig").read_text()

    assert check(b"hello\n", signature, read_public_key(DATA / "by-hand.pub")) == "by hand"


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")
def test_minisign_accepts_our_signature(results: Path, keys: Keys) -> None:
    sign_results(results, read_secret_key(keys.secret))

    subprocess.run(
        ["minisign", "-V", "-p", str(keys.public), "-m", SUMS], cwd=results, check=True,
        capture_output=True,
    )  # fmt: skip


def test_changed_file_changed_sums_and_missing_signature_are_told(
    results: Path, keys: Keys
) -> None:
    key = read_public_key(keys.public)
    with pytest.raises(ResultsError, match="is not signed"):
        verify_results(results, key)
    sign_results(results, read_secret_key(keys.secret))
    sums = (results / SUMS).read_text()

    (results / "junit.xml").unlink()
    with pytest.raises(ResultsError, match=r"junit\.xml is missing"):
        verify_results(results, key)
    (results / SUMS).write_text("".join(s for s in sums.splitlines(True) if "junit" not in s))
    with pytest.raises(ResultsError, match="was changed"):
        verify_results(results, key)


def test_results_that_do_not_match_their_sums_are_not_signed(results: Path, keys: Keys) -> None:
    (results / "summary.json").write_text("{}")

    with pytest.raises(ResultsError, match=r"summary\.json was changed"):
        sign_results(results, read_secret_key(keys.secret))
    assert not (results / SIGNATURE).exists()


def test_comment_is_signed_too_and_another_key_does_not_do(keys: Keys) -> None:
    key = read_secret_key(keys.secret)
    signature = sign(b"data", key, comment="two\nlines")

    assert check(b"data", signature, read_public_key(keys.public)) == "two lines"
    with pytest.raises(ResultsError, match="was changed"):
        check(b"data", signature.replace("two lines", "three"), read_public_key(keys.public))
    with pytest.raises(ResultsError, match="another key"):
        check(b"data", signature, other_key())
    for bad in ("", "a\nb\nc\nd\n", signature.replace("RUQ", "!!!", 1)):
        with pytest.raises(ResultsError, match="no minisign signature"):
            check(b"data", bad, read_public_key(keys.public))


def test_key_is_never_shown_and_a_bad_one_is_told(tmp_path: Path, keys: Keys) -> None:
    key = read_secret_key(keys.secret)
    secret = keys.secret.read_text().splitlines()[1]

    assert isinstance(key, SecretKey)
    assert secret[20:40] not in repr(key)
    bad = tmp_path / "bad.key"
    bad.write_text("untrusted comment: x\nAAAA\n")
    with pytest.raises(ConfigError, match="is no minisign key"):
        read_secret_key(bad)
    with pytest.raises(ConfigError, match="is no minisign key"):
        read_public_key(keys.secret)


def test_commands_end_with_their_exit_codes(results: Path, keys: Keys) -> None:
    signed = CliRunner().invoke(
        sign_command, ["--key", str(keys.secret), str(results)], standalone_mode=False
    )
    checked = CliRunner().invoke(
        verify_command, ["--key", str(keys.public), str(results)], standalone_mode=False
    )
    unnamed = CliRunner().invoke(verify_command, [str(results)], standalone_mode=False)

    assert [each.return_value for each in (signed, checked, unnamed)] == [0, 0, 0]
    assert "signed: aiconform results of demo" in checked.output
    assert "not by whom" in unnamed.output
