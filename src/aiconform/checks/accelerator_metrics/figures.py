"""One page of an exporter, normalised: device → quantity → figure (pure)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiconform.checks.accelerator_metrics.exposition import Sample
from aiconform.checks.accelerator_metrics.names import Exporter, Metric

_POD = ("pod", "kube_pod", "pod_name")
_NAMESPACE = ("namespace", "kube_namespace", "pod_namespace")
# Of a device of several tiles.
_SUMMED = frozenset({"memory_used", "memory_free", "memory_reserved", "memory_total"})
_TENANT = frozenset(
    {"container", "kube_container", "container_name", "job_user", "job_id", *_POD, *_NAMESPACE}
)


@dataclass(frozen=True)
class Reading:
    """
    Attributes:
        figures: Quantity → figure in its unit; None: told, and no finite number.
        names: Every value of a label that may be an identity of the device.
        pods: (namespace, pod) that the exporter says hold it.
    """

    figures: Mapping[str, float | None]
    names: frozenset[str]
    pods: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """
    What one exporter's names say on a page.

    Attributes:
        devices: By the device's id, with that of its part.
        stamps: The oldest and the newest time that its series carry, Unix seconds; none: no time.
        samples: Those that count, for the evidence.
    """

    exporter: str
    devices: Mapping[str, Reading]
    stamps: tuple[float, float] | None
    samples: tuple[Sample, ...]

    def count(self, quantity: str) -> int:
        return sum(1 for reading in self.devices.values() if quantity in reading.figures)


def read(samples: Iterable[Sample], exporter: Exporter) -> Page:
    """Only names of the exporter's table count, and only series that name a device."""
    metrics = {m.name: m for m in exporter.metrics}
    taken: dict[str, list[tuple[Metric, Sample]]] = {}
    for sample in samples:
        metric = metrics.get(sample.name) or metrics.get(_bare(sample.name, exporter.prefix))
        device = _device(sample, exporter)
        if metric is not None and device and _counts(metric, sample):
            taken.setdefault(device, []).append((metric, sample))
    devices = {
        device: _reading(rows, exporter)
        for device, rows in sorted(taken.items())
        if any(metric.quantity in {"utilization", "memory_used"} for metric, _ in rows)
    }
    kept = tuple(sample for device in devices for _, sample in taken[device])
    stamps = [sample.at for sample in kept if sample.at is not None]
    return Page(
        exporter=exporter.id,
        devices=devices,
        stamps=(min(stamps), max(stamps)) if stamps else None,
        samples=kept,
    )


def without_tenants(sample: Sample, *, ours: str) -> str:
    """The sample as a line; whose pods hold devices is nobody else's business."""
    mine = any(sample.labels.get(key) == ours for key in _NAMESPACE)
    labels = {
        key: value if mine or key not in _TENANT or not value else "[redacted]"
        for key, value in sample.labels.items()
    }
    inside = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{sample.name}{{{inside}}} {sample.value!r}"


def _reading(rows: Sequence[tuple[Metric, Sample]], exporter: Exporter) -> Reading:
    figures: dict[str, float | None] = {}
    for quantity in dict.fromkeys(m.quantity for m in exporter.metrics):
        told = [(m, s) for m, s in rows if m.quantity == quantity]
        if told:
            figures[quantity] = _figure(told, exporter)
    _add_total(figures)
    labels = [sample.labels for _, sample in rows]
    keys = {*exporter.device, "UUID", "uuid", "device", "gpu", "pci_bus_id", "pci_bdf", "gpu_id"}
    return Reading(
        figures=figures,
        names=frozenset(told[key] for told in labels for key in keys if told.get(key)),
        pods=frozenset(pod for told in labels if (pod := _pod(told)) is not None),
    )


def _figure(told: Sequence[tuple[Metric, Sample]], exporter: Exporter) -> float | None:
    if any(metric.adds for metric, _ in told):
        return _finite(sum(s.value * m.factor for m, s in told))
    first = next(m for m in exporter.metrics if any(m is other for other, _ in told))
    series = [sample for metric, sample in told if metric is first]
    whole = [s for s in series if not s.labels.get(exporter.tile)] if exporter.tile else series
    if whole:
        return _finite(max(s.value * first.factor for s in whole))
    values = [sample.value * first.factor for sample in series]
    return _finite(sum(values) if first.quantity in _SUMMED else max(values))


def _add_total(figures: dict[str, float | None]) -> None:
    """Memory in total, where it is only told by its parts or by a ratio."""
    if "memory_total" in figures:
        return
    used, free = figures.get("memory_used"), figures.get("memory_free")
    ratio = figures.get("memory_ratio")
    if used is not None and free is not None:
        figures["memory_total"] = used + free + (figures.get("memory_reserved") or 0.0)
    elif used is not None and ratio:
        figures["memory_total"] = used / ratio


def _device(sample: Sample, exporter: Exporter) -> str:
    whole = next((sample.labels[key] for key in exporter.device if sample.labels.get(key)), "")
    parts = [sample.labels[key] for key in exporter.part if sample.labels.get(key)]
    return "/".join([whole, *parts]) if whole else ""


def _counts(metric: Metric, sample: Sample) -> bool:
    return all(sample.labels.get(key, "") in values for key, values in metric.where.items())


def _bare(name: str, prefix: str) -> str:
    return name.removeprefix(prefix) if prefix else name


def _pod(labels: Mapping[str, str]) -> tuple[str, str] | None:
    pod = next((labels[key] for key in _POD if labels.get(key)), "")
    return (next((labels[k] for k in _NAMESPACE if labels.get(k)), ""), pod) if pod else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
