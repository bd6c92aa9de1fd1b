"""A cluster in memory as the command line sees it, and a clock that only sleeping moves."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiconform.cli.clock import Clock
from aiconform.cli.coordinator import Coordinator
from aiconform.cli.site import ChartArguments, Json, NamespaceState
from aiconform.model.errors import AiconformError
from aiconform.model.plan import RunConfig
from aiconform.model.status import Status
from aiconform.model.verdict import Judgement
from aiconform.report import archive, write_results
from aiconform.report.scrub import printable
from tests.report.sample import entries, judgement

MANIFEST = """\
kind: ConfigMap
metadata: {{name: {release}-config}}
data:
  run.json: '{config}'
---
kind: Job
metadata: {{name: {release}, namespace: {namespace}}}
"""


class Time:
    """Starts at 1000; sleeping passes at once and calls what is planned."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.planned: list[Callable[[], None]] = []

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now_s, monotonic=lambda: self.now_s, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if self.planned:
            self.planned.pop(0)()


def pod(
    name: str = "aiconform-x",
    *,
    phase: str = "Running",
    node: str = "node1",
    deleted: str | None = None,
    status: dict[str, Any] | None = None,
) -> dict[str, Any]:
    metadata = {"name": name, "creationTimestamp": "2027-01-01T00:00:00Z"}
    if deleted:
        metadata["deletionTimestamp"] = deleted
    return {
        "metadata": metadata,
        "spec": {"nodeName": node},
        "status": {"phase": phase, **(status or {})},
    }


def waiting_pod(reason: str, message: str = "") -> dict[str, Any]:
    """A pending pod whose container waits for that reason."""
    states = [{"name": "coordinator", "state": {"waiting": {"reason": reason, "message": message}}}]
    found = pod(phase="Pending", status={"containerStatuses": states})
    found["spec"]["containers"] = [{"name": "coordinator", "image": "nix:1"}]
    return found


def status(stage: str = "hold", **more: Any) -> Status:
    facts = {"run": "demo", "stage": stage, "since": 1000.0, "at": 1000.0, **more}
    return Status.model_validate(facts)


@dataclass
class FakeSite:
    """Holds one release at most. `refuse` makes a method raise."""

    directory: Path  # stands for /results in the pod
    config: RunConfig = field(default_factory=lambda: RunConfig(name="demo"))
    namespaces: set[str] = field(default_factory=set)
    releases: dict[str, str] = field(default_factory=dict)  # release → manifest
    pods_there: list[dict[str, Any]] = field(default_factory=list)
    job: dict[str, Any] | None = None
    events: list[Json] = field(default_factory=list)
    said: Status | None = None
    refuse: dict[str, BaseException] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    arguments: ChartArguments | None = None  # of the last rendering or installation
    on_install: Callable[[], None] = lambda: None
    spoil: int = 0  # so many copies come over cut
    reviews: Callable[[Json], Json | None] = lambda review: None
    nodes_there: list[Json] = field(default_factory=list)

    def server_version(self) -> str:
        self._called("server_version")
        return "v1.37.0"

    def namespace_state(self, namespace: str) -> NamespaceState:
        there = namespace in self.namespaces
        return NamespaceState.THERE if there else NamespaceState.ABSENT

    def manifest(self, *, release: str, namespace: str) -> str | None:
        return self.releases.get(release)

    def other_releases(self, *, release: str, namespace: str) -> tuple[str, ...]:
        return tuple(sorted(set(self.releases) - {release}))

    def render(self, arguments: ChartArguments, *, release: str, namespace: str) -> str:
        self._called("render")
        self.arguments = arguments
        config = self.config.model_copy(update={"name": arguments.run_name or "demo"})
        return MANIFEST.format(
            release=release, namespace=namespace, config=config.model_dump_json(by_alias=True)
        )

    def install(
        self, arguments: ChartArguments, *, release: str, namespace: str, make_namespace: bool
    ) -> str:
        self._called("install")
        if make_namespace:
            self.namespaces.add(namespace)
        manifest = self.render(arguments, release=release, namespace=namespace)
        self.releases[release] = manifest
        self.job = self.job or {"kind": "Job", "metadata": {"name": release}}
        self.on_install()
        return manifest

    def uninstall(
        self, *, release: str, namespace: str, wait_s: float, meanwhile: Callable[[], None]
    ) -> None:
        self._called(f"uninstall wait={wait_s:.0f}")
        meanwhile()
        self.releases.pop(release, None)
        self.pods_there = [p for p in self.pods_there if "deletionTimestamp" in p["metadata"]]

    def delete_namespace(self, namespace: str, *, wait_s: float) -> None:
        self._called("delete_namespace")
        self.namespaces.discard(namespace)

    def job_and_status(
        self, *, namespace: str, job: str, status: str
    ) -> tuple[Json | None, Json | None]:
        self._called("job_and_status")
        text = self.said.model_dump_json() if self.said else ""
        return self.job, {"data": {"stage": "starting", "status.json": text}}

    def config_map(self, *, namespace: str, name: str) -> Json | None:
        if not self.releases:
            return None
        return {"data": {"run.json": self.config.model_dump_json(by_alias=True)}}

    def pods(self, *, namespace: str, selector: str) -> Sequence[Json]:
        self._called("pods")
        return list(self.pods_there)

    def events_of(self, *, namespace: str, kind: str, name: str) -> Sequence[Json]:
        return self.events

    def force_delete_pod(self, *, namespace: str, pod: str) -> None:
        self._called(f"force_delete_pod {pod}")
        self.pods_there = [p for p in self.pods_there if p["metadata"]["name"] != pod]

    def log_tail(self, *, namespace: str, pod: str, lines: int) -> str:
        self._called("log_tail")
        return "last words\n"

    def copy_out(
        self, *, namespace: str, pod: str, command: Sequence[str], target: Path, limit_s: float
    ) -> None:
        self._called(f"copy_out {command[0]}")
        data = self._printed(command)
        if self.spoil:
            self.spoil -= 1
            data = data[: len(data) // 2]
        target.write_bytes(data)

    def execute(self, *, namespace: str, pod: str, command: Sequence[str]) -> None:
        self._called(" ".join(command))

    def nodes(self) -> Sequence[Json]:
        return self.nodes_there

    def pods_everywhere(self) -> Sequence[Json]:
        self._called("pods_everywhere")
        return []

    def review(self, reviews: Sequence[Json]) -> Sequence[Json | None]:
        return [self.reviews(review) for review in reviews]

    def finish(self, told: Judgement | None = None, *, archived: bool = True) -> None:
        """The run ends: its results lie in the pod, and the status says so."""
        name = self.config.name
        self.pods_there = [pod()]
        write_results(self.directory / name, entries(), told or judgement(run=name))
        tarball = self.directory / f"{name}.tar.gz"
        digest = archive(self.directory / name, tarball) if archived else None
        why = "all is well" if archived else "cannot write: no space left on the volume"
        self.said = status(
            run=name,
            tarball=f"/results/{name}.tar.gz" if archived else None,
            sha256=digest,
            verdict="fail" if archived else "error",
            sentence=why,
        )

    def _printed(self, command: Sequence[str]) -> bytes:
        if command[0] == "cat":
            return (self.directory / Path(command[1]).name).read_bytes()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            tar.add(self.directory / command[-1], arcname=command[-1])
        return out.getvalue()

    def _called(self, name: str) -> None:
        self.calls.append(name)
        problem = self.refuse.get(name.split()[0])
        if problem is not None:
            raise problem


class Lines:
    """A view that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def coordinator(self, found: Coordinator) -> None:
        self.told.append(f"coordinator: {found.sentence}")

    def status(self, status: Status) -> None:
        self.told.append(f"status: {status.stage}")

    def line(self, text: str) -> None:
        self.told.append(printable(text))


def sum_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def problem_of(error: AiconformError) -> str:
    return json.dumps([error.problem, error.hint], ensure_ascii=False)
