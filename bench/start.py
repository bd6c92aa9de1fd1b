"""`make bench-start`: from `helm install` to the first probe, overhead, sizes, start-up time."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from aiconform import __version__
from aiconform.journal import replay
from aiconform.model.records import Delivered, Entry, RoundClosed, RoundOpened, StageEntered
from aiconform.model.wire import KnownAnswer, Measurement
from bench.suite import SPEED, Measured, measured, publish, write
from e2e import product
from e2e.lab.errors import CommandError
from e2e.lab.lab import Lab

REPEATS = 3
NO_PROBES = tuple(
    argument
    for probe in ("compute", "memory", "tcp")
    for argument in ("--set", f"run.probes.{probe}=false")
)


def main() -> int:
    lab = Lab()
    lab.up(nodes=4)
    images = product.load(lab)
    with tempfile.TemporaryDirectory() as scratch:
        figures = [
            *_no_probes(lab, images, Path(scratch)),
            *_standard_run(lab, images, Path(scratch)),
            *_sizes(),
            *_command_line(),
        ]
    print(write("start", figures, {"aiconform": __version__}))
    publish(SPEED, "start", figures)
    return 0


def _no_probes(lab: Lab, images: product.ProductImages, scratch: Path) -> list[Measured]:
    """`aiconform run` without probes: install, survey, judge, archive, fetch, verify, remove."""
    total_s, fetched_s = [], []
    for repeat in range(REPEATS):
        name = f"bench-none-{repeat}"
        began = time.time()
        run = product.run(lab, images, scratch / "none", "--name", name, *NO_PROBES)
        total_s.append(run.seconds)
        fetched_s.append((run.results / f"{name}.tar.gz").stat().st_mtime - began)
    return [
        measured("no probes: start to fetched tarball", "s", fetched_s, "aim 10, must be under 20"),
        measured("no probes: start to everything removed", "s", total_s),
    ]


def _standard_run(lab: Lab, images: product.ProductImages, scratch: Path) -> list[Measured]:
    first_s, share, resident = [], [], []
    for repeat in range(REPEATS):
        name = f"bench-{repeat}"
        began = time.time()
        with product.started(lab, images, scratch / "run", "--name", name) as finish:
            resident.append(_peak_memory(lab))
            run = finish()
        entries = replay(run.results / name / "journal.ndjson.gz").entries
        first_s.append(_first_probe(entries) - began)
        share.append(1 - _probing_s(entries) / run.seconds)
    return [
        measured("4 nodes: start to first probe's result", "s", first_s),
        measured("4 nodes: share of wall time that is not probes", "ratio", share),
        measured("coordinator, peak resident memory", "MiB", resident),
    ]


def _first_probe(entries: Sequence[Entry]) -> float:
    return min(
        entry.record.record.t
        for entry in entries
        if isinstance(entry.record, Delivered)
        and isinstance(entry.record.record, Measurement | KnownAnswer)
    )


def _probing_s(entries: Sequence[Entry]) -> float:
    """From the first exercise handed out to the end of the last round."""
    began = min(e.at for e in entries if _is_stage(e, "self"))
    ended = max(e.at for e in entries if isinstance(e.record, RoundClosed | RoundOpened))
    return ended - began


def _is_stage(entry: Entry, stage: str) -> bool:
    return isinstance(entry.record, StageEntered) and entry.record.stage == stage


def _peak_memory(lab: Lab) -> float:
    """MiB, read while the results are held or shortly before; the pod is gone soon after."""
    peak = 0.0

    def held() -> bool:
        nonlocal peak
        status = product.status(lab)
        if status.get("stage") in {"self", "rounds", "judge", "hold"}:
            peak = max(peak, _resident(lab))
        return status.get("stage") in {"judge", "hold"} or (peak > 0 and not status)

    product.wait_for("the results", held, limit_s=300)
    return peak


def _resident(lab: Lab) -> float:
    try:
        text = lab.kubectl(
            "-n", product.NAMESPACE, "exec", "job/aiconform", "--", "cat", "/proc/1/status"
        )
    except CommandError:  # the pod may end between two looks
        return 0.0
    line = next(line for line in text.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _sizes() -> list[Measured]:
    built = product.build()
    figures = [
        measured(f"{target} image, unpacked", "MB", [archive.stat().st_size / 1e6])
        for target, (_, archive) in built.items()
    ]
    with tempfile.TemporaryDirectory() as scratch:
        agent = Path(scratch) / "agent.pyz"
        subprocess.run([sys.executable, "tools/build_agent.py", str(agent)], check=True)
        figures.append(measured("agent zipapp", "kB", [agent.stat().st_size / 1e3], "aim 400"))
    return figures


def _command_line() -> list[Measured]:
    return [
        measured("python -c 'import aiconform.cli.main'", "s", _timed("import aiconform.cli.main")),
        measured("python -c pass", "s", _timed("pass"), "the interpreter alone"),
    ]


def _timed(statement: str, *, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    samples = []
    for _ in range(7):
        began = clock()
        subprocess.run([sys.executable, "-c", statement], check=True)
        samples.append(clock() - began)
    return samples


if __name__ == "__main__":
    sys.exit(main())
