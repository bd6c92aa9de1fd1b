"""
What accelerators and ports are known to reach, as data: every figure with its source.

Rows are as published, in decimal units and one direction unless the metric says otherwise. A row
that breaks the sanity rule (`catalogue.sanity`) is refused when the catalogue is loaded.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from aiconform.catalogue.loading import load
from aiconform.catalogue.vendors import Source
from aiconform.model.base import Count, Frozen, Sentence, Text

Kind = Literal["peak", "measured", "floor", "ceiling"]
Confidence = Literal["high", "medium", "low", "none"]
Positive = Annotated[float, Field(gt=0)]
VENDOR_FILES = ("nvidia", "amd", "gaudi", "xpu", "google", "aws")


class Figure(Frozen):
    """One figure; `None` in `accelerators`, `nodes`, `bytes`: it does not depend on them."""

    metric: Text
    dtype: Text | None = None
    accelerators: Count | None = None  # in all nodes together
    nodes: Count | None = None
    bytes: Count | tuple[Count, ...] | None = None
    queue_pairs: Count | None = None
    algorithm: Text | None = None
    scope: Text | None = None
    statistic: Text | None = None
    note: Sentence = ""
    value: Positive
    unit: Text
    kind: Kind
    transport: Text
    source: Text  # a key of `References.sources`
    confidence: Confidence


class Rejected(Figure):
    """A published figure that cannot be right; it stands here so that it is not added again."""

    reason: Sentence
    subsystem: Text | None = None  # PCI subsystem id of the board it was given for


class Peak(Frozen):
    """A vendor's line figure of one kind; None: the vendor gives none."""

    value: Positive | None
    unit: Text
    kind: Literal["peak"]
    transport: Text
    source: Text
    confidence: Confidence
    note: Sentence = ""


class PciIds(Frozen):
    ids: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...]
    source: Text
    confidence: Confidence


class HostLink(Frozen):
    """How the accelerator hangs on its host."""

    kind: Text
    generation: Count | None
    width: Count | None  # lanes
    source: Text
    confidence: Confidence

    @property
    def transport(self) -> str | None:
        """pcie5, nvlink-c2c; None where the generation is not known."""
        if self.kind != "pcie":
            return self.kind
        return f"pcie{self.generation}" if self.generation else None


class FabricLink(Frozen):
    """The links between accelerators of one node; `per_accelerator_uni` sums them up."""

    kind: Text
    topology: Text
    links: Count | None
    per_accelerator_uni: Peak


class AcceleratorKind(Frozen):
    """One product. A chip may be several devices to a framework."""

    id: Text
    vendor: Text
    model: Text
    form_factor: Text
    names: tuple[Text, ...]
    pci: PciIds
    framework_devices_per_chip: Annotated[int, Field(ge=1)]
    memory: Peak
    host_link: HostLink
    fabric: FabricLink | None
    power: Peak | None
    figures: tuple[Figure, ...]
    rejected: tuple[Rejected, ...] = ()


class PortKind(Frozen):
    """One kind of network port."""

    id: Text
    kind: Text
    pci_ids: tuple[Text, ...]
    line_rate: Peak
    figures: tuple[Figure, ...]


class Sanity(Frozen):
    """Between which fractions of its peak a figure may lie."""

    floor_min_fraction_of_peak: Positive
    floor_max_fraction_of_peak: Positive
    measured_max_fraction_of_peak: Positive
    in_network_reduction_max_fraction_of_peak: Positive
    memory_reported_min_fraction: Positive


class Defaults(Frozen):
    """How a figure is judged where its row alone does not say it."""

    fail_below_fraction_of_measured: Positive
    warn_below_fraction_of_measured: Positive
    unverified_fraction_of_peak: Mapping[Text, Positive]
    peer_mad: Positive
    peer_max_fraction_of_median: Positive


class References(Frozen):
    """What holds for all figures."""

    sanity: Sanity
    verdict_defaults: Defaults
    host_link_peak_gigabytes_per_second: Mapping[Text, Peak]  # by transport, one direction, x16
    sources: Mapping[Text, Source]


class ProductLabel(Frozen):
    """A node label that names the product; see the data file."""

    key: Text
    names: bool = False
    values: Mapping[Text, Text] = {}
    source: Source


@cache
def references() -> References:
    return load("references.yaml", TypeAdapter(References))


@cache
def port_kinds() -> tuple[PortKind, ...]:
    return load("ports.yaml", TypeAdapter(tuple[PortKind, ...]))


@cache
def product_labels() -> tuple[ProductLabel, ...]:
    return load("accelerator-labels.yaml", TypeAdapter(tuple[ProductLabel, ...]))


@cache
def published() -> tuple[AcceleratorKind, ...]:
    """All products as the files have them; `accelerators.accelerator_kinds` are the sane ones."""
    shape = TypeAdapter(tuple[AcceleratorKind, ...])
    return tuple(
        kind for vendor in VENDOR_FILES for kind in load(f"accelerators/{vendor}.yaml", shape)
    )
