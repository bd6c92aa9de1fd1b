"""Who is speaking: what every answer and every log line carries, so that it proves its origin."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Identity:
    """Unknown is None, never an empty name."""

    nonce: str | None = None
    backend: str | None = None
    pod_uid: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"backend": self.backend, "pod_uid": self.pod_uid, "nonce": self.nonce}

    def as_headers(self) -> tuple[tuple[str, str], ...]:
        named = (
            ("x-aiconform-backend", self.backend),
            ("x-aiconform-pod-uid", self.pod_uid),
            ("x-aiconform-nonce", self.nonce),
        )
        return tuple((name, value) for name, value in named if value is not None)


def add_identity_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--nonce",
        type=_printable,
        help="a word of this run, repeated in every line and answer (default: AICONFORM_NONCE)",
    )
    parser.add_argument(
        "--backend", type=_printable, help="what this pod calls itself (default: AICONFORM_BACKEND)"
    )


def read_identity(flags: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Identity:
    """The pod's UID comes from AICONFORM_POD_UID, which the downward API fills."""
    return Identity(
        nonce=flags.nonce or environ.get("AICONFORM_NONCE") or None,
        backend=flags.backend or environ.get("AICONFORM_BACKEND") or None,
        pod_uid=environ.get("AICONFORM_POD_UID") or None,
    )


def _printable(text: str) -> str:
    """It goes into HTTP headers, where a line break would start another header."""
    if not (text.isascii() and text.isprintable() and 0 < len(text) <= 200):
        raise argparse.ArgumentTypeError("must be 1 to 200 printable ASCII characters")
    return text
