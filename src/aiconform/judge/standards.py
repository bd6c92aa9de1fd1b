"""
What a figure is held against, beside its peers: the site's own reference, or the catalogue's.

A standard is of the very same thing: product, metric, dtype, transport, algorithm, count and size.
Only a published floor or measurement can make a figure fail; a fraction of the vendor's peak is no
proof, and what has little confidence is none either: those only warn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiconform.catalogue.accelerators import candidates, peak_figure, sources_of
from aiconform.catalogue.figures import AcceleratorKind, Figure, references
from aiconform.catalogue.sanity import IN_SWITCH
from aiconform.model.reference import SiteReference
from aiconform.model.wire import Measurement

ABOVE_PEAK = 1.05  # beyond it the timing is wrong, or the work was not done
SITE_BYTES_FACTOR = 2.0
# What our exercises call it → what the catalogue calls it.
METRICS = {
    "gemm.rate": "gemm",
    "memory.copy": "memory_bandwidth",
    "memory.triad": "memory_bandwidth",
    "host.h2d": "host_to_device",
    "host.d2h": "device_to_host",
    "peer.copy": "peer_copy_uni",
    "coll.all_reduce": "all_reduce",
    "coll.all_gather": "all_gather",
    "coll.reduce_scatter": "reduce_scatter",
    "coll.all_to_all": "all_to_all",
}
DTYPES = {
    "float32": "fp32",
    "tfloat32": "tf32",
    "float16": "fp16",
    "bfloat16": "bf16",
    "float8_e4m3fn": "fp8",
    "float8_e4m3fnuz": "fp8",
    "int8": "int8",
}
HOST_LINK = frozenset({"host_to_device", "device_to_host"})


@dataclass(frozen=True)
class Asked:
    """What was measured, in the catalogue's words."""

    metric: str
    unit: str
    dtype: str | None
    transport: str | None
    algorithm: str | None
    accelerators: int | None
    message_bytes: int | None


@dataclass(frozen=True)
class Standard:
    """Where a figure fails, where it is worth a warning, and who says so."""

    fail_below: float | None
    warn_below: float
    says: str


# What is judged alike on every product.
FIXED = {
    "sustain.drift": Standard(
        fail_below=0.90, warn_below=0.97, says="0.97 of its own rate at the beginning"
    ),
}


def asked_of(
    measured: Measurement, kind: AcceleratorKind | None, *, host_link: str | None
) -> Asked | None:
    """None for a metric that the catalogue has no figures of."""
    metric = METRICS.get(measured.metric)
    if metric is None or measured.device is None:
        return None
    params = measured.params
    dtype = DTYPES.get(str(params.get("dtype"))) if metric == "gemm" else None
    transport: str | None = None
    if metric in HOST_LINK:
        # Copies from memory that is not pinned are another class.
        transport = host_link if params.get("pinned") is True else "pageable"
    elif metric not in {"gemm", "memory_bandwidth"}:
        transport = _fabric_transport(kind, str(params.get("algorithm") or ""))
    return Asked(
        metric=metric,
        unit=measured.unit,
        dtype=dtype,
        transport=transport,
        algorithm=str(params["algorithm"]) if params.get("algorithm") else None,
        accelerators=_whole(params.get("ranks")),
        message_bytes=_whole(params.get("bytes")) if metric not in {"memory_bandwidth"} else None,
    )


def bound_of(asked: Asked, kind: AcceleratorKind) -> tuple[float, str] | None:
    """The physical peak of one framework device and who says so; None where it is not known."""
    if asked.metric in {"gemm", "memory_bandwidth"}:
        peak = peak_figure(kind, asked.metric, asked.dtype)
        if peak is None or peak.unit != asked.unit:
            return None
        value = peak.value / kind.framework_devices_per_chip
        return value, f"peak {value:g} of {kind.id}, {sources_of([peak])[0]}"
    if asked.metric in HOST_LINK:
        link = references().host_link_peak_gigabytes_per_second.get(asked.transport or "")
        return (
            (link.value, f"peak {link.value:g} of {asked.transport}")
            if link and link.value
            else None
        )
    fabric = kind.fabric.per_accelerator_uni.value if kind.fabric else None
    if fabric is None:
        return None
    # An all-reduce whose algorithm is not known may have been done in the switch.
    in_switch = asked.algorithm in IN_SWITCH or asked.algorithm is None
    scale = references().sanity.in_network_reduction_max_fraction_of_peak if in_switch else 1.0
    return fabric * scale, f"peak {fabric * scale:g} of the fabric of {kind.id}"


def standard_for(
    asked: Asked, kind: AcceleratorKind | None, site: Sequence[SiteReference]
) -> Standard | None:
    """The first that there is: the site's, a floor, a measurement, a fraction of the peak."""
    if own := _of_site(asked, kind, site):
        return own
    if kind is None:
        return None
    figures = _fitting(asked, kind)
    return _of_floor(figures, kind) or _of_measurement(figures, kind) or _of_peak(asked, kind)


def _of_site(
    asked: Asked, kind: AcceleratorKind | None, site: Sequence[SiteReference]
) -> Standard | None:
    names = {"*", *((kind.id, *kind.names) if kind else ())}
    for each in site:
        fits = (
            each.accelerator in names
            and (each.metric, each.unit) == (asked.metric, asked.unit)
            and each.dtype in {None, asked.dtype}
            and each.transport in {None, asked.transport}
            and each.algorithm in {None, asked.algorithm}
            and each.accelerators in {None, asked.accelerators}
            and _near(each.bytes, asked.message_bytes)
        )
        if fits:
            says = f"{each.kind} {each.value:g} ({each.source})"
            return _standard(each.kind, each.value, says, can_fail=True)
    return None


def _fitting(asked: Asked, kind: AcceleratorKind) -> tuple[Figure, ...]:
    # A chip that a framework shows as several devices is published as a whole.
    if kind.framework_devices_per_chip > 1:
        return ()
    found = candidates(
        kind,
        metric=asked.metric,
        dtype=asked.dtype,
        transport=asked.transport,
        accelerators=asked.accelerators,
        message_bytes=asked.message_bytes,
    )
    return tuple(
        f for f in found if f.unit == asked.unit and f.algorithm in {None, asked.algorithm}
    )


def _of_floor(figures: Iterable[Figure], kind: AcceleratorKind) -> Standard | None:
    floors = [f for f in figures if f.kind == "floor" and f.confidence in {"high", "medium"}]
    if not floors:
        return None
    figure = max(floors, key=lambda f: f.value)
    return _standard("floor", figure.value, _says(figure, kind), can_fail=True)


def _of_measurement(figures: Iterable[Figure], kind: AcceleratorKind) -> Standard | None:
    found = [f for f in figures if f.kind == "measured"]
    if not found:
        return None
    figure = min(found, key=lambda f: f.value)
    can_fail = figure.confidence in {"high", "medium"}
    return _standard("measured", figure.value, _says(figure, kind), can_fail=can_fail)


def _of_peak(asked: Asked, kind: AcceleratorKind) -> Standard | None:
    fraction = references().verdict_defaults.unverified_fraction_of_peak.get(asked.metric)
    bound = bound_of(asked, kind) if asked.metric != "all_reduce" else None
    if fraction is None or bound is None:
        return None
    floor = fraction * bound[0]
    says = f"{100 * fraction:g} % of {bound[1]}, unverified"
    return Standard(fail_below=None, warn_below=floor, says=says)


def _standard(kind: str, value: float, says: str, *, can_fail: bool) -> Standard:
    if kind == "floor":
        return Standard(fail_below=value, warn_below=value, says=says)
    defaults = references().verdict_defaults
    return Standard(
        fail_below=defaults.fail_below_fraction_of_measured * value if can_fail else None,
        warn_below=defaults.warn_below_fraction_of_measured * value,
        says=says,
    )


def _says(figure: Figure, kind: AcceleratorKind) -> str:
    source = sources_of([figure])[0]
    what = f"{figure.kind} {figure.value:g} of {kind.id}"
    return f"{what} over {figure.transport}, {source}, confidence {figure.confidence}"


def _fabric_transport(kind: AcceleratorKind | None, algorithm: str) -> str | None:
    """As the catalogue names it; None where figures depend on an algorithm that is not known."""
    if kind is None or kind.fabric is None:
        return "unknown"
    fabric = kind.fabric.kind
    if not fabric.startswith("nvlink") or fabric.endswith("-bridge"):
        return fabric
    if algorithm in {"ring", "nvls"}:
        return f"nvlink-{algorithm}"
    return "unknown" if algorithm == "unknown" else fabric


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _near(known: int | None, asked: int | None) -> bool:
    if known is None:
        return True
    return asked is not None and known / SITE_BYTES_FACTOR <= asked <= known * SITE_BYTES_FACTOR
