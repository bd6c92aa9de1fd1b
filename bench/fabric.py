"""`make bench-fabric`: what each way of testing finds in simulated networks, and what it takes."""

import random
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aiconform import __version__
from aiconform.fabric import RoundResult, localise
from aiconform.fabric.simulation import SCHEDULES, Metrics, Noise, Question, run_trials
from aiconform.fabric.simulation.faults import make_faults
from aiconform.fabric.simulation.network import make_network
from aiconform.fabric.study import Study
from bench.suite import Measured, measured, replaced, write

PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation-localisation.md"
SEED = 1
NOISY = Noise(sigma=0.05)
COMPARED = (
    "dead", "one-way-nic", "lossy", "intermittent", "leaf-rail", "rail", "uplink", "leaf-pair",
)  # fmt: skip
NODE_FAULTS = ("dead", "one-way-nic", "lossy")
COUNTS = (1, 5, 20)
# Nodes → trials: large networks have more nodes to be wrong about in each trial.
SIZES = {9: 40, 32: 40, 64: 40, 256: 20, 1024: 6, 4096: 2, 16384: 1}
LARGEST = 16384  # so large that a trial takes half a minute
BETWEEN = {64: 20, 256: 20, 1024: 6, 4096: 2}


@dataclass(frozen=True)
class Cell:
    """One question with its answer."""

    question: Question
    trials: int
    metrics: Metrics

    @property
    def name(self) -> str:
        q = self.question
        leaf = f" leaf={q.unit}" if q.unit else ""
        return f"{q.nodes} {q.topology}{leaf} {q.schedule} {q.kind or 'none'}×{q.faults}"

    def figures(self) -> Iterable[Measured]:
        parts = {"precision": self.metrics.precision, "recall": self.metrics.recall}
        for part, value in parts.items():
            if value is not None:
                yield measured(f"{self.name} {part}", "ratio", [value])
        yield measured(f"{self.name} innocents", "count", [self.metrics.innocents_per_run])
        yield measured(f"{self.name} rounds", "count", [self.metrics.rounds_in_all])
        yield measured(f"{self.name} rounds to name", "count", [self.metrics.rounds])
        yield measured(f"{self.name} time", "min", [self.metrics.minutes])


def main() -> int:
    began = time.monotonic()
    tables = {
        "compared-64": compared(64, unit=16),
        "compared-256": compared(256, unit=32),
        "sizes": sizes(),
        "between": between(),
        "sometimes": sometimes(),
        "torus": torus(),
    }
    cells = [cell for found in tables.values() for cell in found]
    took = measured("all of these simulations", "s", [time.monotonic() - began])
    figures = [*planning(), *(figure for cell in cells for figure in cell.figures())]
    print(write("fabric", [*figures, took], {"aiconform": __version__}))
    text = PAGE.read_text()
    for name, found in tables.items():
        text = replaced(PAGE, text, name, render(name, found))
    PAGE.write_text(text)
    return 0


def planning(nodes: int = 10_000) -> list[Measured]:
    """What a run of a large network costs the coordinator: each round, and the judgement."""
    sound = make_network("leaf-spine", nodes, unit=32)
    faults = make_faults("dead", 5, sound.topology, sound.rails, random.Random(SEED))
    tested = replace(sound, faults=faults, noise=NOISY)
    study = Study(tested.nodes, tested.topology, seed=SEED, profile="quick")
    rng, done, planned_s = random.Random(SEED), list[RoundResult](), list[float]()
    while True:
        began = time.perf_counter()
        upcoming = study.next_round(tested.nodes)
        planned_s.append(time.perf_counter() - began)
        if upcoming is None:
            break
        done.append(tested.run(upcoming, rng))
        study.add(done[-1])
    began = time.perf_counter()
    localise(tested.nodes, done, topology=tested.topology)
    judged_s = time.perf_counter() - began
    return [
        measured(f"{nodes} nodes: plan a round", "s", planned_s, "aim 0.2"),
        measured(f"{nodes} nodes: judge all rounds", "s", [judged_s], "aim 2"),
    ]


def ask(trials: int, question: Question) -> Cell:
    began = time.monotonic()
    cell = Cell(question, trials, run_trials(question, trials=trials, seed=SEED))
    print(f"{time.monotonic() - began:6.1f} s  {cell.name}", file=sys.stderr, flush=True)
    return cell


def compared(nodes: int, *, unit: int) -> list[Cell]:
    """Every schedule on every fault, and on a sound network."""
    return [
        ask(
            5 if schedule == "all-pairs" and nodes > 64 else 20,
            Question(
                nodes=nodes, schedule=schedule, topology="rail-optimised", kind=kind, unit=unit
            ),
        )
        for schedule in SCHEDULES
        for kind in (*COMPARED, None)
    ]


def sizes() -> list[Cell]:
    """Our plan on node faults of networks of every size."""
    return [
        ask(trials, Question(nodes=nodes, kind=kind, faults=count, noise=NOISY))
        for nodes, trials in SIZES.items()
        for count in COUNTS
        if 4 * count <= nodes
        for kind in NODE_FAULTS
        if nodes < LARGEST or (count, kind) in {(5, "dead"), (20, "one-way-nic")}
    ]


def between() -> list[Cell]:
    """Our plan on faults of switches and what lies between them."""
    return [
        ask(
            trials,
            Question(
                nodes=nodes,
                kind=kind,
                topology="rail-optimised",
                noise=NOISY,
                unit=16 if nodes == 64 else None,
            ),
        )
        for nodes, trials in BETWEEN.items()
        for kind in ("leaf-rail", "rail", "uplink", "leaf-pair")
    ]


def sometimes() -> list[Cell]:
    """Our plan on faults that show in a part of the tests only."""
    return [
        ask(
            trials,
            Question(nodes=nodes, kind=kind, topology="rail-optimised", faults=faults),
        )
        for nodes, trials in {64: 60, 256: 40, 1024: 12, 4096: 4}.items()
        for kind in ("intermittent", "intermittent-nic")
        for faults in (1, 5)
    ]


def torus() -> list[Cell]:
    """Our plan between the neighbours of a torus."""
    return [
        ask(trials, Question(nodes=nodes, kind=kind, topology="torus", faults=faults))
        for nodes, trials in {64: 20, 512: 6, 4096: 1}.items()
        for kind in ("dead", "one-way-nic", "lossy", "lossy-link", "intermittent")
        for faults in (1, 5)
    ]


def render(name: str, cells: Sequence[Cell]) -> str:
    if name.startswith("compared"):
        return _compared_table(cells)
    lines = [
        "| nodes | fault | how many | precision | recall | innocents a run | rounds to name | "
        "rounds in all | minutes in all | trials |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        q, m = cell.question, cell.metrics
        lines.append(
            f"| {q.nodes} | {q.kind} | {q.faults} | {_part(m.precision)} | {_part(m.recall)} | "
            f"{m.innocents_per_run:.2f} | {m.rounds:g} | {m.rounds_in_all:g} | {m.minutes:.1f} | "
            f"{cell.trials} |"
        )
    return "\n".join(lines)


def _compared_table(cells: Sequence[Cell]) -> str:
    found = {(cell.question.schedule, cell.question.kind): cell.metrics for cell in cells}
    lines = [
        f"| schedule | {' | '.join(COMPARED)} | innocents, clean | rounds | minutes |",
        "|---|" + "---|" * (len(COMPARED) + 3),
    ]
    for schedule in SCHEDULES:
        own = [found[schedule, kind] for kind in COMPARED]
        clean = found[schedule, None]
        parts = " | ".join(f"{_part(m.precision)}/{_part(m.recall)}" for m in own)
        most = max(own, key=lambda metrics: metrics.minutes)
        lines.append(
            f"| {schedule} | {parts} | {clean.innocents_per_run:.2f} | "
            f"{clean.rounds_in_all:g}→{most.rounds_in_all:g} | "
            f"{clean.minutes:.1f}→{most.minutes:.1f} |"
        )
    return "\n".join(lines)


def _part(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
