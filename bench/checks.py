"""`make bench-checks`: the requirement checks on a platform that has all they look for."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from aiconform import __version__
from aiconform.journal import replay
from aiconform.model.records import CheckBegan, CheckEnded, Entry
from bench.suite import SPEED, Measured, measured, publish, write
from e2e import product, requirements
from e2e.lab.lab import Lab
from e2e.platforms.everything import everything

NAME = "bench-checks"


def main() -> int:
    lab = Lab()
    lab.up(nodes=4)
    images = product.load(lab)
    with tempfile.TemporaryDirectory() as scratch, everything(lab) as values:
        run = requirements.check(
            lab, images, Path(scratch) / "all", ",".join(sorted(requirements.MUST)), "--name",
            NAME, version="1.35", values=values, limit_s=1800.0,
        )  # fmt: skip
        for check in sorted(requirements.MUST):
            print(check, *requirements.told(run, check), file=sys.stderr)
        entries = replay(run.results / NAME / "journal.ndjson.gz").entries
    took_s = entries[-1].at - entries[0].at
    whole = measured("all checks: first to last record of the run", "s", [took_s], "aim 900")
    figures = [whole, *_by_check(entries)]
    print(write("checks", figures, {"aiconform": __version__}))
    publish(SPEED, "checks", figures)
    return 0


def _by_check(entries: Sequence[Entry]) -> list[Measured]:
    """Wall time of each, and what of it was neither waiting for the platform nor for a window."""
    began = {e.record.check: e.at for e in entries if isinstance(e.record, CheckBegan)}
    figures = []
    for entry in entries:
        if isinstance(entry.record, CheckEnded):
            check, took_s = entry.record.check, entry.at - began[entry.record.check]
            ours_s = max(0.0, took_s - entry.record.waited_s)
            figures += [
                measured(check, "s", [took_s]),
                measured(f"{check}: not waiting", "s", [ours_s]),
            ]
    return figures


if __name__ == "__main__":
    sys.exit(main())
