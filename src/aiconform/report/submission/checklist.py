"""The official checklist: read, checked, and filled in where it asks to be filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from aiconform.model.errors import ConfigError
from aiconform.model.requirement import Level
from aiconform.report.submission.rules import METADATA, minor_version
from aiconform.report.submission.yaml_text import (
    add_key,
    document,
    quoted,
    quoted_list,
    read_text,
    written,
)

_HINT = "Give the AIConformance-<version>.yaml as cncf/k8s-ai-conformance publishes it"


@dataclass(frozen=True)
class Item:
    """One requirement as the checklist has it. Its description is the checklist's, never ours."""

    id: str
    category: str
    level: Level
    description: str


@dataclass(frozen=True)
class Answer:
    """What is filled in for one requirement."""

    status: str = ""
    evidence: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True)
class Checklist:
    """A checklist that nobody has filled in yet."""

    name: str
    version: str  # 1.37
    items: tuple[Item, ...]
    text: str


def read_checklist(path: Path) -> Checklist:
    """
    Raises:
        ConfigError: It is not a checklist, is filled in already, or would come back changed.
    """
    return parse_checklist(read_text(path), name=path.name)


def parse_checklist(text: str, *, name: str) -> Checklist:
    """As `read_checklist`, from text."""
    loaded = document(text, name=name)
    metadata, spec = loaded.get("metadata"), loaded.get("spec")
    if not isinstance(metadata, Mapping) or not isinstance(spec, Mapping):
        raise ConfigError(f"{name} has no metadata and spec", hint=_HINT)
    version = minor_version(str(metadata.get("kubernetesVersion", "")))
    if version is None:
        raise ConfigError(f"{name} does not say its kubernetesVersion", hint=_HINT)
    items = tuple(_item(row, category, name) for category, row in _rows(spec, name))
    if not items:
        raise ConfigError(f"{name} has no requirements", hint=_HINT)
    ids = [item.id for item in items]
    if len(set(ids)) != len(ids):
        raise ConfigError(f"{name} has a requirement twice", hint=_HINT)
    return Checklist(name=name, version=version, items=items, text=text)


def fill(
    checklist: Checklist, *, metadata: Mapping[str, str], answers: Mapping[str, Answer]
) -> str:
    """
    The checklist's text with these fields filled in, and every other byte as it was.

    Args:
        metadata: By camelCase name. A field that the checklist lacks is added if it has a value.
        answers: By requirement id; a requirement without one stays empty.
    """
    loaded = document(checklist.text, name=checklist.name)
    _fill_metadata(loaded["metadata"], metadata)
    for _, row in _rows(loaded["spec"], checklist.name):
        answer = answers.get(row["id"], Answer())
        if answer != Answer():
            row["status"] = quoted(answer.status)
            row["evidence"] = quoted_list(answer.evidence) if answer.evidence else row["evidence"]
            row["notes"] = quoted(answer.notes)
    return written(loaded)


def _fill_metadata(target: CommentedMap, values: Mapping[str, str]) -> None:
    for field in METADATA:
        value = values.get(field.name)
        if value is None:
            continue
        if key := next((k for k in (field.name, field.snake_name) if k in target), None):
            target[key] = quoted(value)
        elif value:
            add_key(target, field.name, quoted(value))


def _rows(spec: Mapping[str, Any], name: str) -> Iterator[tuple[str, CommentedMap]]:
    for category, rows in spec.items():
        if not isinstance(rows, list):
            raise ConfigError(f"{name}: spec.{category} is no list of requirements", hint=_HINT)
        for row in rows:
            if not isinstance(row, CommentedMap):
                raise ConfigError(f"{name}: spec.{category} has an odd entry", hint=_HINT)
            yield str(category), row


def _item(row: CommentedMap, category: str, name: str) -> Item:
    told = row.get("id")
    missing = [
        key for key in ("id", "description", "status", "evidence", "notes") if key not in row
    ]
    if missing:
        raise ConfigError(f"{name}: {told or category} has no {', '.join(missing)}", hint=_HINT)
    if row["status"] or row["evidence"] or row["notes"]:
        raise ConfigError(
            f"{name}: {told} is filled in already, and not by this run",
            hint="Give the empty checklist; what you add by hand belongs into product.yaml",
        )
    try:
        level = Level(row.get("level"))
    except ValueError as exc:
        raise ConfigError(f"{name}: {told} is neither MUST nor SHOULD", hint=_HINT) from exc
    return Item(id=str(told), category=category, level=level, description=str(row["description"]))
