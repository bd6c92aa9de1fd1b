"""Lint of the evidence that a requirement refers to: links, files, and the tests in them."""

import posixpath
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aiconform.catalogue.requirements import minor, requirements
from aiconform.report.submission.artifacts import (
    ArtifactError,
    ArtifactReport,
    TestOutcome,
    parser,
)
from aiconform.report.submission.remark import Remark, advice
from aiconform.report.submission.rules import (
    ARTIFACTS_SINCE_MINOR,
    IMPLEMENTED,
    PARTIALLY,
    is_url,
    url_problem,
)

_ARTIFACT_BYTES = 64 << 20
_PRODUCT_DIRECTORY = re.compile(r"v\d+\.\d+/[^/]+/", re.ASCII)
_CLAIMS = frozenset({IMPLEMENTED, PARTIALLY})


@dataclass(frozen=True)
class Link:
    """One entry of a requirement's evidence."""

    requirement: str
    status: str
    text: str


def lint_links(
    directory: Path, requirement: str, status: str, links: tuple[str, ...], *, version: str | None
) -> Iterator[Remark]:
    """All that is wrong with one requirement's evidence."""
    if status in _CLAIMS and not any(link.strip() for link in links):
        yield Remark(
            "claim-without-evidence", requirement, f"is {status} without any evidence",
            "Refer to the run's artifacts or to public documentation",
        )  # fmt: skip
    for text in links:
        yield from _lint_link(directory, Link(requirement, status, text), version)
    row = requirements().get(requirement)
    if (
        row is not None
        and row.test.validated
        and status == IMPLEMENTED
        and _expects_artifacts(version)
        and not any(parser(_path_of(text)[0].rpartition("/")[2]) for text in links)
    ):
        yield advice(
            "artifact-recommended", requirement, "has no test artifact among its evidence",
            f"Add a junit.xml, results.json or e2e.log with {row.test.name}",
        )  # fmt: skip


def _lint_link(directory: Path, link: Link, version: str | None) -> Iterator[Remark]:
    where = f"{link.requirement}: {link.text}"
    if not link.text.strip():
        yield Remark("evidence-blank", link.requirement, "has an empty link", "Remove it")
        return
    if is_url(link.text):
        if problem := url_problem(link.text):
            yield Remark("evidence-url", where, problem, "Give the whole URL of a public page")
        return
    if not _expects_artifacts(version) and ("#" in link.text or link.text.startswith("file://")):
        yield advice(
            "evidence-old-form", where, "is not taken by validators from before 1.37",
            "Give the plain relative path",
        )  # fmt: skip
    relative, test = _path_of(link.text)
    try:
        path = _file(directory, relative)
    except _AmissError as exc:
        yield Remark(exc.rule, where, exc.told, _MENDS[exc.rule])
        return
    if path.stat().st_size == 0:
        yield Remark("evidence-empty", where, "is an empty file", "Copy it from the results again")
        return
    yield from _lint_artifact(path, link, test, where)


_MENDS = {
    "evidence-outside": "Copy the file into the submission's directory and refer to it there",
    "evidence-link": "Put the file itself there",
    "evidence-missing": "Copy it from the results, or correct the path",
}


class _AmissError(Exception):
    """A link does not lead to a file of this submission."""

    def __init__(self, rule: str, told: str) -> None:
        super().__init__(told)
        self.rule, self.told = rule, told


def _path_of(text: str) -> tuple[str, str]:
    """The file and the test that a link names; an empty test: none."""
    path, _, test = text.strip().removeprefix("file://").partition("#")
    return path.strip().removeprefix("/"), test


def _file(directory: Path, relative: str) -> Path:
    path, mode = directory, 0
    for part in _inside(directory, relative).split("/"):
        path = path / part
        try:
            mode = path.lstat().st_mode
        except OSError as exc:
            raise _AmissError("evidence-missing", "is not there") from exc
        if stat.S_ISLNK(mode):
            told = f"{path.relative_to(directory)} is a symbolic link"
            raise _AmissError("evidence-link", told)
    if not stat.S_ISREG(mode):
        raise _AmissError("evidence-missing", "is no file")
    return path


def _inside(directory: Path, relative: str) -> str:
    """Links may be written from the root of the repository that submissions are kept in."""
    resolved = directory.resolve()
    inside = relative.removeprefix(f"{resolved.parent.name}/{resolved.name}/")
    if inside == relative and _PRODUCT_DIRECTORY.match(relative):
        raise _AmissError("evidence-outside", "lies in another product's directory")
    normal = posixpath.normpath(inside) if inside else ".."
    if "\\" in inside or "\0" in inside or normal in {".", ".."}:
        raise _AmissError("evidence-outside", "is no path to a file in the directory")
    if normal.startswith(("../", "/")):
        raise _AmissError("evidence-outside", "leads out of the directory")
    return normal


def _lint_artifact(path: Path, link: Link, test: str, where: str) -> Iterator[Remark]:
    parse = parser(path.name, ours=True)
    if parse is None:
        return
    if path.stat().st_size > _ARTIFACT_BYTES:
        yield Remark("artifact-unreadable", where, "is too large", "Keep only its own test in it")
        return
    try:
        report = parse(path.read_bytes())
    except (ArtifactError, OSError) as exc:
        yield Remark("artifact-unreadable", where, str(exc), "Copy the file from the results again")
        return
    if report.failures:
        yield Remark(
            "artifact-failing", where, f"holds failing tests: {_some(report.failures)}",
            "Mend the platform and run again; a file with any failure is refused",
        )  # fmt: skip
    yield from _lint_test(report, link, test, where)


def _lint_test(report: ArtifactReport, link: Link, test: str, where: str) -> Iterator[Remark]:
    wanted = test or _expected(link.requirement, report)
    if not wanted:
        return
    match report.outcome(wanted):
        case TestOutcome.NOT_FOUND:
            yield Remark(
                "test-missing", where, f"does not hold {wanted}",
                "Refer to the artifact that holds it, or correct the name behind the #",
            )  # fmt: skip
        case TestOutcome.FAILED:
            yield Remark(
                "test-failed", where, f"{wanted} failed",
                "Mend the platform and run again, or do not claim it",
            )  # fmt: skip
        case TestOutcome.SKIPPED if link.status in _CLAIMS:
            yield Remark(
                "test-skipped", where, f"{wanted} was skipped, and the status is {link.status}",
                "Run it, or say N/A with the reason in notes",
            )  # fmt: skip
        case TestOutcome.PASSED if link.status in _CLAIMS:
            yield from _lint_subtests(report, wanted, where)


def _lint_subtests(report: ArtifactReport, test: str, where: str) -> Iterator[Remark]:
    """A skipped half is no pass, though the validator takes it for one."""
    skipped = [
        name
        for name, outcome in report.tests.items()
        if name.startswith(f"{test}/") and outcome is TestOutcome.SKIPPED
    ]
    if skipped:
        yield advice(
            "subtest-skipped", where, f"passed without {_some(tuple(skipped))}",
            "Run all of it, or say in notes why a part was left out",
        )  # fmt: skip


def _expected(requirement: str, report: ArtifactReport) -> str:
    """The test to look for when a link names none: the validator's, else ours where it is in."""
    row = requirements().get(requirement)
    if row is None:
        return ""
    names = (row.test_name(), row.test_name(upstream=False))
    if present := [name for name in names if report.outcome(name) is not TestOutcome.NOT_FOUND]:
        return present[0]
    return row.test.name if row.test.validated else ""


def _expects_artifacts(version: str | None) -> bool:
    return version is None or minor(version) >= ARTIFACTS_SINCE_MINOR


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
