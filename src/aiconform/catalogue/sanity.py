"""
Can a reference figure be right? A lost digit or a wrong unit is refused before it judges anything.

A floor lies between 40 % and 100 % of the peak of what it measures, a measurement not above it;
reductions done in the switch may exceed the wire. Peaks of one metric are compared with each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from aiconform.catalogue.figures import (
    AcceleratorKind,
    Figure,
    PortKind,
    References,
)
from aiconform.model.errors import AiconformError

IN_SWITCH = frozenset({"nvls", "sharp"})
HOST_LINK = frozenset({"host_to_device", "device_to_host"})
# Several nodes are bound by their network, which a row does not tell: only absurd values show.
NETWORK_MIN_FRACTION, NETWORK_MAX_FRACTION = 0.01, 1.10
# Of the median of all products: parts of one decade differ by less.
PEAK_MAX_FACTOR = 30.0
FEW = 5
LATENCY_MAX_US = 1000.0

PeakKey = tuple[str, str | None]


class InsaneFigureError(AiconformError):
    """A reference figure that cannot be right; names the row."""

    def __init__(self, owner: str, figure: Figure, problem: str) -> None:
        where = f"{figure.metric} {figure.dtype or ''}".strip()
        super().__init__(
            f"{owner}: {figure.kind} {where} of {figure.value:g} {figure.unit}: {problem}",
            hint=f"Look it up again in {figure.source}",
        )


def check_accelerators(kinds: Sequence[AcceleratorKind], references: References) -> None:
    """
    Raises:
        InsaneFigureError: The first row that cannot be right.
    """
    typical = _typical_peaks(kinds)
    for kind in kinds:
        check_figures(kind.figures, kind, references, typical=typical)


def check_figures(
    figures: Iterable[Figure],
    kind: AcceleratorKind,
    references: References,
    *,
    typical: Mapping[PeakKey, float] | None = None,
) -> None:
    """As `check_accelerators`, for some figures of one product."""
    for figure in figures:
        if figure.source not in references.sources:
            raise InsaneFigureError(kind.id, figure, f"its source {figure.source} is not known")
        for problem in _problems(figure, kind, references, typical or {}):
            raise InsaneFigureError(kind.id, figure, problem)


def check_ports(ports: Sequence[PortKind], references: References) -> None:
    """
    Raises:
        InsaneFigureError: The first row that cannot be right.
    """
    for port in ports:
        for figure in port.figures:
            if figure.unit == "microseconds":
                if figure.value > LATENCY_MAX_US or figure.value < 0.1:
                    raise InsaneFigureError(port.id, figure, "no port is so late or so early")
                continue
            both = 2.0 if figure.metric.endswith("_both") else 1.0
            peak = (port.line_rate.value or 0.0) * both
            # Small messages, and all-reduce over rails, do not fill a port.
            low = 0.1 if figure.bytes or "reduce" in figure.metric else None
            problem = _outside(figure, peak, references, low=low)
            if problem:
                raise InsaneFigureError(port.id, figure, problem)


def peak_of(figure: Figure, kind: AcceleratorKind, references: References) -> float | None:
    """
    The physical bound of what a figure measures, in its own unit; None where it is not known.

    Of one device as a framework sees it, and of one direction unless the metric has both.
    """
    if figure.metric in HOST_LINK:
        link = references.host_link_peak_gigabytes_per_second.get(figure.transport)
        return link.value if link else None
    if figure.metric in {"gemm", "memory_bandwidth"}:
        same = (
            f.value
            for f in kind.figures
            if (f.kind, f.metric, f.dtype) == ("peak", figure.metric, figure.dtype)
        )
        chip = next(same, None)
        return chip / kind.framework_devices_per_chip if chip and figure.scope else chip
    if figure.transport.startswith("pcie"):
        link = references.host_link_peak_gigabytes_per_second.get(
            figure.transport.partition("-")[0]
        )
        return link.value if link else None
    fabric = kind.fabric.per_accelerator_uni.value if kind.fabric else None
    if fabric is None or kind.fabric is None:
        return None
    if figure.transport.endswith("-link") and kind.fabric.links:
        return fabric / kind.fabric.links
    return fabric * (2.0 if figure.metric.endswith("_both") else 1.0)


def _typical_peaks(kinds: Sequence[AcceleratorKind]) -> dict[PeakKey, float]:
    peaks: dict[PeakKey, list[float]] = defaultdict(list)
    for kind in kinds:
        for figure in kind.figures:
            if figure.kind == "peak":
                peaks[figure.metric, figure.dtype].append(figure.value)
    # Of a dtype that hardly anyone has, the metric's figures in all dtypes are the yardstick.
    whole = {
        metric: median(v for key, values in peaks.items() if key[0] == metric for v in values)
        for metric, _ in peaks
    }
    return {
        key: median(values) if len(values) >= FEW else whole[key[0]]
        for key, values in peaks.items()
    }


def _problems(
    figure: Figure,
    kind: AcceleratorKind,
    references: References,
    typical: Mapping[PeakKey, float],
) -> Iterator[str]:
    if figure.kind == "peak":
        usual = typical.get((figure.metric, figure.dtype), figure.value)
        if not usual / PEAK_MAX_FACTOR <= figure.value <= usual * PEAK_MAX_FACTOR:
            yield f"other products have about {usual:g}"
        return
    peak = peak_of(figure, kind, references)
    if peak is None:
        yield "no peak is known that it could be compared with"
        return
    # Over several nodes, or over a network on purpose, the fabric is only an upper bound.
    networked = (figure.nodes or 1) > 1 or "loopback" in figure.metric
    small = NETWORK_MIN_FRACTION if networked or figure.kind == "measured" else None
    high = NETWORK_MAX_FRACTION if networked else None
    if problem := _outside(figure, peak, references, low=small, high=high):
        yield problem


def _outside(
    figure: Figure,
    peak: float,
    references: References,
    *,
    low: float | None = None,
    high: float | None = None,
) -> str:
    """Empty when the figure lies within its fractions of the peak."""
    sanity = references.sanity
    if low is None:
        low = sanity.floor_min_fraction_of_peak
    if high is None:
        high = (
            sanity.in_network_reduction_max_fraction_of_peak
            if figure.algorithm in IN_SWITCH
            else sanity.floor_max_fraction_of_peak
            if figure.kind == "floor"
            else sanity.measured_max_fraction_of_peak
        )
    if low <= figure.value / peak <= high:
        return ""
    share = 100 * figure.value / peak
    return f"it is {share:.3g} % of the peak of {peak:g}, not {100 * low:g} to {100 * high:g} %"
