"""Checklists in our own words, a product, and results directories made by hand."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from aiconform.catalogue.requirements import requirements, versions
from aiconform.model.records import Entry, Surveyed
from aiconform.model.requirement import Level, RequirementVerdict, Step
from aiconform.model.verdict import Outcome
from aiconform.report import write_results
from aiconform.report.files import write_sums
from aiconform.report.requirement import write_requirement
from aiconform.report.submission.checklist import Checklist, parse_checklist
from aiconform.report.submission.product import Product, parse_product
from tests.report import sample

VERSIONS = versions()
_OFFICIAL = Path(__file__).resolve().parents[2].parent / "shared" / "checklists"

PRODUCT = """\
metadata:
  platformName: Turbo Encabulator
  platformVersion: "1.10"
  vendorName: Yoyodyne
  websiteUrl: https://yoyo.dyne/turbo-encabulator
  documentationUrl: https://yoyo.dyne/turbo-encabulator/docs
  productLogoUrl: https://yoyo.dyne/turbo-encabulator.svg
  description: "It encabulates: with # and \\"quotes\\"."
  contactEmailAddress: conformance@yoyo.dyne
  k8sConformanceUrl: https://github.com/cncf/k8s-conformance/tree/master/v1.37/turbo-encabulator
requirements:
  gang_scheduling:
    evidence: ["https://yoyo.dyne/docs/gangs"]
    notes: With the scheduler that we ship.
  ai_inference:
    evidence: ["https://yoyo.dyne/docs/gateways"]
"""

_HEAD = """\
# A checklist for tests, in our own words
# Nothing of it is official.

metadata:
  kubernetesVersion: v{version}
  platformName: "[Platform Name]"
  platformVersion: "[Platform Version]"
  vendorName: "[Vendor Name]"
  websiteUrl: "[Website URL]"
  repoUrl: "[Repository URL]"
  documentationUrl: "[Documentation URL]"
  productLogoUrl: "[Logo URL]"
  description: "[Description]"
  contactEmailAddress: "[Contact Email Address]"

spec:
"""


def checklist_text(version: str) -> str:
    """As the official ones are laid out, with comments where they have some."""
    text, category = _HEAD.format(version=version), ""
    for row in requirements().values():
        level = row.level(version)
        if level is None:
            continue
        if row.category != category:
            category = row.category
            text += f"  {category}:\n"
        text += (
            f"    - id: {row.id}\n"
            f'      description: "{row.shows}"\n'
            f"      level: {level}\n"
            '      status: ""   # one of four\n'
            "      evidence: [] # links\n"
            '      notes: ""\n'
        )
    return text


def checklist(version: str = "1.37") -> Checklist:
    return parse_checklist(checklist_text(version), name=f"AIConformance-{version}.yaml")


def official(version: str) -> Path:
    """The official checklist, which is no part of the project."""
    path = _OFFICIAL / f"AIConformance-{version}.yaml"
    if not path.exists():
        pytest.skip("the official checklists are not beside the project (../shared/checklists)")
    return path


def product() -> Product:
    return parse_product(PRODUCT, name="product.yaml")


def verdict(
    requirement: str,
    outcome: Outcome = Outcome.PASS,
    *,
    level: Level = Level.MUST,
    sentence: str = "seen and measured",
    notes: tuple[str, ...] = (),
    upstream_names: bool = True,
) -> RequirementVerdict:
    """One with two mandatory steps and an optional one that fails."""
    ok = Outcome.WARN if outcome is Outcome.WARN else Outcome.PASS
    steps = (
        Step(name="Control", outcome=Outcome.PASS, sentence="it differs", duration_s=1.5),
        Step(name="Positive", outcome=_step(outcome, ok), sentence=sentence, duration_s=2.0),
        Step(name="Extra", outcome=Outcome.FAIL, sentence="not needed", mandatory=False),
    )
    return RequirementVerdict(
        id=requirement, level=level, outcome=outcome, reason="AsMeasured", sentence=sentence,
        notes=notes, evidence=("measurements.json", "logs/pod-1.txt"), steps=steps,
        started_at=1_800_000_000.0, duration_s=3.5, upstream_names=upstream_names,
    )  # fmt: skip


def levels(version: str) -> Mapping[str, Level]:
    found = ((row.id, row.level(version)) for row in requirements().values())
    return {name: level for name, level in found if level is not None}


def all_pass(version: str = "1.37") -> list[RequirementVerdict]:
    return [verdict(name, level=level) for name, level in levels(version).items()]


def results(
    directory: Path, verdicts: Iterable[RequirementVerdict], *, version: str = "1.37"
) -> Path:
    """A run's directory with these verdicts, their artifacts and evidence, and its sums."""
    write_results(directory, _entries(version), sample.judgement())
    for one in verdicts:
        made = write_requirement(directory, one)
        for name in one.evidence:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(f"{one.id} {name}\n")
    write_sums(directory)
    return directory


def _entries(version: str) -> tuple[Entry, ...]:
    def of_version(entry: Entry) -> Entry:
        if not isinstance(entry.record, Surveyed):
            return entry
        record = entry.record.model_copy(update={"server_version": f"v{version}.2-yoyo.1"})
        return entry.model_copy(update={"record": record})

    return tuple(of_version(entry) for entry in sample.entries())


def _step(outcome: Outcome, otherwise: Outcome) -> Outcome:
    return otherwise if outcome in {Outcome.PASS, Outcome.WARN} else outcome
