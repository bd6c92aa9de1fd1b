"""What the coordinator asked of the API server, from the lab's audit log."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.lab.lab import Lab


@dataclass
class Asked:
    """
    Attributes:
        used: (namespace or cluster, verb, group, resource) of every call that was allowed.
        denied: The same, of every call that RBAC did not allow.
    """

    used: set[tuple[str, str, str, str]] = field(default_factory=set)
    denied: set[tuple[str, str, str, str]] = field(default_factory=set)


@contextmanager
def recorded(lab: Lab, *, release: str) -> Iterator[Asked]:
    """Filled at the end of the block with what the release's coordinator asked meanwhile."""
    asked = Asked()
    begin = lab.audit.stat().st_size
    yield asked
    for event in _events(lab.audit, begin):
        if event["user"]["username"].endswith(f":{release}-coordinator"):
            _sort(event, asked)


def _events(log: Path, begin: int) -> Iterator[Mapping[str, Any]]:
    with log.open("rb") as lines:
        lines.seek(begin if log.stat().st_size >= begin else 0)  # the log may have begun anew
        for line in lines:
            yield json.loads(line)


def _sort(event: Mapping[str, Any], asked: Asked) -> None:
    about = event.get("objectRef")
    if about is None:
        return  # discovery: open to every account
    resource = about["resource"]
    if about.get("subresource"):
        resource += f"/{about['subresource']}"
    call = (about.get("namespace") or "cluster", event["verb"], about.get("apiGroup", ""), resource)
    decision = event.get("annotations", {}).get("authorization.k8s.io/decision")
    (asked.used if decision == "allow" else asked.denied).add(call)
