"""Which product is this, and what is it known to reach? Pure look-ups in the catalogue."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache

from aiconform.catalogue.figures import (
    AcceleratorKind,
    Figure,
    PortKind,
    port_kinds,
    product_labels,
    published,
    references,
)
from aiconform.catalogue.sanity import check_accelerators, check_ports

BYTES_FACTOR = 2.0  # of a figure's message size: beyond it is another figure


@cache
def accelerator_kinds() -> Mapping[str, AcceleratorKind]:
    """
    All known products by id.

    Raises:
        InsaneFigureError: A row of this release cannot be right.
    """
    kinds = published()
    check_accelerators(kinds, references())
    return {kind.id: kind for kind in kinds}


@cache
def sane_port_kinds() -> Mapping[str, PortKind]:
    """All known ports by id; raises as `accelerator_kinds`."""
    check_ports(port_kinds(), references())
    return {port.id: port for port in port_kinds()}


def identify(
    *,
    pci_id: str | None = None,
    product: str | None = None,
    labels: Mapping[str, str] = {},
) -> AcceleratorKind | None:
    """
    The product, by its PCI id, else by its name, else by its node's labels.

    None where nothing fits, or where what fits contradicts itself: a partition of a device carries
    the PCI id of the whole one, and a name of its own.
    """
    if pci_id or product:
        return _by_device(pci_id, product)
    return _by_label(labels)


def is_partition(product: str | None) -> bool:
    """`NVIDIA H100 80GB HBM3 MIG 1g.10gb` is a part of a device, not to be judged as a whole."""
    return bool(product and re.search(r"\bMIG\b", product))


def candidates(
    kind: AcceleratorKind,
    *,
    metric: str,
    dtype: str | None = None,
    transport: str | None = None,
    accelerators: int | None = None,
    message_bytes: int | None = None,
) -> tuple[Figure, ...]:
    """
    The figures of one product that speak of this very measurement on one node.

    Transport and algorithm are never mixed: a figure over another transport says nothing here.
    """
    return tuple(
        figure
        for figure in kind.figures
        if figure.metric == metric
        and figure.dtype == dtype
        and (figure.nodes or 1) == 1
        and _same_transport(figure.transport, transport)
        and (figure.accelerators is None or figure.accelerators == accelerators)
        and _same_bytes(figure, message_bytes)
    )


def peak_figure(kind: AcceleratorKind, metric: str, dtype: str | None) -> Figure | None:
    """The vendor's line figure of a whole chip."""
    found = (f for f in kind.figures if (f.kind, f.metric, f.dtype) == ("peak", metric, dtype))
    return next(found, None)


@lru_cache(maxsize=1024)  # thousands of nodes have the same few devices
def _by_device(pci_id: str | None, product: str | None) -> AcceleratorKind | None:
    kinds = accelerator_kinds().values()
    by_pci = [kind for kind in kinds if pci_id and pci_id.lower() in kind.pci.ids]
    by_name = [kind for kind in kinds if product and _is_called(product, kind)]
    if is_partition(product):
        return None
    if by_pci:
        agreed = [kind for kind in by_pci if kind in by_name] or by_pci
        return agreed[0] if len(agreed) == 1 else None
    return by_name[0] if len(by_name) == 1 else None


def _is_called(product: str, kind: AcceleratorKind) -> bool:
    return any(_slug(product) == _slug(name) for name in kind.names)


def _by_label(labels: Mapping[str, str]) -> AcceleratorKind | None:
    for label in product_labels():
        value = labels.get(label.key)
        if value is None:
            continue
        if value in label.values:
            return accelerator_kinds().get(label.values[value])
        named = [k for k in accelerator_kinds().values() if label.names and _is_called(value, k)]
        if len(named) == 1:
            return named[0]
    return None


def _slug(name: str) -> str:
    """Vendors, labels and drivers write one name with spaces, dashes and trade marks."""
    plain = re.sub(r"\((?:r|tm)\)", "", name.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _same_transport(known: str, asked: str | None) -> bool:
    return known == asked if asked is not None else known == "local"


def _same_bytes(figure: Figure, asked: int | None) -> bool:
    if figure.bytes is None or asked is None:
        return figure.bytes is None
    known: Sequence[int] = figure.bytes if isinstance(figure.bytes, tuple) else (figure.bytes,)
    return _within(min(known), max(known), asked)


def _within(low: int, high: int, asked: int) -> bool:
    return low / BYTES_FACTOR <= asked <= high * BYTES_FACTOR


def sources_of(figures: Iterable[Figure]) -> tuple[str, ...]:
    """Where they come from, in words, each once."""
    known = references().sources
    return tuple(
        dict.fromkeys(f"{known[f.source].where} ({known[f.source].date})" for f in figures)
    )
