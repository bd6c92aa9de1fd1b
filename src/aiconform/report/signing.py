"""
Results signed: SHA256SUMS proves the files, and `SHA256SUMS.minisig` proves SHA256SUMS.

The sums are signed and not the tarball, which is to hold the signature.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiconform.model.errors import ResultsError
from aiconform.report.archive import archive, unpack
from aiconform.report.files import SIGNATURE, SUMS, verify, write_file
from aiconform.report.minisign import PublicKey, SecretKey, check, sign


def sign_results(results: Path, key: SecretKey) -> None:
    """
    Sign a results directory, or a tarball, which is packed anew.

    Raises:
        ResultsError: They do not match their sums, so there is nothing to vouch for.
    """
    with unpacked(results) as directory:
        verify(directory)
        sums = (directory / SUMS).read_bytes()
        comment = f"aiconform results of {directory.name}, {SUMS}"
        write_file(directory / SIGNATURE, [sign(sums, key, comment=comment).encode()])
        if directory != results:
            archive(directory, results)


def verify_results(results: Path, key: PublicKey | None = None) -> str:
    """
    Hold results to their sums and, with a key, the sums to their signature.

    Returns:
        The signed comment; empty without a key.

    Raises:
        ResultsError: Says what does not hold.
    """
    with unpacked(results) as directory:
        verify(directory)
        if key is None:
            return ""
        try:
            signature = (directory / SIGNATURE).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise ResultsError(f"{results} is not signed", hint="See `aiconform sign`") from exc
        return check((directory / SUMS).read_bytes(), signature, key)


@contextmanager
def unpacked(results: Path) -> Iterator[Path]:
    """A directory of results: itself, or a tarball's contents for as long as they are needed."""
    if results.is_dir():
        yield results
        return
    with tempfile.TemporaryDirectory(prefix="aiconform-") as scratch:
        yield unpack(results, Path(scratch))
