"""
The product on the lab: build its images, load them, and run it as a user would.

Every run goes through the command line or through Helm; nothing here reaches into the product.
"""

import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.lab import images
from e2e.lab.lab import Lab
from tools.check_results import complaints_of

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "aiconform"
NAMESPACE = RELEASE = "aiconform"
QUICK = ("--set", "run.profile=quick")
CORRUPT_ENGINE = ROOT / "e2e" / "fixtures" / "engine"


@dataclass(frozen=True)
class ProductImages:
    """References of the loaded images: `repository:tag`."""

    coordinator: str
    engine: str

    @property
    def values(self) -> tuple[str, ...]:
        """`--set` arguments that make the chart use these images and never pull."""
        return (
            f"image.repository={self.coordinator.rpartition(':')[0]}",
            f"image.tag={self.coordinator.rpartition(':')[2]}",
            f"engineImage.repository={self.engine.rpartition(':')[0]}",
            f"engineImage.tag={self.engine.rpartition(':')[2]}",
            "image.pullPolicy=Never",
        )


@dataclass(frozen=True)
class Run:
    """A finished `aiconform run`: what it printed, how it ended, and what it left."""

    exit_code: int
    output: str
    results: Path
    seconds: float
    summary: Mapping[str, Any] = field(default_factory=dict)

    def verdicts(self, item: str) -> dict[str, str]:
        """Outcome of one item, by subject."""
        return {
            subject_name(verdict["subject"]): verdict["outcome"]
            for verdict in self.summary["verdicts"]
            if verdict["item"] == item
        }

    def findings(self) -> list[str]:
        return [finding["sentence"] for finding in self.summary["findings"]]


def subject_name(subject: Mapping[str, Any]) -> str:
    """A subject as one word: "node3", "node3>node1", "node3/cpu"."""
    name = subject.get("node") or "cluster"
    if subject.get("peer"):
        name += f">{subject['peer']}"
    if subject.get("device"):
        name += f"/{subject['device']}"
    return str(name)


def build() -> dict[str, tuple[str, Path]]:
    """Build (or find in the cache) both images: target → (reference, OCI archive)."""
    base = images.base_image()
    return {
        target: images.build(
            dockerfile=ROOT / "Dockerfile",
            context=ROOT,
            target=target,
            name=f"docker.io/aiconform/{target}",
            build_args={"BASE": base},
        )
        for target in ("coordinator", "engine")
    }


def load(lab: Lab) -> ProductImages:
    """Build both images and load them into every node that does not have them."""
    built = build()
    for _, archive in built.values():
        lab.load_image(archive)
    return ProductImages(
        coordinator=built["coordinator"][0].removeprefix("docker.io/"),
        engine=built["engine"][0].removeprefix("docker.io/"),
    )


def build_corrupt_engine(lab: Lab, engine: str) -> str:
    """An engine image whose arithmetic is wrong on one device; returns its reference."""
    reference, archive = images.build(
        dockerfile=CORRUPT_ENGINE / "Dockerfile",
        context=CORRUPT_ENGINE,
        target="",
        name="docker.io/aiconform/corrupt-engine",
        build_args={"BASE": f"docker.io/{engine}"},
    )
    lab.load_image(archive)
    return reference.removeprefix("docker.io/")


def aiconform() -> list[str]:
    return [sys.executable, "-m", "aiconform.cli"]


def arguments(product: ProductImages, results: Path, *extra: str) -> list[str]:
    """The command line of a run on the lab."""
    sets = [arg for value in product.values for arg in ("--set", value)]
    values = ["--values", str(ROOT / "e2e" / "values.yaml")]
    chart = ["--chart", str(CHART), "--results", str(results)]
    return [*aiconform(), "run", *chart, *values, *sets, *extra]


def run(
    lab: Lab, product: ProductImages, results: Path, *extra: str, limit_s: float = 400.0
) -> Run:
    """Run to the end."""
    with started(lab, product, results, *extra, limit_s=limit_s) as finish:
        return finish()


@contextmanager
def started(
    lab: Lab, product: ProductImages, results: Path, *extra: str, limit_s: float = 400.0
) -> Iterator[Callable[[], Run]]:
    """Start a run and let the caller act while it goes on; call the result to await its end."""
    begun = time.monotonic()
    log = results.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            arguments(product, results, *QUICK, *extra),
            stdout=output,
            stderr=subprocess.STDOUT,
            env=lab.env(),
            cwd=ROOT,
        )

    def finish() -> Run:
        exit_code = process.wait(timeout=limit_s)
        return Run(
            exit_code=exit_code,
            output=log.read_text(),
            results=results,
            seconds=time.monotonic() - begun,
            summary=_summary(results),
        )

    try:
        yield finish
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=120)


def _summary(results: Path) -> Mapping[str, Any]:
    """Of the last run, once every file of it has been held to the published schemas."""
    found = sorted(results.glob("*/summary.json"), key=os.path.getmtime)
    if not found:
        return {}
    complaints = complaints_of(found[-1].parent)
    assert not complaints, complaints[:10]
    return dict(json.loads(found[-1].read_text()))


def status(lab: Lab, namespace: str = NAMESPACE) -> dict[str, Any]:
    """The run's status as its ConfigMap has it; empty when there is none yet."""
    text = lab.kubectl(
        "-n", namespace, "get", "configmap", f"{RELEASE}-status", "--ignore-not-found",
        "-o", "jsonpath={.data.status\\.json}",
    )  # fmt: skip
    return dict(json.loads(text)) if text.strip() else {}


def wait_for(what: str, condition: Callable[[], bool], *, limit_s: float = 120.0) -> None:
    """Poll until the condition holds; a TimeoutError names what was awaited."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit_s:.0f} s for {what}")
        time.sleep(0.3)


def tar_names(tarball: Path) -> list[str]:
    with tarfile.open(tarball) as archive:
        return archive.getnames()
