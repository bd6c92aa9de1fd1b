"""The chart's files as plain data."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "aiconform"


def values() -> dict[str, Any]:
    return dict(yaml.safe_load((CHART / "values.yaml").read_text()))


def schema() -> dict[str, Any]:
    return dict(json.loads((CHART / "values.schema.json").read_text()))


def about() -> dict[str, Any]:
    return dict(yaml.safe_load((CHART / "Chart.yaml").read_text()))


def merged(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The chart's values with a user's on top, as Helm merges them."""
    return _merge(values(), changes)


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = deepcopy(below)
    for key, value in above.items():
        nested = result.get(key)
        if isinstance(value, Mapping) and isinstance(nested, dict):
            result[key] = _merge(nested, value)
        else:
            result[key] = value
    return result
