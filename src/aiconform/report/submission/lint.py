"""
`aiconform submission --lint`: the official validator's rules, offline, and how to mend each breach.

What needs the network is left to the validator: whether URLs answer, and whether the vendor is
listed as a member.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiconform.catalogue.requirements import known_version, requirements
from aiconform.model.errors import ConfigError
from aiconform.model.requirement import Level
from aiconform.report.submission.checklist import Checklist, Item
from aiconform.report.submission.claims import na_on_must
from aiconform.report.submission.found import plain_file
from aiconform.report.submission.lint_evidence import lint_links
from aiconform.report.submission.lint_metadata import lint_metadata, version_of
from aiconform.report.submission.remark import Remark, Severity, advice
from aiconform.report.submission.rules import (
    IMPLEMENTED,
    NOT_APPLICABLE,
    STATUSES,
    minor_version,
)
from aiconform.report.submission.yaml_text import plain, read_text

PRODUCT = "PRODUCT.yaml"


def lint(directory: Path, checklist: Checklist | None = None) -> tuple[Remark, ...]:
    """
    All that is wrong with a submission's directory, in the order of its file.

    Args:
        checklist: With it, descriptions are compared as well; without, the catalogue knows which
            requirements a version has and how binding they are.
    """
    return tuple(_lint(directory, checklist))


def is_clean(remarks: Sequence[Remark]) -> bool:
    """Advice does not count: the validator lets it pass."""
    return all(remark.severity is Severity.ADVICE for remark in remarks)


def _lint(directory: Path, checklist: Checklist | None) -> Iterator[Remark]:
    path = plain_file(directory, PRODUCT)
    if path is None:
        yield Remark(
            "product-missing", PRODUCT, "is not there", "Make it with aiconform submission"
        )
        return
    try:
        product = plain(read_text(path), name=PRODUCT)
    except ConfigError as exc:
        yield Remark("yaml", PRODUCT, exc.problem, "Correct the YAML at that place")
        return
    metadata, spec = _section(product, "metadata"), _section(product, "spec")
    for name, section in (("metadata", metadata), ("spec", spec)):
        if section is None:
            yield Remark(f"{name}-missing", PRODUCT, f"has no {name}", "Start from the checklist")
    version = version_of(metadata or {})
    if metadata is not None:
        yield from lint_metadata(metadata)
        yield from _lint_place(directory, version)
    if spec is not None:
        yield from _lint_spec(directory, spec, version, checklist)


def _section(product: Any, name: str) -> Mapping[str, Any] | None:
    section = product.get(name) if isinstance(product, Mapping) else None
    return section if isinstance(section, Mapping) else None


def _lint_place(directory: Path, version: str | None) -> Iterator[Remark]:
    """The validator takes the version from the directory's place."""
    parent = directory.resolve().parent.name
    if minor_version(parent) is None or not parent.startswith("v"):
        yield advice(
            "place", str(directory), f"does not lie in a directory v{version or '<version>'}",
            f"In the pull request it has to be v{version or '<version>'}/<product>/",
        )  # fmt: skip
    elif version is not None and parent != f"v{version}":
        yield Remark(
            "place", str(directory), f"lies in {parent}, but is for v{version}",
            f"Move it to v{version}/{directory.resolve().name}/",
        )  # fmt: skip


def _lint_spec(
    directory: Path, spec: Mapping[str, Any], version: str | None, checklist: Checklist | None
) -> Iterator[Remark]:
    wanted = _wanted(version, checklist)
    rows = list(_rows(spec))
    for category, row in rows:
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
            yield Remark(
                "spec-shape", f"spec.{category}", "is no list of requirements with an id",
                "Start from the checklist again",
            )  # fmt: skip
    sound = [(category, row) for category, row in rows if _is_row(row)]
    counts = Counter(row["id"] for _, row in sound)
    for requirement, count in counts.items():
        if count > 1:
            yield Remark("spec-twice", requirement, "is there more than once", "Keep one of them")
    for item in wanted.values():
        if item.id not in counts:
            yield Remark(
                "requirement-missing", item.id, f"is missing from spec.{item.category}",
                "Take it over from the checklist",
            )  # fmt: skip
    for category, row in sound:
        yield from _lint_row(directory, category, row, version, wanted.get(row["id"]))


def _wanted(version: str | None, checklist: Checklist | None) -> Mapping[str, Item]:
    if checklist is not None:
        return {item.id: item for item in checklist.items}
    if version is None:
        return {}
    return {
        row.id: Item(id=row.id, category=row.category, level=level, description="")
        for row in requirements().values()
        if (level := row.level(known_version(version)))
    }


def _rows(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for category, rows in spec.items():
        if isinstance(rows, list):
            yield from ((str(category), row) for row in rows)
        else:
            yield str(category), rows


def _is_row(row: Any) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("id"), str)


def _lint_row(
    directory: Path, category: str, row: Mapping[str, Any], version: str | None, item: Item | None
) -> Iterator[Remark]:
    name = row["id"]
    yield from _lint_kept(category, row, item)
    status, notes, evidence = row.get("status") or "", row.get("notes") or "", _evidence(row)
    if not isinstance(status, str) or not isinstance(notes, str) or evidence is None:
        yield Remark(
            "spec-shape", name, "status and notes have to be texts, evidence a list of texts",
            "Start from the checklist again",
        )  # fmt: skip
        return
    level = item.level.value if item is not None else str(row.get("level"))
    if level == Level.SHOULD and not status and not evidence:
        return
    yield from _lint_status(name, level, status, notes)
    yield from lint_links(directory, name, status, evidence, version=version)


def _evidence(row: Mapping[str, Any]) -> tuple[str, ...] | None:
    links = row.get("evidence")
    if links is None:
        return ()
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        return None
    return tuple(links)


def _lint_kept(category: str, row: Mapping[str, Any], item: Item | None) -> Iterator[Remark]:
    """What has to be as the checklist has it."""
    name = row["id"]
    if item is None:
        yield advice("requirement-unknown", name, "is not in this version's checklist", "Remove it")
        return
    if category != item.category:
        yield Remark("category", name, f"is in spec.{category}", f"Move it to spec.{item.category}")
    if row.get("level") != item.level:
        yield Remark(
            "level-changed", name, f"says {row.get('level')}, the checklist {item.level}",
            f"Write level: {item.level}",
        )  # fmt: skip
    told = row.get("description")
    if not told or (item.description and told != item.description):
        yield Remark(
            "description-changed", name, "its description is not the checklist's",
            "Take the description over from the checklist, word for word",
        )  # fmt: skip


def _lint_status(name: str, level: str, status: str, notes: str) -> Iterator[Remark]:
    if status not in STATUSES:
        told = f"has the status {status!r}" if status else "has no status"
        yield Remark("status", name, told, f"Write one of {', '.join(STATUSES)}")
    elif level == Level.MUST and status != IMPLEMENTED:
        if status == NOT_APPLICABLE and na_on_must(name):
            yield advice(
                "na-on-must", name, "is a MUST and N/A", "A reviewer will read the reason in notes"
            )
        else:
            also = ", or N/A with the reason in notes" if na_on_must(name) else ""
            yield Remark(
                "must-not-implemented", name, f"is a MUST, and its status is {status}",
                f"It has to be {IMPLEMENTED}{also}: mend the platform and run again",
            )  # fmt: skip
    if status == NOT_APPLICABLE and not notes.strip():
        yield Remark("na-notes", name, "is N/A without a reason", "Say in notes why")
