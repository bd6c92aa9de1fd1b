"""
The collector's certificate, kept beside the journal while the run goes on.

Agents trust one authority. A coordinator that goes on where another was killed proves itself with
the same certificate, and they go on, too. Without it (its volume is lost, and with it the journal)
it makes a new one, and the agents are replaced.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import structlog

from aiconform.collector.certificate import Certificate, make_certificate

log = structlog.get_logger()


def kept_certificate(
    path: Path, *, names: Sequence[str], service: str, pod_ip: str, now: datetime
) -> Certificate:
    """
    The one that is kept, when it is good for the Service's address; else a new one, now kept.

    Args:
        names: DNS names under which agents reach the collector.
        service: The address that agents are given.
        pod_ip: Ours; another pod's is another.
    """
    found = _read(path)
    if found is not None and found.covers((service,), at=now):
        return found
    made = make_certificate(names=names, addresses=tuple({service, pod_ip}), now=now)
    try:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(json.dumps(asdict(made)), encoding="utf-8")
    except OSError as exc:
        log.warning("certificate.unkept", problem=str(exc), hint="a successor restarts the agents")
    return made


def forget(path: Path) -> None:
    """The run is over: nobody has to prove anything with it any more."""
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        log.warning("certificate.left", problem=str(exc), hint="it is good for this run alone")


def _read(path: Path) -> Certificate | None:
    try:
        found = Certificate(**json.loads(path.read_text(encoding="utf-8")))
        found.server_context()
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as exc:  # torn while it was written, or not ours
        log.warning("certificate.unreadable", problem=str(exc), hint="a new one is made")
        return None
    return found
