"""What else tells whether an accelerator was handed to this container: identity, environment."""

import fnmatch
import os
import platform
from collections.abc import Mapping
from typing import Any

from aiconform.workload.files import TEXT_LIMIT, read_text

ENVIRONMENT = (
    "*_VISIBLE_DEVICES", "*_VISIBLE_MODULES", "*_VISIBLE_CORES", "NVIDIA_*", "CUDA_*", "AMD_*",
    "ROCR_*", "HIP_*", "GPU_*", "HABANA_*", "ZE_*", "ONEAPI_*", "TPU_*", "NEURON_*", "AICONFORM_*",
    "DRA_*", "*_DEVICE_*", "*PASSTHRU*",
)  # fmt: skip
LIBRARIES = (
    "libcuda.so*", "libnvidia-*.so*", "libnvcuvid.so*", "libamdhip64.so*", "libhsa-runtime64.so*",
    "librocm_smi64.so*", "libze_intel_gpu.so*", "libSynapse.so*", "libhl-thunk.so*", "libtpu.so*",
    "libnrt.so*", "nvidia-smi", "rocm-smi", "amd-smi", "xpu-smi", "hl-smi", "neuron-ls",
)  # fmt: skip
_WITHHELD = ("*TOKEN*", "*SECRET*", "*PASSWORD*", "*KEY*")


def look_around(
    environ: "Mapping[str, str]" = os.environ, *, proc: str = "/proc"
) -> "dict[str, Any]":
    """JSON; a file that cannot be read is null."""
    status = _status_fields(read_text(f"{proc}/self/status"))
    return {
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "capabilities": status.get("CapEff"),
        "may_mknod": _has_capability(status.get("CapEff"), 27),
        "no_new_privileges": status.get("NoNewPrivs"),
        "seccomp": status.get("Seccomp"),
        "uid_map": read_text(f"{proc}/self/uid_map"),
        "cgroup": read_text(f"{proc}/self/cgroup"),
        "kernel": platform.release(),
        "environment": _interesting(environ),
    }


def _interesting(environ: "Mapping[str, str]") -> "dict[str, str]":
    """Vendors' variables; what might be a secret is named and its value withheld."""
    names = [n for n in environ if any(fnmatch.fnmatchcase(n.upper(), p) for p in ENVIRONMENT)]
    return {
        name: "(withheld)"
        if any(fnmatch.fnmatchcase(name.upper(), pattern) for pattern in _WITHHELD)
        else environ[name][:TEXT_LIMIT]
        for name in sorted(names)[:200]
    }


def _status_fields(text: "str | None") -> "dict[str, str]":
    pairs = (line.partition(":") for line in (text or "").splitlines())
    return {name: value.strip() for name, _, value in pairs}


def _has_capability(mask: "str | None", bit: int) -> "bool | None":
    try:
        return None if mask is None else bool(int(mask, 16) >> bit & 1)
    except ValueError:
        return None
