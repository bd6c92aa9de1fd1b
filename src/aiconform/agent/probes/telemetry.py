"""
The child that looks at the accelerators once a second while another child exercises them.

It ends when the agent closes its end of a pipe, which also happens when the agent dies, and tells
what it saw as one record: the smallest, the median and the greatest of each reading.
"""

import os
import select
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aiconform.agent.inventory.live import Live, make_reader
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.records import Body, text

EVERY_S = 1.0
MAX_DEVICES = 64  # of one record


@dataclass
class Series:
    """One device, sample after sample."""

    samples: int = 0
    readings: "dict[str, list[float]]" = field(default_factory=dict)
    told_reasons: int = 0  # samples in which it said whether anything holds it back
    reasons: "Counter[str]" = field(default_factory=Counter)

    def add(self, live: Live) -> None:
        self.samples += 1
        for name, value in live.readings.items():
            self.readings.setdefault(name, []).append(value)
        if live.held_back_by is not None:
            self.told_reasons += 1
            self.reasons.update(set(live.held_back_by))

    @property
    def is_empty(self) -> bool:
        return not self.readings and not self.told_reasons


def sample_telemetry(request: Request, emit: Emit) -> None:
    """One body about all devices; none when no device says anything."""
    stop = int(request.values["stop_fd"])
    every_s = float(request.values.get("every_s", EVERY_S))
    read = make_reader(Tree(Path(str(request.values.get("root", "/")))))
    series: "dict[str, Series]" = {}
    while True:
        for name, seen in read().items():
            series.setdefault(name, Series()).add(seen)
        if _closed(stop, wait_s=every_s) or not request.has_time(0.0):
            break
    os.close(stop)
    telling = {name: each for name, each in series.items() if not each.is_empty}
    if telling:
        emit(_body(telling, about=str(request.values["about"]), started=request.started))


def _closed(stop: int, *, wait_s: float) -> bool:
    """Nobody writes to it: it is readable when its other end is closed."""
    ready, _, _ = select.select([stop], [], [], wait_s)
    return bool(ready)


def _body(series: "dict[str, Series]", *, about: str, started: float) -> Body:
    shown = list(series.items())[:MAX_DEVICES]
    return {
        "kind": "telemetry",
        "about": about,
        "seconds": time.monotonic() - started,
        "devices": [_device(name, each) for name, each in shown],
        "left_out_count": len(series) - len(shown),
    }


def _device(name: str, series: Series) -> Body:
    return {
        "name": text(name),
        "samples": series.samples,
        "readings": {
            reading: {
                "min": min(values),
                "median": statistics.median(values),
                "max": max(values),
            }
            for reading, values in series.readings.items()
        },
        "held_back": dict(series.reasons) if series.told_reasons else None,
    }
