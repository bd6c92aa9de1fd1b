"""
Metric families and their Prometheus text.

Strict on the way in, because a malformed name would make a scraper drop the whole page and the
check blame the platform.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aiconform.workload.errors import RefusedError

Kind = Literal["gauge", "counter", "histogram"]
KINDS = get_args(Kind)
Labels = tuple[tuple[str, str], ...]

FAMILY_LIMIT = 200
SERIES_LIMIT = 2000
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,199}")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,99}")


@dataclass
class Histogram:
    """Observations counted in buckets of their own, added up when they are shown."""

    buckets: Sequence[float]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.buckets) + 1)

    def observe(self, value: float, *, count: int) -> None:
        index = next((i for i, bound in enumerate(self.buckets) if value <= bound), -1)
        self.counts[index] += count
        self.total += value * count


@dataclass
class Family:
    kind: Kind
    about: str
    buckets: Sequence[float]
    series: dict[Labels, float | Histogram] = field(default_factory=dict)


class Registry:
    """
    Args:
        common: Labels that every series carries, such as the run's nonce.
    """

    def __init__(self, *, common: Mapping[str, str] | None = None) -> None:
        self._families: dict[str, Family] = {}
        self._common = checked_labels(common or {})

    def declare(
        self,
        name: str,
        kind: Kind,
        *,
        about: str = "Set by a check of aiconform.",
        buckets: Sequence[float] = SECONDS_BUCKETS,
    ) -> Family:
        """
        The family of that name, made when there is none.

        Raises:
            RefusedError: Malformed name, another kind, or too many families.
        """
        if not _NAME.fullmatch(name):
            raise RefusedError(f"{name[:80]!r} is no metric name")
        family = self._families.get(name)
        if family is None:
            if len(self._families) >= FAMILY_LIMIT:
                raise RefusedError(f"at most {FAMILY_LIMIT} metrics are kept")
            family = self._families[name] = Family(kind, about, tuple(buckets))
        if family.kind != kind:
            raise RefusedError(f"{name} is a {family.kind}, no {kind}")
        return family

    def kind_of(self, name: str) -> Kind | None:
        return self._families[name].kind if name in self._families else None

    def set(self, name: str, value: float, *, kind: Kind, labels: Mapping[str, Any]) -> None:
        """
        Raises:
            RefusedError: A histogram, or a counter that would go down.
        """
        if kind == "histogram":
            raise RefusedError("a histogram is observed, not set: POST /observe")
        series = self._series(name, kind, labels)
        key = self._key(labels)
        before = series.get(key, 0.0)
        if kind == "counter" and isinstance(before, float) and value < before:
            raise RefusedError(f"the counter {name} is at {before:g} and cannot go down")
        series[key] = value

    def add(self, name: str, value: float, *, kind: Kind, labels: Mapping[str, Any]) -> None:
        self.set(name, (self.value(name, labels) or 0.0) + value, kind=kind, labels=labels)

    def observe(
        self, name: str, value: float, *, count: int = 1, labels: Mapping[str, Any]
    ) -> None:
        series = self._series(name, "histogram", labels)
        key = self._key(labels)
        histogram = series.setdefault(key, Histogram(self._families[name].buckets))
        if isinstance(histogram, Histogram):
            histogram.observe(value, count=count)

    def value(self, name: str, labels: Mapping[str, Any]) -> float | None:
        """None when there is no such series, or it is a histogram."""
        family = self._families.get(name)
        found = family.series.get(self._key(labels)) if family else None
        return found if isinstance(found, float) else None

    def text(self) -> str:
        """In Prometheus' text format 0.0.4, families in the order in which they were made."""
        lines: list[str] = []
        for name, family in self._families.items():
            about = family.about.replace("\\", "\\\\").replace("\n", "\\n")
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {family.kind}"]
            for labels, value in family.series.items():
                if isinstance(value, Histogram):
                    lines += _histogram_lines(name, (*self._common, *labels), value)
                else:
                    lines.append(_line(name, (*self._common, *labels), value))
        return "\n".join(lines) + "\n"

    def _series(
        self, name: str, kind: Kind, labels: Mapping[str, Any]
    ) -> dict[Labels, float | Histogram]:
        series = self.declare(name, kind).series
        count = sum(len(family.series) for family in self._families.values())
        if self._key(labels) not in series and count >= SERIES_LIMIT:
            raise RefusedError(f"at most {SERIES_LIMIT} series are kept")
        return series

    def _key(self, labels: Mapping[str, Any]) -> Labels:
        key = checked_labels(labels)
        clash = {name for name, _ in key} & {name for name, _ in self._common}
        if clash:
            raise RefusedError(f"the label {min(clash)} is set by the server itself")
        return key


def checked_labels(labels: Mapping[str, Any]) -> Labels:
    """
    Raises:
        RefusedError: A malformed or reserved name, or a value that is no short text.
    """
    for name, value in labels.items():
        if not _LABEL.fullmatch(name) or name == "le":
            raise RefusedError(f"{name[:80]!r} is no label name")
        if not isinstance(value, str) or len(value) > 500:
            raise RefusedError(f"the value of label {name} must be text of at most 500 characters")
    return tuple(sorted(labels.items()))


def _histogram_lines(name: str, labels: Labels, histogram: Histogram) -> list[str]:
    lines, cumulated = [], 0
    for bound, count in zip((*histogram.buckets, math.inf), histogram.counts, strict=True):
        cumulated += count
        lines.append(_line(f"{name}_bucket", (*labels, ("le", _number(bound))), cumulated))
    lines.append(_line(f"{name}_sum", labels, histogram.total))
    lines.append(_line(f"{name}_count", labels, cumulated))
    return lines


def _line(name: str, labels: Labels, value: float) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{inner}}} {_number(value)}" if inner else f"{name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
