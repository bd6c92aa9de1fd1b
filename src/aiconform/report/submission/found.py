"""
What a run's results hold on each requirement, and whether it may be relied upon.

A verdict counts only with all that it rests on: the evidence it names, and artifacts that say the
same as it does. Take one of them away and nothing can be claimed.
"""

import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from aiconform.model.errors import ResultsError
from aiconform.model.requirement import RequirementVerdict
from aiconform.model.verdict import Outcome
from aiconform.report.archive import unpack
from aiconform.report.files import SUMS, verify
from aiconform.report.gotest import go_test_name
from aiconform.report.requirement import CHECKS, VERDICT, artifact_names
from aiconform.report.submission.artifacts import ArtifactError, TestOutcome, parser

_VERDICT_BYTES = 4 << 20
_ARTIFACT_BYTES = 64 << 20
_CLAIMED = frozenset({Outcome.PASS, Outcome.WARN})
_TOLD = _CLAIMED | {Outcome.FAIL, Outcome.SKIP}  # of the others nothing goes into a submission


@dataclass(frozen=True)
class Found:
    """`problem` says why the verdict cannot be relied upon; then there is none."""

    verdict: RequirementVerdict | None = None
    problem: str = ""


@contextmanager
def opened(results: Path) -> Iterator[Path]:
    """
    The directory of the run: unpacked from a tarball for as long as this lasts, or as it is.

    Raises:
        ResultsError: There is no run, or its files are not those that its SHA256SUMS prove.
    """
    if results.is_dir():
        run = _run_in(results)
        verify(run)
        yield run
        return
    if not results.exists():
        raise ResultsError(f"{results} does not exist", hint="Give a run's tarball or directory")
    with tempfile.TemporaryDirectory(prefix="aiconform-") as scratch:
        run = unpack(results, Path(scratch))
        verify(run)
        yield run


def found_in(run: Path) -> Mapping[str, Found]:
    """What there is for each requirement that the run has a directory for."""
    checks = run / CHECKS
    if not checks.is_dir() or checks.is_symlink():
        return {}
    return {directory.name: _found(directory) for directory in sorted(checks.iterdir())}


def plain_file(directory: Path, relative: str) -> Path | None:
    """The file of that path, if it is a regular one and no part of the path is a link."""
    path = directory
    for part in PurePosixPath(relative).parts:
        path = path / part
        try:
            mode = path.lstat().st_mode
        except (OSError, ValueError):
            return None
        if stat.S_ISLNK(mode):
            return None
    return path if stat.S_ISREG(path.lstat().st_mode) else None


def _run_in(directory: Path) -> Path:
    """Tarballs unpack to a directory of the run's name, so the one above it serves as well."""
    if (directory / SUMS).exists():
        return directory
    runs = sorted(path.parent for path in directory.glob(f"*/{SUMS}"))
    if len(runs) != 1:
        told = f"holds several runs ({', '.join(r.name for r in runs)})" if runs else "holds no run"
        raise ResultsError(f"{directory} {told}", hint="Give the tarball or directory of one run")
    return runs[0]


def _found(directory: Path) -> Found:
    try:
        verdict = _verdict(directory)
        if verdict.outcome in _TOLD:
            _need_evidence(directory, verdict)
        if verdict.outcome in _CLAIMED:
            for name in artifact_names(verdict):
                _need_agreement(directory, verdict, name)
    except ResultsError as exc:
        return Found(problem=exc.problem)
    return Found(verdict=verdict)


def _verdict(directory: Path) -> RequirementVerdict:
    data = _content(directory, VERDICT, _VERDICT_BYTES)
    try:
        verdict = RequirementVerdict.model_validate_json(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        raise ResultsError(f"its {VERDICT} is not sound ({first['msg']})") from exc
    if verdict.id != directory.name:
        raise ResultsError(f"its {VERDICT} speaks for {verdict.id}")
    return verdict


def _need_evidence(directory: Path, verdict: RequirementVerdict) -> None:
    for name in verdict.evidence:
        path = plain_file(directory, name)
        if path is None or path.stat().st_size == 0:
            raise ResultsError(f"its evidence {name} is missing")


def _need_agreement(directory: Path, verdict: RequirementVerdict, name: str) -> None:
    parse = parser(name, ours=True)
    assert parse is not None  # these names are our own
    try:
        report = parse(_content(directory, name, _ARTIFACT_BYTES))
    except ArtifactError as exc:
        raise ResultsError(f"its {name} cannot be read: {exc}") from exc
    test = go_test_name(verdict)
    told = [report.outcome(t) for t in (test, *(f"{test}/{s.name}" for s in verdict.mandatory))]
    if report.failures or any(outcome is not TestOutcome.PASSED for outcome in told):
        raise ResultsError(f"its {name} does not say the {verdict.outcome} that {VERDICT} says")


def _content(directory: Path, name: str, most_bytes: int) -> bytes:
    path = plain_file(directory, name)
    if path is None:
        raise ResultsError(f"its {name} is missing")
    if path.stat().st_size > most_bytes:
        raise ResultsError(f"its {name} is larger than {most_bytes} bytes")
    return path.read_bytes()
