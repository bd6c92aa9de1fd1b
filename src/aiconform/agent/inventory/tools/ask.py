"""
Ask whatever tool there is, for the vendors of the devices that the pod was given.

None is required: without one, sysfs says what it can. A tool that hangs or fails costs only itself.
"""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any, Union

from aiconform.agent.inventory.tools import (
    amd_smi,
    hl_smi,
    neuron_ls,
    nvidia_smi,
    nvml,
    xpu_smi,
)

TOOL_LIMIT_S = 4.0
Facts = Mapping[str, "dict[str, Any]"]  # bus address (or device node) → fields of an Accelerator
# What a tool prints; None: there is none, or it did not answer in time.
Execute = Callable[["tuple[str, ...]"], Union[str, None]]
# Vendor → what to run, and what makes facts of all that was printed.
_TOOLS: "dict[str, tuple[tuple[tuple[str, ...], ...], Callable[..., Facts]]]" = {
    "nvidia": ((("nvidia-smi", "-q", "-x"),), nvidia_smi.parse),
    "amd": (
        (("amd-smi", "static", "--json"), ("amd-smi", "metric", "--json")),
        amd_smi.parse,
    ),
    "habana": ((hl_smi.COMMAND,), hl_smi.parse),
    "aws": ((("neuron-ls", "-j"),), neuron_ls.parse),
    "intel": ((("xpu-smi", "discovery", "-j"),), xpu_smi.parse),
}


def ask_tools(vendors: "set[str]", execute: Execute) -> Facts:
    """Facts by bus address, of all tools that answered."""
    found: "dict[str, dict[str, Any]]" = {}
    for vendor in sorted(vendors & _TOOLS.keys()):
        commands, parse = _TOOLS[vendor]
        printed = [execute(words) or "" for words in commands]
        if printed[0]:
            found.update(parse(*printed))
    return found


def ask_libraries(addresses: "Mapping[str, str]") -> Facts:
    """
    Args:
        addresses: Bus address → vendor.
    """
    nvidia = [address for address, vendor in addresses.items() if vendor == "nvidia"]
    library = nvml.load() if nvidia else None
    return nvml.read_devices(library, nvidia) if library is not None else {}


def run_tool(words: "tuple[str, ...]") -> "str | None":
    if shutil.which(words[0]) is None:
        return None
    try:
        done = subprocess.run(
            words, capture_output=True, timeout=TOOL_LIMIT_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
