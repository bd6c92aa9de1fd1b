"""Versions of what computes: frameworks by their metadata, without importing them, and drivers."""

import importlib.metadata
import platform
import re
from typing import Any

from aiconform.agent.inventory.read import Tree, known_text

_DISTRIBUTIONS = (
    "torch", "jax", "jaxlib", "numpy", "triton", "torch_xla", "libtpu", "libneuronxla",
    "habana-torch-plugin", "intel-extension-for-pytorch",
    "nvidia-nccl-cu12", "nvidia-nccl-cu13", "nvidia-cublas-cu12", "nvidia-cublas",
    "nvidia-cuda-runtime-cu12", "nvidia-cuda-runtime",
)  # fmt: skip


def read_software(tree: Tree) -> "dict[str, Any]":
    versions = {name: distribution_version(name) for name in _DISTRIBUTIONS}
    drivers = {
        "nvidia_driver": _nvidia_driver(tree),
        "amdgpu_driver": known_text(tree.text("/sys/module/amdgpu/version")),
        "habana_driver": known_text(tree.text("/sys/module/habanalabs/version")),
        "neuron_driver": known_text(tree.text("/sys/module/neuron/version")),
    }
    present = {name: v for name, v in {**versions, **drivers}.items() if v is not None}
    return {
        "python": platform.python_version(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        **present,
    }


def distribution_version(name: str) -> "str | None":
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _nvidia_driver(tree: Tree) -> "str | None":
    page = known_text(tree.text("/proc/driver/nvidia/version")) or ""
    found = re.search(r"Kernel Module.*?\s(\d+\.\d+(?:\.\d+)?)", page)
    return found.group(1) if found else None
