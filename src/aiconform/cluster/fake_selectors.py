"""Selectors and merge patches as the API server understands them, for the fake (pure)."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]


def selected(found: Json, namespace: str | None, labels: str, fields: str) -> bool:
    if namespace is not None and found["metadata"].get("namespace") != namespace:
        return False
    own = found["metadata"].get("labels") or {}
    return all(_holds(term, own.get) for term in _terms(labels)) and all(
        _holds(term, lambda path: _at(found, path)) for term in _terms(fields)
    )


def _terms(selector: str) -> list[str]:
    return [term for term in selector.split(",") if term]


def _holds(term: str, value_of: Callable[[str], Any]) -> bool:
    if "!=" in term:
        key, _, wanted = term.partition("!=")
        return bool(value_of(key) != wanted)
    key, equals, wanted = term.replace("==", "=").partition("=")
    return bool(str(value_of(key)) == wanted) if equals else value_of(key) is not None


def _at(found: Any, path: str) -> Any:
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def merged(found: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    made: Json = copy.deepcopy(dict(found)) if isinstance(found, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made
