"""
The names and units under which vendors' exporters publish, as Prometheus text.

Each vendor also has series that only look like utilization or memory ("decoys"), as the real
exporters do: a suite that searches for "util" and "mem" takes them for the real ones.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

MIB = 2**20


@dataclass(frozen=True)
class Reading:
    """One device now."""

    index: int
    uuid: str
    node: str
    utilization: float
    used_bytes: int
    total_bytes: int
    celsius: float
    watts: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """One metric; "memory" and "utilization" are what mutants take away or spoil."""

    name: str
    quantity: str
    value: Callable[[Reading], float]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Vendor:
    """How one vendor's exporter is called and found, and what it publishes."""

    app: str
    port: int
    identity: Callable[[Reading], dict[str, str]]
    series: tuple[Series, ...]


def _percent(r: Reading) -> float:
    return 100.0 * r.utilization


def _used_mib(r: Reading) -> float:
    return r.used_bytes / MIB


def _series(quantity: str, **named: Callable[[Reading], float]) -> tuple[Series, ...]:
    return tuple(Series(name, quantity, value) for name, value in named.items())


NVIDIA = Vendor(
    app="dcgm-exporter",
    port=9400,
    identity=lambda r: {
        "gpu": str(r.index),
        "UUID": r.uuid,
        "pci_bus_id": f"00000000:{r.index:02X}:00.0",
        "device": f"nvidia{r.index}",
        "modelName": "Stand-in",
        "Hostname": r.node,
    },
    series=(
        *_series("utilization", DCGM_FI_DEV_GPU_UTIL=_percent),
        *_series(
            "memory",
            DCGM_FI_DEV_FB_USED=_used_mib,
            DCGM_FI_DEV_FB_FREE=lambda r: (r.total_bytes - r.used_bytes) / MIB,
            DCGM_FI_DEV_FB_RESERVED=lambda r: 0.0,
        ),
        *_series("temperature", DCGM_FI_DEV_GPU_TEMP=lambda r: r.celsius),
        *_series("power", DCGM_FI_DEV_POWER_USAGE=lambda r: r.watts),
        *_series(
            "decoy",
            DCGM_FI_DEV_MEM_CLOCK=lambda r: 1593.0,
            DCGM_FI_DEV_MEM_COPY_UTIL=lambda r: 3.0,
            DCGM_FI_DEV_ENC_UTIL=lambda r: 0.0,
        ),
    ),
)

AMD = Vendor(
    app="device-metrics-exporter",
    port=5000,
    identity=lambda r: {"gpu_id": str(r.index), "serial_number": r.uuid, "hostname": r.node},
    series=(
        *_series("utilization", gpu_gfx_activity=_percent),
        *_series(
            "memory",
            gpu_used_vram=_used_mib,
            gpu_total_vram=lambda r: r.total_bytes / MIB,
        ),
        *_series("temperature", gpu_junction_temperature=lambda r: r.celsius),
        *_series("power", gpu_package_power=lambda r: r.watts),
        *_series("decoy", gpu_umc_activity=lambda r: 2.0, gpu_memory_temperature=lambda r: 40.0),
    ),
)

INTEL = Vendor(
    app="xpumanager",
    port=29999,
    identity=lambda r: {"uuid": r.uuid, "pci_bdf": f"0000:{r.index:02x}:00.0", "sub_dev": ""},
    series=(
        Series(
            "xpum_engine_group_ratio", "utilization", lambda r: r.utilization, {"type": "compute"}
        ),
        *_series(
            "memory",
            xpum_memory_used_bytes=lambda r: float(r.used_bytes),
            xpum_memory_ratio=lambda r: r.used_bytes / r.total_bytes,
        ),
        Series("xpum_temperature_celsius", "temperature", lambda r: r.celsius, {"location": "gpu"}),
        *_series("power", xpum_power_watts=lambda r: r.watts),
        *_series("decoy", xpum_frequency_mhz=lambda r: 1300.0),
    ),
)

GAUDI = Vendor(
    app="metric-exporter",
    port=41611,
    identity=lambda r: {"device": str(r.index), "UUID": r.uuid},
    series=(
        *_series("utilization", habanalabs_utilization=_percent),
        *_series(
            "memory",
            habanalabs_memory_used_bytes=lambda r: float(r.used_bytes),
            habanalabs_memory_total_bytes=lambda r: float(r.total_bytes),
        ),
        *_series("temperature", habanalabs_temperature_onchip=lambda r: r.celsius),
        *_series("power", habanalabs_power_mW=lambda r: 1000.0 * r.watts),
        *_series("decoy", habanalabs_clock_soc_mhz=lambda r: 1650.0),
    ),
)

NEURON = Vendor(
    app="neuron-monitor",
    port=8000,
    identity=lambda r: {"neuroncore": str(r.index), "instance_id": r.node},
    series=(
        *_series("utilization", neuroncore_utilization_ratio=lambda r: r.utilization),
        *_series(
            "memory",
            neuroncore_memory_usage_tensors=lambda r: float(r.used_bytes - 2**20),
            neuroncore_memory_usage_constants=lambda r: float(2**20),
        ),
        *_series("decoy", system_memory_total_bytes=lambda r: 64.0 * 2**30),
    ),
)

TPU = Vendor(
    app="tpu-device-plugin",
    port=2112,
    identity=lambda r: {"accelerator_id": str(r.index), "make": "cloud-tpu"},
    series=(
        *_series("utilization", duty_cycle=_percent),
        *_series(
            "memory",
            memory_used=lambda r: float(r.used_bytes),
            memory_total=lambda r: float(r.total_bytes),
        ),
        *_series("decoy", memory_bandwidth_utilization=lambda r: 1.0),
    ),
)

OTEL = Vendor(
    app="xpumd",
    port=9464,
    identity=lambda r: {"hw_id": r.uuid, "hw_name": f"accelerator {r.index}"},
    series=(
        Series(
            "hw_gpu_utilization_ratio",
            "utilization",
            lambda r: r.utilization,
            {"hw_gpu_task": "general"},
        ),
        *_series(
            "memory",
            hw_gpu_memory_usage_bytes=lambda r: float(r.used_bytes),
            hw_gpu_memory_limit_bytes=lambda r: float(r.total_bytes),
        ),
        *_series("temperature", hw_temperature_celsius=lambda r: r.celsius),
        *_series("power", hw_power_watts=lambda r: r.watts),
        Series("hw_gpu_utilization_ratio", "decoy", lambda r: 0.02, {"hw_gpu_task": "decoder"}),
    ),
)

VENDORS: Mapping[str, Vendor] = {
    "nvidia": NVIDIA,
    "amd": AMD,
    "intel": INTEL,
    "gaudi": GAUDI,
    "neuron": NEURON,
    "tpu": TPU,
    "otel": OTEL,
}
# A mutant's factors: no such unit is what the metric's name or its documentation says.
WRONG_UNIT = {"utilization": 100.0, "memory": 2.0**20}


def render(vendor: Vendor, readings: Sequence[Reading], *, mutants: Collection[str] = ()) -> str:
    """All series of a vendor, as Prometheus text."""
    lines: dict[str, list[str]] = {}
    for series in vendor.series:
        if "no-memory" in mutants and series.quantity == "memory":
            continue
        factor = WRONG_UNIT.get(series.quantity, 1.0) if "wrong-unit" in mutants else 1.0
        for reading in readings:
            labels = {**vendor.identity(reading), **series.labels, **reading.labels}
            inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
            text = f"{series.name}{{{inside}}} {series.value(reading) * factor:.6g}"
            lines.setdefault(series.name, []).append(text)
    parts = []
    for name, samples in lines.items():
        parts += [f"# HELP {name} Of a stand-in exporter.", f"# TYPE {name} gauge", *samples]
    return "\n".join(parts) + "\n"
