"""What the command line asks of a cluster, with the rights of the account of the kubeconfig."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

Json = Mapping[str, Any]


class NamespaceState(Enum):
    ABSENT = "absent"
    THERE = "there"
    GOING = "going"


@dataclass(frozen=True)
class ChartArguments:
    """Which chart, with which values: as Helm takes them."""

    chart: Path
    value_files: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    run_name: str = ""
    set_files: tuple[str, ...] = ()  # KEY=FILE


class Site(Protocol):
    """
    One cluster, seen by the account of the kubeconfig.

    Raises (every method):
        ConfigError: kubectl, helm or a kubeconfig is missing, or Helm refuses the values.
        ForbiddenError: The account lacks a right.
        ClusterError: Refused for another reason, or no answer.
    """

    def server_version(self) -> str: ...

    def namespace_state(self, namespace: str) -> NamespaceState: ...

    def manifest(self, *, release: str, namespace: str) -> str | None:
        """Of an installed release, whatever its state; None when there is none."""
        ...

    def other_releases(self, *, release: str, namespace: str) -> tuple[str, ...]:
        """Further releases in the namespace."""
        ...

    def render(self, arguments: ChartArguments, *, release: str, namespace: str) -> str:
        """The manifest that an installation would have; asks no cluster."""
        ...

    def install(
        self, arguments: ChartArguments, *, release: str, namespace: str, make_namespace: bool
    ) -> str:
        """Install and return the manifest."""
        ...

    def uninstall(
        self, *, release: str, namespace: str, wait_s: float, meanwhile: Callable[[], None]
    ) -> None:
        """Remove, with all that its objects own; waits for the end unless `wait_s` is 0."""
        ...

    def delete_namespace(self, namespace: str, *, wait_s: float) -> None: ...

    def job_and_status(
        self, *, namespace: str, job: str, status: str
    ) -> tuple[Json | None, Json | None]:
        """The Job and the status ConfigMap; None for what is not there."""
        ...

    def config_map(self, *, namespace: str, name: str) -> Json | None: ...

    def pods(self, *, namespace: str, selector: str) -> Sequence[Json]: ...

    def events_of(self, *, namespace: str, kind: str, name: str) -> Sequence[Json]:
        """Oldest first."""
        ...

    def force_delete_pod(self, *, namespace: str, pod: str) -> None: ...

    def log_tail(self, *, namespace: str, pod: str, lines: int) -> str: ...

    def copy_out(
        self, *, namespace: str, pod: str, command: Sequence[str], target: Path, limit_s: float
    ) -> None:
        """Run a command in the coordinator's container; its stdout becomes the file."""
        ...

    def execute(self, *, namespace: str, pod: str, command: Sequence[str]) -> None: ...

    def nodes(self) -> Sequence[Json]: ...

    def pods_everywhere(self) -> Sequence[Json]: ...

    def review(self, reviews: Sequence[Json]) -> Sequence[Json | None]:
        """Access reviews with their answers, in order; None where the review was refused."""
        ...
