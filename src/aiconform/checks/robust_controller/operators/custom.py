"""
An operator that the table does not have, as the site's settings describe it.

    custom:
      kind: {group: example.com, version: v1, plural: models, kind: Model}
      valid: {spec: …}        # taken, and brought about
      invalid: {spec: …}      # refused by the operator's webhook alone
      defect: "no model"      # what is wrong with it, in words
      ready: [Ready]          # conditions that come to be True
      change: {spec: …}       # a merge patch that is followed
"""

import re
from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework import Resource, UnavailableError, looks_at, makes
from aiconform.checks.robust_controller.operators.shape import Json, Make, Operator, Sample
from aiconform.cluster.resources import (
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    SERVICE,
    STATEFUL_SET,
)
from aiconform.cluster.rights import Right
from aiconform.cluster.trouble import mapping

KEY = "custom"
_GROUP = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_PLURAL = re.compile(r"[a-z][a-z0-9-]*")
_VERSION = re.compile(r"v[0-9]+((alpha|beta)[0-9]+)?")
_BUILT_IN = re.compile(r"(.*\.)?k8s\.io")


def custom_operator(settings: Mapping[str, Any]) -> Operator | None:
    """
    The site's own; None when it names none.

    Raises:
        UnavailableError: What it says of it is not whole.
    """
    told = settings.get(KEY)
    if told is None:
        return None
    kind, told = _kind(settings), mapping(told)
    valid, invalid, change = (mapping(told.get(key)) for key in ("valid", "invalid", "change"))
    ready = told.get("ready")
    if (
        kind is None
        or not (valid and invalid and change)
        or not isinstance(ready, list)
        or not ready
    ):
        raise UnavailableError(
            "CustomIncomplete", "setting custom: say kind, valid, invalid, ready and change"
        )
    return Operator(
        key=KEY,
        title=kind.kind,
        kinds=(kind,),
        controllers=frozenset(),
        samples=(Sample(str(told.get("defect") or "the site's invalid object"), _named(invalid)),),
        valid=_named(valid),
        good=tuple(str(each) for each in ready),
        change="the site's change",
        patch=lambda _: dict(change),
        by_generation=True,
        owns=(DEPLOYMENT, REPLICA_SET, STATEFUL_SET, JOB, POD, SERVICE),
    )


def custom_rights(settings: Mapping[str, Any]) -> tuple[Right, ...]:
    """What it needs beyond the check's own rights; the chart grants the same from the values."""
    kind = _kind(settings)
    if kind is None:
        return ()
    return (
        *makes(kind, why="an object for the site's operator", also=("get", "patch")),
        *looks_at(
            CUSTOM_RESOURCE_DEFINITION, verbs=("get",), names=(kind.qualified,), why="is it there"
        ),
    )


def _kind(settings: Mapping[str, Any]) -> Resource | None:
    """Never a kind that Kubernetes itself has."""
    told = mapping(mapping(settings.get(KEY)).get("kind"))
    group, version, plural, kind = (
        str(told.get(key) or "") for key in ("group", "version", "plural", "kind")
    )
    sound = (
        _GROUP.fullmatch(group)
        and not _BUILT_IN.fullmatch(group)
        and _VERSION.fullmatch(version)
        and _PLURAL.fullmatch(plural)
        and kind.isalnum()
    )
    return Resource(group, version, plural, kind) if sound else None


def _named(manifest: Mapping[str, Any]) -> Make:
    def make(name: str) -> Json:
        return {**manifest, "metadata": {**mapping(manifest.get("metadata")), "name": name}}

    return make
