"""`make bench-scale`: thousands of simulated agents, over TLS, against the real coordinator."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiconform import __version__
from bench.suite import Measured, measured, replaced, write

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation-scale.md"
SIZES = (500, 1000, 2000, 5000)
ACCELERATORS = 8
LIMIT_S = 900.0
ROUNDS = 3  # after so many the aim is looked at; a run has more
AIMS = {
    "three rounds": "aim 300 for 5000",
    "coordinator, peak memory": "aim 700 for 5000",
    "API calls of a node": "aim below 3",
    "report": "aim 30 for 5000",
    "report, peak memory": "aim 2000 for 5000",
}


def main(sizes: Sequence[int]) -> int:
    runs = []
    for nodes in sizes or SIZES:
        runs.append(ran(nodes))
        print(f"{nodes}: {runs[-1].coordinator}", file=sys.stderr, flush=True)
    figures = [figure for run in runs for figure in run.figures()]
    print(write("scale", figures, {"aiconform": __version__}))
    PAGE.write_text(replaced(PAGE, PAGE.read_text(), "scale", table(runs)))
    return 0


@dataclass(frozen=True)
class Run:
    """What the three processes said of a run with so many agents."""

    nodes: int
    coordinator: dict[str, Any]
    crowd: dict[str, Any]
    report: dict[str, Any]

    def figures(self) -> Iterator[Measured]:
        for name, (unit, value) in self.values().items():
            yield measured(f"{self.nodes} nodes: {name}", unit, [value], AIMS.get(name, ""))

    def values(self) -> dict[str, tuple[str, float]]:
        """Name → unit and value; times count from the creation of the DaemonSet."""
        told, report = self.coordinator, self.report
        at = {name: when - told["at"]["deploy"] for name, when in told["at"].items()}
        rounds = [when - told["at"]["deploy"] for when in told["rounds"]]
        return {
            "all registered": ("s", at["last reporting"]),
            "all have exercised themselves": ("s", at["rounds"]),
            "three rounds": ("s", rounds[ROUNDS - 1]),
            "all rounds, everything delivered": ("s", at["judge"]),
            "rounds": ("count", float(len(rounds))),
            "pair tests that did not run": ("count", float(told["not_run"])),
            "records delivered": ("count", float(told["counts"]["delivered"])),
            "records not acknowledged": (
                "count",
                float(told["counts"]["delivered"] - self.crowd["acknowledged"]),
            ),
            "requests of agents": ("count", float(self._requests())),
            "coordinator, processor time": ("s", told["cpu_s"]),
            "coordinator, peak memory": ("MB", told["peak_bytes"] / 1e6),
            "coordinator, peak memory with judging": ("MB", told["peak_with_judging_bytes"] / 1e6),
            "API calls of a node": ("count", sum(told["calls"].values()) / self.nodes),
            "journal": ("MB", told["journal_bytes"] / 1e6),
            "report": ("s", report["seconds"]),
            "report, processor time": ("s", report["cpu_s"]),
            "report, peak memory": ("MB", report["peak_bytes"] / 1e6),
            "tarball": ("MB", report["tarball_bytes"] / 1e6),
        }

    def _requests(self) -> int:
        return sum(n for path, n in self.crowd["seen"].items() if path.startswith("/v1/"))


COLUMNS = (
    "all registered",
    "three rounds",
    "all rounds, everything delivered",
    "rounds",
    "records delivered",
    "coordinator, processor time",
    "coordinator, peak memory",
    "coordinator, peak memory with judging",
    "API calls of a node",
    "journal",
    "report",
    "report, processor time",
    "report, peak memory",
)


def table(runs: Sequence[Run]) -> str:
    """A row for each figure, a column for each size."""
    lines = [
        f"| | {' | '.join(f'{run.nodes} nodes' for run in runs)} |",
        f"|---|{'---|' * len(runs)}",
    ]
    for name in COLUMNS:
        found = [run.values()[name] for run in runs]
        unit = "" if found[0][0] == "count" else f", {found[0][0]}"
        lines.append(f"| {name}{unit} | {' | '.join(shown(value) for _, value in found)} |")
    return "\n".join(lines)


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value.is_integer() else f"{value:.3g}"


def ran(nodes: int) -> Run:
    """One run with so many agents, and the report of it."""
    with tempfile.TemporaryDirectory(prefix="bench-scale-") as scratch:
        folder = Path(scratch)
        trust = folder / "ca.pem"
        who = [str(nodes), str(ACCELERATORS)]
        coordinator = started("coordinator", *who, str(folder), str(trust), out=folder)
        crowd = started("crowd", *who, str(trust), out=folder)
        try:
            told = figures_of(coordinator, "coordinator", folder)
            heard = figures_of(crowd, "crowd", folder)
        finally:
            for each in (coordinator, crowd):
                each.kill()
                each.wait()
        journal = folder / "scale" / "journal.ndjson"
        reporting = started("reporting", str(journal), str(folder / "again"), out=folder)
        return Run(nodes, told, heard, figures_of(reporting, "reporting", folder))


def started(part: str, *arguments: str, out: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"bench.agents.{part}", *arguments]
    with (out / f"{part}.out").open("wb") as file:
        return subprocess.Popen(command, cwd=ROOT, stdout=file)


def figures_of(process: "subprocess.Popen[bytes]", part: str, folder: Path) -> dict[str, Any]:
    """The last line of what a part said."""
    process.wait(timeout=LIMIT_S)
    said = (folder / f"{part}.out").read_text().splitlines()
    if process.returncode not in {0, 1}:  # 1: a verdict that is no pass
        raise RuntimeError(f"{part} ended with {process.returncode}: {said[-3:]}")
    found: dict[str, Any] = json.loads(said[-1])
    return found


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]]))
