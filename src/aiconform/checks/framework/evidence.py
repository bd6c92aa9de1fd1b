"""What goes into evidence files: objects as YAML, texts bounded, and no secrets (pure)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from aiconform.model.records import EVIDENCE_CHARACTERS, EvidenceFile

# A JSON Web Token: service accounts' tokens are such.
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")
_BEARER = re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def evidence_file(check: str, path: str, text: str) -> EvidenceFile:
    """A text without tokens, cut at its end when it is too long."""
    told = redacted(text)
    return EvidenceFile(
        check=check,
        path=path,
        text=told[:EVIDENCE_CHARACTERS],
        truncated=len(told) > EVIDENCE_CHARACTERS,
    )


def redacted(text: str) -> str:
    return _BEARER.sub(r"\1[redacted]", _TOKEN.sub("[redacted]", text))


def as_yaml(found: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """One document for each object."""
    objects = [found] if isinstance(found, Mapping) else list(found)
    return yaml.safe_dump_all(
        [trimmed(each) for each in objects], sort_keys=False, explicit_start=True
    )


def trimmed(found: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says who wrote which field, and without kubectl's copy of the object."""
    metadata = dict(found.get("metadata") or {})
    metadata.pop("managedFields", None)
    annotations = dict(metadata.get("annotations") or {})
    if annotations.pop(_LAST_APPLIED, None) is not None:
        metadata["annotations"] = annotations
    return {**found, "metadata": metadata} if metadata else dict(found)
