"""
The results out of the coordinator's pod: copied as bytes, proven by their sums, unpacked safely.

When the coordinator could not archive (a full volume), its run directory is brought as it is and
judged here, so that nothing that was gathered is lost.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from aiconform.cli.coordinator import Phase
from aiconform.cli.following import Followed
from aiconform.cli.installed import Installed
from aiconform.cli.site import Site
from aiconform.model.errors import AiconformError, ClusterError, ResultsError
from aiconform.model.records import Entry
from aiconform.model.status import Status
from aiconform.model.verdict import Judgement
from aiconform.report import archive, load_results, unpack, verify, write_results
from aiconform.report.again import judge_again
from aiconform.report.files import sha256

COPY_LIMIT_S = 600.0
# `kubectl exec` may end early and call it success: the sum tells, and another try helps.
TRIES = 3


@dataclass(frozen=True)
class Fetched:
    """Results that are here now. `tarball` is None when they could not be archived here either."""

    directory: Path
    tarball: Path | None
    entries: tuple[Entry, ...]
    judgement: Judgement


@dataclass(frozen=True)
class Source:
    """Where the results are: which release, which pod, and where to on this side."""

    site: Site
    installed: Installed
    pod: str
    results: Path  # holds `<run>/` and `<run>.tar.gz` afterwards

    @classmethod
    def of(cls, site: Site, installed: Installed, followed: Followed, results: Path) -> Self:
        """
        Raises:
            ClusterError: The run gave no results, or its pod is gone.
        """
        if followed.problem is not None:
            raise followed.problem
        if followed.pod is None or followed.phase is not Phase.AT_WORK:
            raise ClusterError(
                "the coordinator's pod has ended, and its results with it",
                hint="Raise run.limits.holdS, or keep results by results.persistence=true",
            )
        return cls(site, installed, followed.pod, results)

    @property
    def run(self) -> str:
        return self.installed.config.name

    @property
    def tarball(self) -> Path:
        return self.results / f"{self.run}.tar.gz"

    def copy(self, command: Sequence[str], target: Path, *, limit_s: float = COPY_LIMIT_S) -> None:
        self.site.copy_out(
            namespace=self.installed.namespace,
            pod=self.pod,
            command=command,
            target=target,
            limit_s=limit_s,
        )


def fetch_results(
    source: Source, status: Status | None, say: Callable[[str], None]
) -> tuple[Fetched, AiconformError | None]:
    """The results, and what kept the coordinator from archiving them, if anything."""
    if status is not None and status.sha256 and status.tarball:
        return fetch_archived(source, status.tarball, status.sha256, say), None
    why = status.sentence if status else ""
    return fetch_as_it_is(source), ClusterError(why or "the results could not be archived")


def fetch_archived(
    source: Source, inside: str, expected: str, say: Callable[[str], None]
) -> Fetched:
    """
    Bring the tarball `inside` the pod, whose SHA-256 is to be `expected`.

    Raises:
        ResultsError: It does not come over whole, or does not hold what its sums say.
        ClusterError: The pod does not let us.
    """
    source.results.mkdir(parents=True, exist_ok=True)
    _copy_whole(source, inside, expected, say)
    directory = unpack(source.tarball, source.results)
    verify(directory)
    entries = load_results(directory).entries
    return Fetched(directory, source.tarball, entries, _judgement(directory))


def fetch_as_it_is(source: Source, *, limit_s: float = COPY_LIMIT_S) -> Fetched:
    """
    Bring the run's directory unarchived, and judge and archive it here.

    Raises:
        ResultsError: What came over holds no journal.
        ClusterError: The pod does not let us.
    """
    source.results.mkdir(parents=True, exist_ok=True)
    raw = source.results / f".{source.run}.tar"
    try:
        command = ("tar", "-C", "/results", "-cf", "-", source.run)
        try:
            source.copy(command, raw, limit_s=limit_s)
        except ClusterError:
            # tar minds that the journal grew meanwhile; what came over counts.
            if not raw.exists() or not raw.stat().st_size:
                raise
        directory = unpack(raw, source.results)
    finally:
        raw.unlink(missing_ok=True)
    return _judged_here(directory, source.tarball)


def release(source: Source) -> None:
    """Let the coordinator end."""
    source.site.execute(
        namespace=source.installed.namespace, pod=source.pod, command=("aiconform", "release")
    )


def _copy_whole(source: Source, inside: str, expected: str, say: Callable[[str], None]) -> None:
    beside = source.results / f".{source.run}.part"
    problem: AiconformError | None = None
    try:
        for _ in range(TRIES):
            try:
                source.copy(("cat", inside), beside)
            except ClusterError as exc:
                problem = exc
            else:
                if sha256(beside) == expected:
                    beside.replace(source.tarball)
                    return
                problem = ResultsError(f"{inside} did not come over whole")
            say(f"fetching {inside} again: {problem}")
        assert problem is not None
        raise problem
    finally:
        beside.unlink(missing_ok=True)


def _judged_here(directory: Path, tarball: Path) -> Fetched:
    results = load_results(directory)
    judgement = judge_again(results)
    try:
        write_results(directory, results.entries, judgement)
        archive(directory, tarball)
    except ResultsError:
        # The directory is here, which is what matters; the tarball is a convenience.
        return Fetched(directory, None, results.entries, judgement)
    return Fetched(directory, tarball, results.entries, judgement)


def _judgement(directory: Path) -> Judgement:
    """As the coordinator wrote it."""
    try:
        summary = json.loads((directory / "summary.json").read_text())
        return Judgement.model_validate(
            {name: summary[name] for name in Judgement.model_fields if name in summary}
        )
    except (OSError, ValueError, TypeError, ValidationError) as exc:
        raise ResultsError(
            f"{directory / 'summary.json'} cannot be read ({exc})",
            hint=f"The facts are there all the same: `aiconform report {directory}`",
        ) from exc


def occupied(results: Path, run: str) -> bool:
    """Whether results of a run of that name are here already."""
    return (results / run).exists() or (results / f"{run}.tar.gz").exists()
