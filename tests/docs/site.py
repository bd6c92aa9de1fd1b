"""A folder with every file that a command of the docs names, each a real one of its kind."""

import base64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.docs.recorded import write_run
from tests.docs.shell import ROOT, blocks
from tests.submission.sample import checklist_text

RUN = "run-20270114-101500"


def lay_out(folder: Path) -> Path:
    """
    Two results, a key pair, a checklist in our own words, and the files that the docs show in full.

    Returns:
        The folder.
    """
    tarball = write_run(folder / "results", name=RUN)
    for name in ("october", "november", "old", "aiconform-29381040"):
        (folder / f"{name}.tar.gz").write_bytes(tarball.read_bytes())
    _write_keys(folder)
    (folder / "AIConformance-1.37.yaml").write_text(checklist_text("1.37"))
    (folder / "product.yaml").write_text(shown("how-to-submit.md"))
    (folder / "waivers.yaml").write_text(shown("how-to-waive.md"))
    (folder / "references.yaml").write_text(shown("faq.md"))
    (folder / "site.yaml").write_text("run: {profile: quick}\n")
    (folder / "v1.37" / "turbo-encabulator").mkdir(parents=True)
    return folder


def shown(page: str) -> str:
    """The first YAML block of a page."""
    found = (block for block in blocks(ROOT / "docs" / page) if block.language == "yaml")
    return next(found).text


def _write_keys(folder: Path) -> None:
    """A pair of files as `minisign -G -W` 0.11 writes them."""
    key, key_id = Ed25519PrivateKey.generate(), b"docs key"
    public = key.public_key().public_bytes_raw()
    secret = b"Ed\0\0B2" + bytes(48) + key_id + key.private_bytes_raw() + public + bytes(32)
    _write_key(folder / "site.key", secret)
    _write_key(folder / "site.pub", b"Ed" + key_id + public)


def _write_key(path: Path, raw: bytes) -> None:
    path.write_text(f"untrusted comment: for the docs\n{base64.b64encode(raw).decode()}\n")
