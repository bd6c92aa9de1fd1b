"""
`make bench-engines`: do our exercises get out of a framework what its best plain use gets out?

Ours and the plain ways take turns in one process on the same machine, so that what else runs there
meets both; the figure is the median of the turns' ratios. Each framework has a process of its own.
"""

import importlib
import importlib.util
import io
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiconform.agent.counting import Counting
from aiconform.agent.log import Log
from aiconform.agent.probes.child import find_exercise
from aiconform.agent.probes.environment import child_environ
from aiconform.agent.probes.request import Request
from aiconform.agent.probes.selftest import run_exercises
from aiconform.agent.records import Origin, Record, Stream
from aiconform.agent.tasks import ExerciseOrder
from bench.plain import Ways, plain_ways
from bench.suite import Measured, measured, replaced, write

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference-exercises.md"
FRAMEWORKS = ("jax", "torch")
PARTS = 4  # that JAX splits the processor into, for collectives
TURNS = 21
SAMPLES = 3  # in each turn, of ours and of each plain way
OURS = "ours"
AIM = "aim ≥ 0.97"
# Exercise → its size: the side of a matrix, or bytes of one buffer.
WHAT = {
    "jax": {"gemm.rate": 1024, "memory.copy": 64 << 20, "memory.triad": 64 << 20},
    "torch": {"gemm.rate": 1024, "memory.copy": 64 << 20, "memory.triad": 64 << 20},
    "jax in parts": {"coll.all_reduce": 16 << 20},
}
OVERHEAD_RUNS = 5
LIMIT_S = 600.0
UNITS = {
    "gemm.rate": ("teraflops_per_second", 1e12),
    "memory.copy": ("gigabytes_per_second", 1e9),
    "memory.triad": ("gigabytes_per_second", 1e9),
    "coll.all_reduce": ("gigabytes_per_second", 1e9),
}


def main() -> int:
    there = [name for name in FRAMEWORKS if importlib.util.find_spec(name) is not None]
    figures: list[Measured] = []
    versions: dict[str, str] = {}
    before = os.getloadavg()
    for group in WHAT:
        engine = group.partition(" ")[0]
        if engine in there:
            told = _in_a_process(group)
            versions[engine] = told["version"]
            figures += [Measured(**_tupled(figure)) for figure in told["figures"]]
    for engine in ("python", *there):
        figures += _overhead(engine)
    absent = [f"{name} is not installed here" for name in FRAMEWORKS if name not in there]
    notes = [_loads("before", before), _loads("after", os.getloadavg()), *absent]
    print(write("engines", figures, versions, notes=notes))
    page = replaced(PAGE, PAGE.read_text(), "engines", _table(figures, versions, notes))
    PAGE.write_text(page)
    return 0


def compared(group: str) -> Iterator[Measured]:
    """In the process of one framework: each of its exercises against the plain ways."""
    engine = group.partition(" ")[0]
    for exercise, size in WHAT[group].items():
        name, (unit, scale) = f"{group}: {exercise}", UNITS[exercise]
        plain = plain_ways(engine, exercise, size=size)
        told = _in_turns({OURS: _ours(engine, exercise, size, scale), **plain})
        own = told.pop(OURS)
        # One way for all turns: the best of each turn would be the luckiest of several draws.
        best = max(told, key=lambda way: statistics.median(told[way]))
        yield measured(f"{name}, ours", unit, [each / scale for each in own])
        yield measured(f"{name}, plain", unit, [each / scale for each in told[best]], best)
        ratios = [mine / theirs for mine, theirs in zip(own, told[best], strict=True)]
        yield measured(f"{name}, ratio", "ratio", ratios, AIM)


def _ours(engine: str, exercise: str, size: int, scale: float) -> Callable[[], float]:
    """The exercise itself, as a node's process runs it: the figure it would record, per second."""
    name = "bytes" if exercise.startswith("coll.") else "size"
    params = {"scale": "quick", "repeats": SAMPLES, name: size, "any_device": 1}

    def run() -> float:
        bodies: list[Mapping[str, Any]] = []
        request = Request(exercise, LIMIT_S, {"engine": engine, "params": params})
        find_exercise(exercise)(request, bodies.append)
        values = [float(each["value"]) for each in bodies if each["kind"] == "measurement"]
        return values[0] * scale

    return run


def _in_turns(ways: Ways) -> dict[str, list[float]]:
    """Each way's figure in each turn, in an order that is drawn anew: none always follows one."""
    told: dict[str, list[float]] = {way: [] for way in ways}
    order = random.Random(TURNS)
    for _ in range(TURNS):
        for way in order.sample(list(ways), len(ways)):
            # The exercise takes its samples by itself.
            count = 1 if way == OURS else SAMPLES
            told[way].append(statistics.median(ways[way]() for _ in range(count)))
    return told


def _overhead(engine: str) -> Iterator[Measured]:
    """Wall time of a probe beyond its measuring: a process, the framework's import, records."""
    samples = [_beyond_measuring(engine) for _ in range(OVERHEAD_RUNS)]
    yield measured(f"a probe beyond its measuring, {engine}", "s", samples)


def _beyond_measuring(engine: str) -> float:
    records: list[dict[str, Any]] = []

    def keep(record: Record) -> None:
        records.append(json.loads(record.line))

    began = time.perf_counter()
    run_exercises(
        [ExerciseOrder("gemm.rate", LIMIT_S, {"scale": "tiny", "size": 32})],
        stream=Stream("self", origin=Origin("bench", "here", "0" * 16), publish=keep),
        engine=engine,
        counting=Counting(address="127.0.0.1"),
        environ=_environ(),
        log=Log(io.StringIO()),
    )
    whole = time.perf_counter() - began
    seconds = [float(each["seconds"]) for each in records if each["kind"] == "measurement"]
    return whole - seconds[0]


def _in_a_process(group: str) -> Any:
    environ = _environ()
    if group.endswith("in parts"):
        environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={PARTS}"
    words = (sys.executable, "-m", "bench.engines", group)
    done = subprocess.run(words, env=environ, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _environ() -> dict[str, str]:
    environ = child_environ(os.environ, work=Path("/tmp"))
    return {**environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "JAX_PLATFORMS": "cpu"}


def _tupled(figure: dict[str, Any]) -> dict[str, Any]:
    return {**figure, "samples": tuple(figure["samples"])}


def _loads(when: str, loads: tuple[float, float, float]) -> str:
    return f"load average {when} the run: {loads[0]:.1f} over 1 min, {loads[2]:.1f} over 15 min"


def _table(figures: list[Measured], versions: dict[str, str], notes: list[str]) -> str:
    by_name = {figure.name: figure for figure in figures}
    rows = ["| framework, exercise | unit | ours | best plain use | ratio | turns |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    for group, exercises in WHAT.items():
        for exercise in exercises:
            name = f"{group}: {exercise}"
            if f"{name}, ratio" in by_name:
                parts = (by_name[f"{name}, {part}"] for part in ("ours", "plain", "ratio"))
                rows.append(_row(name, *parts))
    rows += ["", "| a probe beyond its measuring | s |", "|---|---|"]
    for figure in figures:
        if figure.name.startswith("a probe"):
            rows.append(f"| engine {figure.name.rpartition(' ')[2]} | {figure.value:.2f} |")
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    rows += ["", f"{os.cpu_count()} cores, shared; {told}; {'; '.join(notes)}."]
    return "\n".join(rows)


def _row(name: str, ours: Measured, plain: Measured, ratio: Measured) -> str:
    low, high = min(ratio.samples), max(ratio.samples)
    cells = (
        name,
        f"`{ours.unit}`",
        f"{ours.value:.3g}",
        f"{plain.value:.3g} ({plain.compared_with})",
        f"**{ratio.value:.2f}** ({low:.2f}–{high:.2f})",
        str(len(ratio.samples)),
    )
    return f"| {' | '.join(cells)} |"


def _child(group: str) -> int:
    engine = group.partition(" ")[0]
    module = importlib.import_module(engine)
    figures = [vars(figure) for figure in compared(group)]
    print(json.dumps({"version": str(module.__version__), "figures": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(_child(sys.argv[1]) if len(sys.argv) > 1 else main())
