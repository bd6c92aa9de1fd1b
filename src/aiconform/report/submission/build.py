"""Make a submission's directory from a run's results: whole, or not at all."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiconform.catalogue.requirements import requirements
from aiconform.model.errors import ConfigError
from aiconform.report.files import unwritable, write_file
from aiconform.report.load import load_results
from aiconform.report.requirement import CHECKS
from aiconform.report.story import Story, tell
from aiconform.report.submission.checklist import Checklist, fill
from aiconform.report.submission.claims import EVIDENCE, Claim, claim, unsettled
from aiconform.report.submission.found import Found, found_in, opened, plain_file
from aiconform.report.submission.lint import PRODUCT, is_clean, lint
from aiconform.report.submission.product import Product
from aiconform.report.submission.readme import readme
from aiconform.report.submission.remark import Remark
from aiconform.report.submission.rules import minor_version


@dataclass(frozen=True)
class Submission:
    """
    What was made.

    Attributes:
        remarks: What a person should know of how it came about.
        lint: What lint says of it.
    """

    directory: Path
    version: str
    claims: tuple[Claim, ...]
    remarks: tuple[str, ...]
    lint: tuple[Remark, ...]

    @property
    def unsettled(self) -> tuple[Claim, ...]:
        """MUSTs that the run does not let anyone claim."""
        return unsettled(self.claims)

    @property
    def further_remarks(self) -> tuple[Remark, ...]:
        """What lint says beside the MUSTs that are not claimed."""
        known = {claim.item.id for claim in self.unsettled}
        return tuple(remark for remark in self.lint if remark.where not in known)

    @property
    def is_clean(self) -> bool:
        return is_clean(self.lint)


def make_submission(
    results: Path,
    *,
    checklist: Checklist,
    product: Product,
    directory: Path,
    other_version: bool = False,
) -> Submission:
    """
    Fill in the checklist from a run and put the evidence beside it.

    Args:
        results: A run's tarball or directory.
        directory: Made by this; it must not be there, or be empty.
        other_version: Accept a run on another Kubernetes version than the checklist's.

    Raises:
        ConfigError: The directory is in use, or the run is of another version.
        ResultsError: The results cannot be read, were changed, or the directory cannot be written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ConfigError(
            f"{directory} is not empty", hint="Remove it, or give another directory with -o"
        )
    with opened(results) as run:
        loaded = load_results(run)
        story = tell(loaded.entries)
        remarks = [*_version_remarks(story, checklist, other_version), *loaded.damage]
        found = found_in(run)
        claims = tuple(_claims(checklist, found, product))
        remarks.extend(_level_remarks(checklist, found))
        text = fill(
            checklist,
            metadata=product.filled(),
            answers={one.item.id: one.answer for one in claims},
        )
        told = readme(product.metadata, checklist, claims, story=story, remarks=remarks)
        _write(directory, run, claims, {PRODUCT: text, "README.md": told})
    return Submission(
        directory=directory,
        version=checklist.version,
        claims=claims,
        remarks=tuple(remarks),
        lint=lint(directory, checklist),
    )


def _claims(checklist: Checklist, found: Mapping[str, Found], product: Product) -> Iterator[Claim]:
    for item in checklist.items:
        manual = product.manual(item.id)
        yield claim(item, found.get(item.id, Found()), manual, version=checklist.version)


def _version_remarks(story: Story, checklist: Checklist, accepted: bool) -> Iterator[str]:
    seen = story.surveyed.server_version if story.surveyed else ""
    if minor_version(seen) == checklist.version:
        return
    problem = (
        f"the run was on Kubernetes {seen or 'of an unknown version'},"
        f" and the checklist is for v{checklist.version}"
    )
    if not accepted:
        raise ConfigError(
            problem,
            hint="Give the checklist of the cluster's version, or --other-version to say so in it",
        )
    yield problem


def _level_remarks(checklist: Checklist, found: Mapping[str, Found]) -> Iterator[str]:
    """The checklist's level holds; that the run went by another is worth a word."""
    for item in checklist.items:
        row, verdict = requirements().get(item.id), found.get(item.id, Found()).verdict
        if row is None:
            yield f"{item.id} is not known to this version of aiconform"
        elif (level := row.level(checklist.version)) is not item.level:
            known = level or "none of this version"
            yield f"{item.id} is a {item.level} in this checklist, and we know it as {known}"
        elif verdict is not None and verdict.level is not item.level:
            yield f"{item.id} is a {item.level} here, and the run took it for a {verdict.level}"


def _write(directory: Path, run: Path, claims: Sequence[Claim], texts: Mapping[str, str]) -> None:
    """Beside the target and renamed, so that no half submission is taken for one."""
    parent = directory.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".submission-", dir=parent) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            for one in claims:
                _copy(run / CHECKS / one.item.id, made / EVIDENCE / one.item.id, one.files)
            for name, text in texts.items():
                write_file(made / name, [text.encode()])
            if directory.exists():
                directory.rmdir()
            made.replace(directory)
    except OSError as exc:
        raise unwritable(directory, exc) from exc


def _copy(source: Path, target: Path, files: Sequence[str]) -> None:
    for name in files:
        path = plain_file(source, name)
        assert path is not None  # a verdict counts only with all its files
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
