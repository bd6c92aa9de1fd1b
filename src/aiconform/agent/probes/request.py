"""What a child process is asked to do, and how it answers."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

KEEP_FREE = 0.2  # of the time limit

Emit = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Request:
    """
    One exercise, as its child process sees it.

    `values` holds what is particular to the exercise: `engine` and `params` for those on
    accelerators, the task for a pair test, `root` for the inventory.
    """

    exercise: str
    limit_s: float
    values: Mapping[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @property
    def params(self) -> Mapping[str, Any]:
        return self.values.get("params") or {}

    def left_s(self) -> float:
        """Seconds until the agent kills this process."""
        return self.started + self.limit_s - time.monotonic()

    def has_time(self, keep_free: float = KEEP_FREE) -> bool:
        """Is more left than the share of the limit that ending properly takes?"""
        return self.left_s() > keep_free * self.limit_s


def writer(descriptor: int) -> Emit:
    """Bodies go to the agent as JSON lines, each written at once: a kill loses none of them."""

    def emit(body: Mapping[str, Any]) -> None:
        rest = memoryview(json.dumps(body).encode() + b"\n")
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    return emit
