"""
Which accelerators this pod was given: device nodes in its /dev, and the environment beside them.

What is on the host's bus, what the pod was given and what the framework sees are three numbers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiconform.agent.inventory.pci import read_pci_accelerators
from aiconform.agent.inventory.read import Tree, Unknown, known_text


@dataclass(frozen=True)
class Given:
    """A device node in this pod that is one accelerator."""

    vendor: str
    device_node: str


# Variables by which device plugins and users say which devices a container shall see.
VISIBILITY = (
    "NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES",
    "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
    "HABANA_VISIBLE_DEVICES", "HABANA_VISIBLE_MODULES",
    "ZE_AFFINITY_MASK", "ONEAPI_DEVICE_SELECTOR",
    "TPU_WORKER_ID", "TPU_TOPOLOGY", "TPU_ACCELERATOR_TYPE", "TPU_CHIPS_PER_HOST_BOUNDS",
    "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES", "NEURON_LOGICAL_NC_CONFIG",
)  # fmt: skip

_DRM_VENDORS = {"0x1002": "amd", "0x8086": "intel"}
_TPU_VARIABLES = ("TPU_ACCELERATOR_TYPE", "TPU_TOPOLOGY", "TPU_CHIPS_PER_HOST_BOUNDS")


def read_given(tree: Tree, *, environ: Mapping[str, str], on_host: "set[str]") -> "list[Given]":
    """
    Args:
        on_host: Vendors on the PCI bus; `/dev/accel*` and `/dev/vfio/*` alone name no vendor.
    """
    return [
        *_numbered(tree, "/dev", r"nvidia\d+", "nvidia"),
        *_render_nodes(tree),
        *_habana(tree, on_host=on_host),
        *_tpu(tree, environ=environ, on_host=on_host),
        *_numbered(tree, "/dev", r"neuron\d+", "aws"),
    ]


def given_here(tree: Tree, *, environ: Mapping[str, str]) -> "list[Given]":
    """As `read_given`, with the bus looked at first."""
    on_host = read_pci_accelerators(tree)
    functions = () if isinstance(on_host, Unknown) else on_host
    return read_given(tree, environ=environ, on_host={str(f["vendor"]) for f in functions})


def visibility(environ: Mapping[str, str]) -> "dict[str, str]":
    return {f"env.{name}": environ[name] for name in VISIBILITY if name in environ}


def _numbered(tree: Tree, directory: str, pattern: str, vendor: str) -> "list[Given]":
    names = (n for n in tree.listed(directory) if re.fullmatch(pattern, n))
    return [Given(vendor, f"{directory}/{name}") for name in names]


def _render_nodes(tree: Tree) -> "list[Given]":
    """AMD (which computes only with /dev/kfd beside it) and Intel share one directory."""
    has_kfd = tree.exists("/dev/kfd")
    found = []
    for name in tree.listed("/dev/dri"):
        if not re.fullmatch(r"renderD\d+", name):
            continue
        vendor = known_text(tree.text(f"/sys/class/drm/{name}/device/vendor"))
        kind = _DRM_VENDORS.get(vendor or "")
        if kind == "intel" or (kind == "amd" and has_kfd):
            found.append(Given(kind, f"/dev/dri/{name}"))
    return found


def _habana(tree: Tree, *, on_host: "set[str]") -> "list[Given]":
    """`/dev/accel/` is the kernel's class for all: Gaudi only where a Gaudi is on the bus."""
    newer = _numbered(tree, "/dev/accel", r"accel\d+", "habana") if "habana" in on_host else []
    return newer or _numbered(tree, "/dev", r"hl\d+", "habana")


def _tpu(tree: Tree, *, environ: Mapping[str, str], on_host: "set[str]") -> "list[Given]":
    if "google" not in on_host and not any(name in environ for name in _TPU_VARIABLES):
        return []
    older = _numbered(tree, "/dev", r"accel\d+", "google")
    return older or _numbered(tree, "/dev/vfio", r"\d+", "google")
