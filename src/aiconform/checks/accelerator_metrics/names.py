"""
Under which names, in which units and by which labels exporters tell of accelerators: data.

Only these names count, and those that a site maps itself: "mem" in a name may be a memory clock,
and "util" that of a copy engine. Sources beside each vendor; rows marked (u) are unconfirmed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Quantity = Literal[
    "utilization",  # ratio, 0 to 1
    "memory_used",  # bytes
    "memory_free",  # bytes
    "memory_reserved",  # bytes
    "memory_total",  # bytes
    "memory_ratio",  # used by total
    "temperature",  # degrees Celsius
    "power",  # watts
    "interconnect",  # bytes
]
_QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)
PERCENT, MILLI, KIB, MIB = 0.01, 0.001, 2.0**10, 2.0**20


@dataclass(frozen=True)
class Metric:
    """
    One name.

    Attributes:
        factor: From the exporter's unit to that of the quantity.
        where: Label → values that count; a series without the label counts when "" is among them.
        adds: Its series of one device are parts of a sum, together with those of the other names
            of that quantity; else the greatest counts, and names are alternatives in their order.
    """

    name: str
    quantity: Quantity
    factor: float = 1.0
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    adds: bool = False


@dataclass(frozen=True)
class Exporter:
    """
    One exporter's conventions.

    Attributes:
        vendors: Ids of catalogue.vendors whose devices it tells of; empty: anybody's.
        apps: Parts of the labels `app` and `app.kubernetes.io/name` by which it is found.
        device: Labels that name a device, the first that is there counts.
        part: Labels that name a part of it that is granted by itself.
        tile: A label with which series tell of the device's tiles; those without it come first.
        prefix: What a site may put before its names.
        idle: False: it tells nothing of a device that no process uses.
    """

    id: str
    vendors: tuple[str, ...]
    apps: tuple[str, ...]
    ports: tuple[int, ...]
    device: tuple[str, ...]
    metrics: tuple[Metric, ...]
    part: tuple[str, ...] = ()
    tile: str = ""
    prefix: str = ""
    idle: bool = True


# NVIDIA/dcgm-exporter, etc/default-counters.csv; memory in MiB.
_DCGM = Exporter(
    id="dcgm", vendors=("nvidia",), apps=("dcgm-exporter",), ports=(9400,),
    device=("UUID", "uuid", "gpu"), part=("GPU_I_ID",),
    metrics=(
        Metric("DCGM_FI_DEV_GPU_UTIL", "utilization", PERCENT),
        Metric("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "utilization"),
        Metric("DCGM_FI_DEV_FB_USED", "memory_used", MIB),
        Metric("DCGM_FI_DEV_FB_FREE", "memory_free", MIB),
        Metric("DCGM_FI_DEV_FB_RESERVED", "memory_reserved", MIB),
        Metric("DCGM_FI_DEV_FB_TOTAL", "memory_total", MIB),
        Metric("DCGM_FI_DEV_GPU_TEMP", "temperature"),
        Metric("DCGM_FI_DEV_MEMORY_TEMP", "temperature"),
        Metric("DCGM_FI_DEV_POWER_USAGE", "power"),
        Metric("DCGM_FI_PROF_NVLINK_TX_BYTES", "interconnect"),
        Metric("DCGM_FI_PROF_NVLINK_RX_BYTES", "interconnect"),
        Metric("DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", "interconnect"),
        Metric("DCGM_FI_PROF_PCIE_TX_BYTES", "interconnect"),
        Metric("DCGM_FI_PROF_PCIE_RX_BYTES", "interconnect"),
    ),
)  # fmt: skip

# ROCm/device-metrics-exporter, metrics list; its MB are MiB, its xGMI counters KB.
_AMD = Exporter(
    id="amd", vendors=("amd",), apps=("device-metrics-exporter", "amd-metrics-exporter"),
    ports=(5000,), device=("gpu_uuid", "gpu_id", "serial_number"), part=("gpu_partition_id",),
    prefix="amd_",
    metrics=(
        Metric("gpu_gfx_activity", "utilization", PERCENT),
        Metric("gpu_used_vram", "memory_used", MIB),
        Metric("gpu_total_vram", "memory_total", MIB),
        Metric("gpu_junction_temperature", "temperature"),
        Metric("gpu_edge_temperature", "temperature"),
        Metric("gpu_package_power", "power"),
        Metric("gpu_average_package_power", "power"),
        Metric("gpu_xgmi_link_tx", "interconnect", KIB),
        Metric("gpu_xgmi_link_rx", "interconnect", KIB),
    ),
)  # fmt: skip

# intel/xpumanager, the exporter of 1.x: it scales its percentages to ratios.
_XPUM = Exporter(
    id="xpum", vendors=("intel-gpu",), apps=("xpumanager", "intel-xpumanager"), ports=(29999,),
    device=("uuid", "pci_bdf"), tile="sub_dev",
    metrics=(
        Metric("xpum_engine_ratio", "utilization"),
        Metric("xpum_engine_group_ratio", "utilization",
               where={"type": ("compute", "render", "3d")}),
        Metric("xpum_memory_used_bytes", "memory_used"),
        Metric("xpum_memory_ratio", "memory_ratio"),
        Metric("xpum_temperature_celsius", "temperature"),
        Metric("xpum_power_watts", "power"),
        Metric("xpum_fabric_tx_bytes", "interconnect"),
        Metric("xpum_pcie_read_bytes", "interconnect"),
        Metric("xpum_pcie_write_bytes", "interconnect"),
    ),
)  # fmt: skip

# Intel Gaudi documentation, Prometheus metric exporter; power in mW. Device labels (u).
_GAUDI = Exporter(
    id="gaudi", vendors=("intel-gaudi",), apps=("metric-exporter",), ports=(41611,),
    device=("UUID", "uuid", "device"),
    metrics=(
        Metric("habanalabs_utilization", "utilization", PERCENT),
        Metric("habanalabs_memory_used_bytes", "memory_used"),
        Metric("habanalabs_memory_total_bytes", "memory_total"),
        Metric("habanalabs_temperature_onchip", "temperature"),
        Metric("habanalabs_temperature_onboard", "temperature"),
        Metric("habanalabs_power_mW", "power", MILLI),
        Metric("habanalabs_pcie_rx", "interconnect"),
        Metric("habanalabs_pcie_tx", "interconnect"),
    ),
)  # fmt: skip

# aws-neuron/aws-neuron-sdk, neuron-monitor: cores, and only those that a runtime uses.
_NEURON_PARTS = ("constants", "model_code", "model_shared_scratchpad", "runtime_memory", "tensors")
_NEURON = Exporter(
    id="neuron", vendors=("aws-neuron",), apps=("neuron-monitor",), ports=(8000,),
    device=("neuroncore", "neuroncore_index"), idle=False,
    metrics=(
        Metric("neuroncore_utilization_ratio", "utilization"),
        *(Metric(f"neuroncore_memory_usage_{part}", "memory_used", adds=True)
          for part in _NEURON_PARTS),
    ),
)  # fmt: skip

# GKE documentation, TPU metrics of the device plugin (u).
_TPU = Exporter(
    id="tpu", vendors=("google-tpu",), apps=("tpu-device-plugin",), ports=(2112,),
    device=("accelerator_id",),
    metrics=(
        Metric("duty_cycle", "utilization", PERCENT),
        Metric("tensorcore_utilization", "utilization", PERCENT),
        Metric("memory_used", "memory_used"),
        Metric("memory_total", "memory_total"),
    ),
)  # fmt: skip

# OpenTelemetry semantic conventions, hardware: GPU; XPUM 2 has hw_memory_*.
_GPU = {"hw_type": ("", "gpu")}
_OTEL = Exporter(
    id="otel", vendors=(), apps=("xpumd", "otel-collector"), ports=(9464,),
    device=("hw_id",),
    metrics=(
        Metric("hw_gpu_utilization_ratio", "utilization", where={"hw_gpu_task": ("", "general")}),
        Metric("hw_gpu_memory_usage_bytes", "memory_used"),
        Metric("hw_memory_usage_bytes", "memory_used"),
        Metric("hw_gpu_memory_limit_bytes", "memory_total"),
        Metric("hw_memory_size_bytes", "memory_total"),
        Metric("hw_temperature_celsius", "temperature", where=_GPU),
        Metric("hw_power_watts", "power", where=_GPU),
        Metric("hw_gpu_io_bytes_total", "interconnect"),
    ),
)  # fmt: skip

EXPORTERS: tuple[Exporter, ...] = (_DCGM, _AMD, _XPUM, _GAUDI, _NEURON, _TPU, _OTEL)
SITE = "site"


def exporters(settings: Mapping[str, Any]) -> tuple[Exporter, ...]:
    """
    The table, after what the site maps itself (setting `mapping`).

    Raises:
        ValueError: A row of the site's is none.
    """
    rows = settings.get("mapping") or ()
    if not rows:
        return EXPORTERS
    metrics = tuple(_site_metric(row) for row in rows)
    labels = tuple(dict.fromkeys(str(row["device"]) for row in rows))
    own = Exporter(id=SITE, vendors=(), apps=(), ports=(), device=labels, metrics=metrics)
    return (own, *EXPORTERS)


def _site_metric(row: Mapping[str, Any]) -> Metric:
    quantity = next((known for known in _QUANTITIES if known == row.get("quantity")), None)
    if quantity is None or not row.get("name") or not row.get("device"):
        raise ValueError(f"a row of mapping wants name, quantity and device: {dict(row)}")
    return Metric(str(row["name"]), quantity, float(row.get("factor", 1.0)))
