"""
Rules of a submission that need no file: fields, URLs, statuses (pure).

They are those of the official validator, cncf/k8s-ai-conformance, scripts/validate.go (read
2026-11), as far as it needs no network; where ours go further, it is said.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

IMPLEMENTED = "Implemented"
PARTIALLY = "Partially Implemented"
NOT_IMPLEMENTED = "Not Implemented"
NOT_APPLICABLE = "N/A"
STATUSES = (IMPLEMENTED, PARTIALLY, NOT_IMPLEMENTED, NOT_APPLICABLE)

# From this version on the validator expects test artifacts, and reads a test's name behind a #.
ARTIFACTS_SINCE_MINOR = 37


@dataclass(frozen=True)
class MetadataField:
    """One field of the checklist's metadata. Both spellings are accepted there."""

    name: str
    required: bool = True
    url: bool = False

    @property
    def snake_name(self) -> str:
        return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", self.name).lower()


METADATA = (
    MetadataField("kubernetesVersion"),
    MetadataField("platformName"),
    MetadataField("platformVersion"),
    MetadataField("vendorName"),
    MetadataField("websiteUrl", url=True),
    MetadataField("repoUrl", required=False, url=True),
    MetadataField("documentationUrl", url=True),
    MetadataField("productLogoUrl", url=True),
    MetadataField("description"),
    MetadataField("contactEmailAddress"),
    MetadataField("k8sConformanceUrl", url=True),
)

_K8S_CONFORMANCE_URL = re.compile(
    r"https://github\.com/cncf/k8s-conformance/tree/(master|main)/v\d+\.\d+/[^/\s]+/?", re.ASCII
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"v?(1\.\d{2,3})(?![\d])", re.ASCII)


def is_placeholder(text: str) -> bool:
    """The checklist's own texts: "[Platform Name]"."""
    return text.startswith("[") and text.endswith("]")


def is_url(text: str) -> bool:
    """What the validator takes for a URL and tries to reach; all else is a file to it."""
    return text.startswith(("http://", "https://"))


def url_problem(text: str) -> str | None:
    """What is wrong with a URL's shape; None: nothing. It is not looked up."""
    if not is_url(text):
        return "does not begin with https:// or http://"
    if any(char.isspace() or not char.isprintable() for char in text):
        return "has white space in it"
    try:
        host, _ = urlsplit(text).hostname, urlsplit(text).port
    except ValueError as exc:
        return f"is no URL ({exc})"
    if not host or not (_HOST.fullmatch(host) or ":" in host):
        return "has no host"
    return None


def k8s_conformance_problem(text: str) -> str | None:
    if _K8S_CONFORMANCE_URL.fullmatch(text):
        return None
    return (
        "has not the form https://github.com/cncf/k8s-conformance/tree/master/v<version>/<product>"
    )


def email_problem(text: str) -> str | None:
    return None if _EMAIL.fullmatch(text) else "is no e-mail address"


def minor_version(text: str) -> str | None:
    """1.37 of v1.37, or of what an API server says: v1.37.2-vendor.1. None: it is no version."""
    found = _VERSION.match(text)
    return found.group(1) if found else None
