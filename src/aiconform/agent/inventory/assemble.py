"""From what the inventory's process told to one record, also when it was killed half-way."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiconform.agent.probes.supervise import Ending
from aiconform.agent.records import MAX_RECORD_BYTES, Body, evidence, printable, small, text

INVENTORY_LIMIT_S = 20.0
FRAMEWORK_LIMIT_S = 120.0
MAX_UNKNOWN = 512
MAX_DEVICES = 256
_SMALL = ("host", "limits", "software", "knobs")
_LISTS = ("accelerators", "interfaces", "rdma_ports")
_COUNTS = ("accelerators_on_host_count", "accelerators_given_count")

Supervise = Callable[..., Ending]


def take_inventory(
    *,
    supervise: Supervise,
    environ: Mapping[str, str],
    engine: str,
    root: str = "/",
    salt: str = "",
) -> "list[Body]":
    """
    The bodies of stream "inventory": the inventory, and evidence if a part of it failed.

    Args:
        salt: Hashed with serial numbers, so that two runs cannot be put together by them.
    """
    told = _Told(salt)
    ending = supervise(
        "inventory",
        {"root": root, "limit_s": INVENTORY_LIMIT_S},
        limit_s=INVENTORY_LIMIT_S,
        on_body=told.hear,
        environ=environ,
    )
    if ending.outcome == "timeout":
        told.hung()
    endings = {"inventory": ending}
    counts: "list[int]" = []
    # Importing a framework takes seconds: it is asked only where there is anything to see.
    if any(told.sections.get(name) for name in _COUNTS):
        endings["framework"] = supervise(
            "framework",
            {"engine": engine, "limit_s": FRAMEWORK_LIMIT_S},
            limit_s=FRAMEWORK_LIMIT_S,
            on_body=lambda body: counts.append(int(body["count"])),
            environ=environ,
        )
    return [
        fitted(told.body(in_framework=counts[-1] if counts else None)),
        *(
            evidence(about, f"{each.reason}\n{each.last_words}")
            for about, each in endings.items()
            if each.outcome != "done"
        ),
    ]


class _Told:
    """What has been heard so far."""

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self.sections: "dict[str, Any]" = {}
        self.unknown: "list[dict[str, str]]" = []
        self.path = "/"

    def hear(self, body: Mapping[str, Any]) -> None:
        if body["kind"] == "reading":
            self.path = str(body["path"])
        elif body["kind"] == "section":
            self.sections.update(body["values"])
        elif body["kind"] == "unknown" and len(self.unknown) < MAX_UNKNOWN:
            self.unknown.append(
                {"path": printable(str(body["path"]))[:512], "reason": str(body["reason"])}
            )

    def hung(self) -> None:
        """The path that was being read; first, so that it is not what is cut off."""
        hanging = {"path": printable(self.path)[:512], "reason": "timeout"}
        self.unknown = [hanging, *self.unknown][:MAX_UNKNOWN]

    def body(self, *, in_framework: "int | None") -> Body:
        return {
            "kind": "inventory",
            **{name: small(self.sections.get(name, {})) for name in _SMALL},
            **{name: self._devices(name) for name in _LISTS},
            **{name: self.sections.get(name) for name in _COUNTS},
            "accelerators_in_framework_count": in_framework,
            "unknown": self.unknown,
        }

    def _devices(self, name: str) -> "list[dict[str, Any]]":
        found = self.sections.get(name, [])[:MAX_DEVICES]
        return [{key: self._field(key, value) for key, value in each.items()} for each in found]

    def _field(self, key: str, value: Any) -> Any:
        if key == "identity" and value:
            return hidden(str(value), salt=self._salt)
        if isinstance(value, dict):
            return small(value)
        return text(value) if isinstance(value, str) else value


def hidden(identity: str, *, salt: str) -> str:
    """Serial numbers and UUIDs leave a node as a hash alone, another one in each run."""
    return hashlib.sha256(f"{salt}/{identity}".encode("utf-8", "replace")).hexdigest()[:12]


def fitted(body: Body) -> Body:
    """
    Shorten the longest list until the record fits on the wire.

    A host with hundreds of virtual functions has more to say than one record takes. What was
    left out stands in `host`.
    """
    left_out = 0
    while len(json.dumps(body, ensure_ascii=False).encode()) > MAX_RECORD_BYTES:
        longest = max((*_LISTS, "unknown"), key=lambda name: len(body[name]))
        keep = len(body[longest]) * 3 // 4
        left_out += len(body[longest]) - keep
        body = {**body, longest: body[longest][:keep]}
    if left_out:
        body = {**body, "host": small({**body["host"], "left_out_count": left_out})}
    return body
