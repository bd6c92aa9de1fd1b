"""
NVIDIA's management library, through ctypes: there where the toolkit injects it into the pod.

Each value is asked for by itself; what a card, a driver or a permission does not give is left out.
Signatures and numbers: nvml.h of CUDA 12 and 13.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

GPU_IS_LOST = 15
UNCORRECTED, CORRECTED = 1, 0
VOLATILE = 0
SLOWDOWN = 1  # the temperature from which the hardware slows the device down
MAX_LINKS = 18
TEXT_BYTES = 96
_REASONS = {
    0x04: "sw_power_cap", 0x08: "hw_slowdown", 0x20: "sw_thermal", 0x40: "hw_thermal",
    0x80: "hw_power_brake",
}  # fmt: skip


class _Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong),
                ("used", ctypes.c_ulonglong)]  # fmt: skip


def load() -> "Any | None":
    """The library, initialised; None where there is none, or it does not start."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
        return library if library.nvmlInit_v2() == 0 else None
    except (OSError, AttributeError):
        return None


def read_devices(library: Any, addresses: Sequence[str]) -> "dict[str, dict[str, Any]]":
    """Fields of a wire Accelerator, by bus address; those of the pod alone answer."""
    found = {}
    for address in addresses:
        handle = ctypes.c_void_p()
        status = library.nvmlDeviceGetHandleByPciBusId_v2(address.encode(), ctypes.byref(handle))
        if status == GPU_IS_LOST:
            found[address] = {"state": "lost"}
        elif status == 0:
            facts = _Device(library, handle).facts()
            found[address] = {name: value for name, value in facts.items() if value is not None}
    return found


class _Device:
    def __init__(self, library: Any, handle: ctypes.c_void_p) -> None:
        self._library, self._handle = library, handle
        self._lost = False

    def facts(self) -> "dict[str, Any]":
        facts: "dict[str, Any]" = {
            "product": self._text("nvmlDeviceGetName"),
            "identity": self._text("nvmlDeviceGetUUID"),
            "memory_bytes": self._memory_bytes(),
            "partition": self._partition(),
            "uncorrected_errors_count": self._errors(UNCORRECTED),
            "corrected_errors_count": self._errors(CORRECTED),
            **self._remapped(),
            "throttle": self._throttle(),
            **self._links(),
            "details": self._details(),
        }
        return {"state": "lost"} if self._lost else facts

    def _call(self, name: str, *arguments: Any) -> bool:
        function = getattr(self._library, name, None)
        if function is None:
            return False
        status = function(self._handle, *arguments)
        self._lost = self._lost or status == GPU_IS_LOST
        return bool(status == 0)

    def _number(self, name: str, *arguments: Any) -> "int | None":
        value = ctypes.c_uint()
        return value.value if self._call(name, *arguments, ctypes.byref(value)) else None

    def _text(self, name: str) -> "str | None":
        buffer = ctypes.create_string_buffer(TEXT_BYTES)
        if not self._call(name, buffer, ctypes.c_uint(TEXT_BYTES)):
            return None
        return buffer.value.decode("utf-8", "replace") or None

    def _memory_bytes(self) -> "int | None":
        memory = _Memory()
        known = self._call("nvmlDeviceGetMemoryInfo", ctypes.byref(memory))
        return int(memory.total) if known else None

    def _partition(self) -> "str | None":
        now, pending = ctypes.c_uint(), ctypes.c_uint()
        known = self._call("nvmlDeviceGetMigMode", ctypes.byref(now), ctypes.byref(pending))
        return "MIG" if known and now.value == 1 else None

    def _errors(self, kind: int) -> "int | None":
        count = ctypes.c_ulonglong()
        known = self._call(
            "nvmlDeviceGetTotalEccErrors",
            ctypes.c_uint(kind),
            ctypes.c_uint(VOLATILE),
            ctypes.byref(count),
        )
        return int(count.value) if known else None

    def _remapped(self) -> "dict[str, bool]":
        numbers = [ctypes.c_uint() for _ in range(4)]
        if not self._call("nvmlDeviceGetRemappedRows", *map(ctypes.byref, numbers)):
            return {}
        _, _, pending, failed = (number.value for number in numbers)
        return {"repair_pending": pending > 0, "repair_failed": failed > 0}

    def _throttle(self) -> "str | None":
        bits = ctypes.c_ulonglong()
        names = (
            "nvmlDeviceGetCurrentClocksEventReasons",
            "nvmlDeviceGetCurrentClocksThrottleReasons",
        )
        if not any(self._call(name, ctypes.byref(bits)) for name in names):
            return None
        return ",".join(word for bit, word in _REASONS.items() if bits.value & bit)

    def _links(self) -> "dict[str, int]":
        states = [
            self._number("nvmlDeviceGetNvLinkState", ctypes.c_uint(link))
            for link in range(MAX_LINKS)
        ]
        known = [state for state in states if state is not None]
        return {"links_up_count": sum(known), "links_count": len(known)} if known else {}

    def _details(self) -> "dict[str, Any]":
        milliwatts = self._number("nvmlDeviceGetPowerUsage")
        limit = self._number("nvmlDeviceGetEnforcedPowerLimit")
        found = {
            "power_watts": milliwatts / 1000 if milliwatts is not None else None,
            "power_limit_watts": limit / 1000 if limit is not None else None,
            "temperature_celsius": self._number("nvmlDeviceGetTemperature", ctypes.c_uint(0)),
            "temperature_limit_celsius": self._number(
                "nvmlDeviceGetTemperatureThreshold", ctypes.c_uint(SLOWDOWN)
            ),
            "sm_clock_mhz": self._number("nvmlDeviceGetClockInfo", ctypes.c_uint(1)),
            "memory_clock_mhz": self._number("nvmlDeviceGetClockInfo", ctypes.c_uint(2)),
            "sm_clock_max_mhz": self._number("nvmlDeviceGetMaxClockInfo", ctypes.c_uint(1)),
            "pcie_replays_count": self._number("nvmlDeviceGetPcieReplayCounter"),
            "link_generation": self._number("nvmlDeviceGetCurrPcieLinkGeneration"),
        }
        return {name: value for name, value in found.items() if value is not None}
