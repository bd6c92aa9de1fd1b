"""What arrived at this pod: the count at the backend, which no gateway or client can embellish."""

from dataclasses import dataclass, field
from typing import Any

from aiconform.workload.answering import Request

KEY_COUNT = 500
OTHERS = "(others)"  # beyond KEY_COUNT different ones; clients choose the keys
STEP_HEADER = "x-aiconform-step"


@dataclass
class Tally:
    new: int = 0
    kept: int = 0

    def count(self, *, kept: bool) -> None:
        if kept:
            self.kept += 1
        else:
            self.new += 1

    def as_json(self) -> dict[str, int]:
        return {"new": self.new, "kept": self.kept}


@dataclass
class Counts:
    """Requests on new and kept connections, by path and by the client's header x-aiconform-step."""

    total: Tally = field(default_factory=Tally)
    by_path: dict[str, Tally] = field(default_factory=dict)
    by_step: dict[str, Tally] = field(default_factory=dict)

    def count(self, request: Request) -> None:
        self.total.count(kept=request.kept)
        _tally_of(self.by_path, request.path[:200]).count(kept=request.kept)
        step = request.head.one(STEP_HEADER)
        if step is not None:
            _tally_of(self.by_step, step[:200]).count(kept=request.kept)

    @property
    def request_count(self) -> int:
        return self.total.new + self.total.kept

    def as_json(self) -> dict[str, Any]:
        return {
            "total": self.total.as_json(),
            "by_path": {key: tally.as_json() for key, tally in self.by_path.items()},
            "by_step": {key: tally.as_json() for key, tally in self.by_step.items()},
        }


def _tally_of(tallies: dict[str, Tally], key: str) -> Tally:
    if key not in tallies and len(tallies) >= KEY_COUNT:
        key = OTHERS
    return tallies.setdefault(key, Tally())
