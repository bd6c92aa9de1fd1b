"""What the command line and the chart take, asked of themselves."""

import json
from collections.abc import Iterable
from typing import Any

import click
from jsonschema import Draft202012Validator

from aiconform.cli.main import aiconform
from tests.chart.chart_files import merged, schema


def parse(words: list[str]) -> None:
    """
    Raises:
        click.UsageError: There is no such command or option, or a value is not one of it.
    """
    if words[0].startswith("-"):
        assert words in (["--help"], ["-h"], ["--version"]), words
        return
    group = click.Context(aiconform, info_name="aiconform")
    name, command, rest = aiconform.resolve_command(group, words)
    assert command is not None
    try:
        context = command.make_context(name, rest, parent=group)
    except click.exceptions.Exit:  # --help
        return
    assert_values(context.params.get("sets") or (), f"aiconform {' '.join(words)}")


def assert_values(sets: Iterable[str], where: str) -> None:
    """Each is a value of the chart, and the schema takes it."""
    changes: dict[str, Any] = {}
    for entry in sets:
        key, found, value = entry.partition("=")
        assert found, entry
        assert is_value(key), f"{where}: there is no value {key}"
        place = changes
        *parents, last = key.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _typed(value)
    errors = Draft202012Validator(schema()).iter_errors(merged(changes))
    assert [f"{error.json_path}: {error.message}" for error in errors] == [], where


def _typed(text: str) -> Any:
    """As Helm reads the right side of --set."""
    if text.startswith("{"):
        return [_typed(part) for part in text.strip("{}").split(",")]
    try:
        return json.loads(text)
    except ValueError:
        return text


def is_value(key: str) -> bool:
    part: Any = schema()
    for name in key.split("."):
        if "$ref" in part:
            part = schema()["$defs"][part["$ref"].rpartition("/")[2]]
        if name not in part.get("properties", {}):
            return isinstance(part.get("additionalProperties"), dict)  # free keys, as labels
        part = part["properties"][name]
    return True
