"""Lint of a submission's metadata (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiconform.catalogue.requirements import versions
from aiconform.report.submission.remark import Remark, advice
from aiconform.report.submission.rules import (
    METADATA,
    MetadataField,
    email_problem,
    is_placeholder,
    k8s_conformance_problem,
    minor_version,
    url_problem,
)

_LOGO_FORMATS = (".svg", ".ai", ".eps")


def lint_metadata(metadata: Mapping[str, Any]) -> Iterator[Remark]:
    """What is wrong with the fields; URLs are held to their shape and not looked up."""
    for field in METADATA:
        yield from _lint_field(field, metadata)
    names = {name for field in METADATA for name in (field.name, field.snake_name)}
    for key in metadata:
        if key not in names:
            yield advice(
                "metadata-unknown", f"metadata.{key}", "is not a field of a submission",
                "Correct its spelling, or remove it",
            )  # fmt: skip


def version_of(metadata: Mapping[str, Any]) -> str | None:
    """1.37 of kubernetesVersion; None: there is none that can be read."""
    value = metadata.get("kubernetesVersion", metadata.get("kubernetes_version"))
    return minor_version(value) if isinstance(value, str) else None


def _lint_field(field: MetadataField, metadata: Mapping[str, Any]) -> Iterator[Remark]:
    where = f"metadata.{field.name}"
    if field.name in metadata and field.snake_name in metadata and "_" in field.snake_name:
        yield Remark(
            "metadata-twice", where, f"is there as {field.snake_name}, too", "Remove one of them"
        )
    value = metadata.get(field.name, metadata.get(field.snake_name))
    if value is None:
        if field.required:
            yield Remark("metadata-missing", where, "is missing", f"Add {field.name}")
    elif not isinstance(value, str):
        yield Remark("metadata-type", where, f"is no text but {value!r}", "Put it between quotes")
    elif not value.strip():
        if field.required:
            yield Remark("metadata-empty", where, "is empty", "Fill it in")
    elif is_placeholder(value):
        yield Remark(
            "metadata-placeholder", where, f"still has the checklist's {value}",
            "Fill it in" if field.required else 'Fill it in, or make it empty: ""',
        )  # fmt: skip
    else:
        yield from _lint_value(field, value, where, metadata)


def _lint_value(
    field: MetadataField, value: str, where: str, metadata: Mapping[str, Any]
) -> Iterator[Remark]:
    if field.name == "k8sConformanceUrl":
        yield from _lint_k8s_conformance(value, where, metadata)
    elif field.url:
        if problem := url_problem(value):
            yield Remark("metadata-url", where, problem, "Give the whole URL, https:// included")
        elif field.name == "productLogoUrl" and not value.lower().endswith(_LOGO_FORMATS):
            yield advice(
                "logo-format", where, "does not end in .svg, .ai or .eps",
                "Give a logo in one of these formats that shows the product's name",
            )  # fmt: skip
    elif field.name == "contactEmailAddress":
        if problem := email_problem(value):
            yield Remark("metadata-email", where, problem, "Give an address that is read")
    elif field.name == "kubernetesVersion":
        yield from _lint_version(value, where)


def _lint_version(value: str, where: str) -> Iterator[Remark]:
    version = minor_version(value)
    if version is None:
        yield Remark("version", where, f"{value} is no version", "Write it as v1.37")
    elif version not in versions():
        yield advice(
            "version-unknown", where, f"v{version} is not among those that this program knows",
            f"Use a newer aiconform; this one knows {', '.join(versions())}",
        )  # fmt: skip


def _lint_k8s_conformance(value: str, where: str, metadata: Mapping[str, Any]) -> Iterator[Remark]:
    if problem := k8s_conformance_problem(value):
        yield Remark(
            "k8s-conformance-url", where, problem,
            "Give the directory of the product's Kubernetes conformance submission",
        )  # fmt: skip
        return
    version = version_of(metadata)
    if version is not None and f"/v{version}/" not in value:
        yield advice(
            "k8s-conformance-version", where, f"is not of v{version}",
            "Give the submission for the same version as soon as there is one",
        )  # fmt: skip
