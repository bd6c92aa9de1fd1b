"""Small machines as files, with the texts that real ones show."""

from collections.abc import Mapping
from pathlib import Path

PCI = "/sys/bus/pci/devices"

CPU_ONLY: dict[str, str] = {
    "/proc/sys/kernel/osrelease": "6.8.0-45-generic\n",
    "/proc/cpuinfo": "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9354\n\n",
    "/proc/meminfo": "MemTotal:       16384 kB\nMemFree:        1024 kB\nMemAvailable:   8192 kB\n",
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/memory.max": "1073741824\n",
    "/sys/devices/system/node/node0/cpulist": "0-1\n",
    "/sys/devices/system/cpu/cpu0/cache/index0/size": "32K\n",
    "/sys/devices/system/cpu/cpu0/cache/index3/size": "32768K\n",
    "/sys/class/net/eth0/address": "02:42:ac:11:00:02\n",
    "/sys/class/net/eth0/mtu": "1450\n",
    "/sys/class/net/eth0/speed": "-1\n",
    "/sys/class/net/eth0/operstate": "up\n",
    "/sys/class/net/lo/mtu": "65536\n",
    f"{PCI}/0000:00:1f.2/vendor": "0x8086\n",
    f"{PCI}/0000:00:1f.2/device": "0x2922\n",
    f"{PCI}/0000:00:1f.2/class": "0x010601\n",
}


def nvidia_host(*, gpu_count: int = 8, narrow: int | None = None) -> dict[str, str]:
    """A DGX-like host; GPU number `narrow` has lost half of its lanes; the pod was given half."""
    files = {**CPU_ONLY, "/proc/driver/nvidia/version": _NVIDIA_VERSION}
    for index in range(gpu_count):
        address = f"0000:{0x1B + 0x10 * index:02x}:00.0"
        files |= pci_function(address, vendor="0x10de", device="0x2330", kind="0x030200")
        files |= {
            f"{PCI}/{address}/numa_node": f"{index * 2 // gpu_count}\n",
            f"{PCI}/{address}/current_link_speed": "32.0 GT/s PCIe\n",
            f"{PCI}/{address}/max_link_speed": "32.0 GT/s PCIe\n",
            f"{PCI}/{address}/current_link_width": "8\n" if index == narrow else "16\n",
            f"{PCI}/{address}/max_link_width": "16\n",
            f"/proc/driver/nvidia/gpus/{address}/information": (
                f"Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t {200 + index}\n"
                f"Bus Location: \t {address}\nDevice Minor: \t {index}\n"
            ),
        }
        if index < gpu_count // 2:
            files[f"/dev/nvidia{index}"] = ""
        # A switch of the same vendor is no accelerator.
        files |= pci_function(f"0000:c{index}:00.0", vendor="0x10de", device="0x22a3",
                              kind="0x068000")  # fmt: skip
    port = "/sys/class/infiniband/mlx5_0/ports/1"
    files |= {
        "/dev/nvidiactl": "", "/dev/nvidia-uvm": "",
        f"{port}/state": "4: ACTIVE\n", f"{port}/rate": "400 Gb/sec (4X NDR)\n",
        f"{port}/link_layer": "InfiniBand\n",
        "/sys/class/infiniband/mlx5_0/device/numa_node": "0\n",
    }  # fmt: skip
    return files


def amd_host() -> dict[str, str]:
    """Two MI300X, both given, beside the graphics unit of a management controller."""
    files = {**CPU_ONLY, "/dev/kfd": ""}
    for index in range(2):
        address = f"0000:{0x0C + index:02x}:00.0"
        files |= pci_function(address, vendor="0x1002", device="0x74a1", kind="0x120000")
        files |= {
            f"{PCI}/{address}/mem_info_vram_total": "206141652992\n",
            f"{PCI}/{address}/drm/renderD{128 + index}/dev": f"226:{128 + index}\n",
            f"/dev/dri/renderD{128 + index}": "",
            f"/sys/class/drm/renderD{128 + index}/device/vendor": "0x1002\n",
        }
    files |= pci_function("0000:c4:00.0", vendor="0x1a03", device="0x2000", kind="0x030000")
    return files


def pci_function(address: str, *, vendor: str, device: str, kind: str) -> dict[str, str]:
    base = f"{PCI}/{address}"
    return {
        f"{base}/vendor": f"{vendor}\n",
        f"{base}/device": f"{device}\n",
        f"{base}/class": f"{kind}\n",
    }


def plant(files: Mapping[str, str], root: Path) -> Path:
    """Write the files below `root`."""
    for path, content in files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return root


_NVIDIA_VERSION = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\n"
    "GCC version:  gcc version 12.3.0\n"
)
