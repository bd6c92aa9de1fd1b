"""
The Prometheus text format and OpenMetrics, read strictly (pure).

A line that is no sample and no comment makes the whole page unreadable: a page that is half read
says nothing about the devices that are missing from it.

Source: prometheus.io/docs/instrumenting/exposition_formats; OpenMetrics 1.0.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_VALUE = r"[+-]?(?:[Ii]nf|[Nn]a[Nn]|[Ii]nfinity|[0-9.]+(?:[eE][+-]?[0-9]+)?)"
_SAMPLE = re.compile(
    rf"(?P<name>{_NAME})(?P<labels>\{{.*?\}})?[ \t]+(?P<value>{_VALUE})"
    r"(?:[ \t]+(?P<at>-?[0-9.]+))?(?P<exemplar>[ \t]+#[ \t]*\{.*)?[ \t]*"
)
# The braces may hold "}" inside quotes, so labels are taken by their own grammar.
_LABELS = re.compile(r'\{(?:\s*[a-zA-Z_]\w*\s*=\s*"(?:[^"\\\n]|\\.)*"\s*(?:,|(?=\})))*\s*\}')
_LABEL = re.compile(r'([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\\n]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"n": "\n", "\\": "\\", '"': '"'}


class MalformedError(ValueError):
    """No page in either format; says which line."""


@dataclass(frozen=True)
class Sample:
    """`at`: Unix seconds that the exporter itself says; None: the moment of the scrape."""

    name: str
    labels: Mapping[str, str]
    value: float
    at: float | None = None


def parse(text: str, *, content_type: str = "") -> tuple[Sample, ...]:
    """
    Args:
        content_type: Of the answer: in OpenMetrics timestamps are seconds, else milliseconds.

    Raises:
        MalformedError: A line is neither sample nor comment, or OpenMetrics has no end.
    """
    open_metrics = "openmetrics" in content_type.lower()
    if open_metrics and text.rstrip().rpartition("\n")[2].strip() != "# EOF":
        raise MalformedError("the page breaks off: it has no # EOF")
    scale = 1.0 if open_metrics else 1e-3
    return tuple(
        _sample(line.strip(), number, scale)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def _sample(line: str, number: int, scale: float) -> Sample:
    name, labels, rest = _split(line)
    found = _SAMPLE.fullmatch(f"{name} {rest}") if name else None
    if found is None:
        raise MalformedError(f"line {number} is no sample: {line[:80]!r}")
    try:
        at = float(found["at"]) * scale if found["at"] else None
        value = float(found["value"])
    except ValueError as exc:
        raise MalformedError(f"line {number} has no number: {line[:80]!r}") from exc
    told = {key: _ESCAPED.sub(_unescaped, text) for key, text in _LABEL.findall(labels)}
    return Sample(name, told, value, at)


def _split(line: str) -> tuple[str, str, str]:
    """Name, labels with their braces, and the rest."""
    name = re.match(_NAME, line)
    if name is None:
        return "", "", ""
    after = line[name.end() :].lstrip()
    if not after.startswith("{"):
        return name[0], "", line[name.end() :].strip()
    labels = _LABELS.match(after)
    return (name[0], labels[0], after[labels.end() :].strip()) if labels else ("", "", "")


def _unescaped(found: re.Match[str]) -> str:
    return _MEANT.get(found[1], found[0])
