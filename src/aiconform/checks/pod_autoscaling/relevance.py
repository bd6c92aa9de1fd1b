"""Metrics of accelerators among those that are told of pods (pure)."""

import re
from collections.abc import Iterable

MOST = 20
# Utilisation and memory in use, as the vendors' exporters name them; a site may add a prefix.
# Source: spec of the requirement checks, section 12.
_NAMES = re.compile(
    r"(?:[a-z]+_)?(?:"
    r"DCGM_FI_DEV_GPU_UTIL|DCGM_FI_PROF_GR_ENGINE_ACTIVE|DCGM_FI_DEV_FB_USED"
    r"|gpu_gfx_activity|gpu_used_vram"
    r"|xpum_engine_ratio|xpum_engine_group_ratio|xpum_memory_used_bytes"
    r"|habanalabs_utilization|habanalabs_memory_used_bytes"
    r"|neuroncore_utilization_ratio|neuron_runtime_memory_used_bytes"
    r"|tensorcore_utilization|hw_gpu_utilization_ratio|hw_gpu_memory_usage_bytes"
    r")"
)


def accelerator_metrics(resources: Iterable[str]) -> list[str]:
    """
    Args:
        resources: As discovery of custom.metrics.k8s.io names them: "pods/DCGM_FI_DEV_GPU_UTIL".
    """
    of_pods = (name.removeprefix("pods/") for name in resources if name.startswith("pods/"))
    return sorted(name for name in of_pods if _NAMES.fullmatch(name))[:MOST]
