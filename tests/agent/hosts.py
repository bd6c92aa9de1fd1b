"""
Accelerated hosts as files, written from what their drivers document: nothing is copied.

Bus devices stand where the kernel has them, below their bridges, and `/sys/bus` links there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.agent.trees import CPU_ONLY, plant

PCI = "/sys/bus/pci/devices"


@dataclass(frozen=True)
class Link:
    """A symbolic link, as a path below the root."""

    target: str


Files = dict[str, "str | Link"]


def plant_host(files: Mapping[str, "str | Link"], root: Path) -> Path:
    plant({path: text for path, text in files.items() if isinstance(text, str)}, root)
    for path, link in files.items():
        if isinstance(link, Link):
            place = root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            up = "../" * (len(place.relative_to(root).parts) - 1)
            place.symlink_to(f"{up}{link.target.lstrip('/')}")
    return root


def function(
    address: str,
    ids: str,
    kind: str,
    *,
    numa: int = 0,
    speed: str = "32.0",
    width: int | None = 16,
    most: int = 16,
    bridge_width: int | None = None,
    more: Mapping[str, "str | Link"] = {},
) -> Files:
    """One function below a root port and a switch; `more` has files of its directory."""
    root = f"/sys/devices/pci0000:{address[5:7]}"
    port = f"{root}/0000:{address[5:7]}:01.0"
    place = f"{port}/{address}"
    vendor, device = ids.split(":")
    files: Files = {
        f"{PCI}/{address}": Link(place),
        f"{place}/vendor": f"0x{vendor}\n",
        f"{place}/device": f"0x{device}\n",
        f"{place}/class": f"0x{kind}00\n",
        f"{place}/numa_node": f"{numa}\n",
        **{f"{place}/{name}": text for name, text in more.items()},
    }
    if width is not None:
        for at, lanes in ((place, width), (port, bridge_width or min(width, most))):
            files |= {
                f"{at}/current_link_width": f"{lanes}\n",
                f"{at}/max_link_width": f"{most}\n",
                f"{at}/current_link_speed": f"{speed} GT/s PCIe\n",
                f"{at}/max_link_speed": f"{speed} GT/s PCIe\n",
            }
    return files


def nvidia(
    product: str,
    ids: str,
    *,
    count: int = 8,
    speed: str = "32.0",
    kind: str = "0302",
    ports: int = 8,
    down: int | None = None,
    widths: Mapping[int, int] = {},
    bridges: Mapping[int, int] = {},
    driver: str = "580.95.05",
) -> Files:
    files: Files = {
        **CPU_ONLY,
        "/proc/driver/nvidia/version": f"NVRM version: NVIDIA x86_64 Kernel Module  {driver}  R\n",
        "/dev/nvidiactl": "",
        "/dev/nvidia-uvm": "",
    }
    for n in range(count):
        address = f"0000:{0x1B + 0x10 * n:02x}:00.0"
        files |= function(
            address, ids, kind, numa=n * 2 // count, speed=speed,
            width=widths.get(n, 16), bridge_width=bridges.get(n),
        )  # fmt: skip
        files |= {
            f"/proc/driver/nvidia/gpus/{address}/information": (
                f"Model: \t\t {product}\nGPU UUID: \t GPU-0{n}\nDevice Minor: \t {n}\n"
            ),
            f"/dev/nvidia{n}": "",
        }
    for n in range(ports):
        files |= rdma_port(n, state="1: DOWN" if n == down else "4: ACTIVE")
    return files


def rdma_port(n: int, *, state: str = "4: ACTIVE", rate: str = "400 Gb/sec (4X NDR)") -> Files:
    card = f"/sys/class/infiniband/mlx5_{n}"
    place = f"/sys/devices/pci0000:{0x80 + n:02x}/0000:{0x80 + n:02x}:00.0"
    port = f"{card}/ports/1"
    return {
        f"{card}/device": Link(place),
        f"{place}/vendor": "0x15b3\n",
        f"{place}/device": "0x1021\n",
        f"{place}/numa_node": f"{n // 4}\n",
        f"{port}/state": f"{state}\n",
        f"{port}/phys_state": "5: LinkUp\n" if "ACTIVE" in state else "3: Disabled\n",
        f"{port}/rate": f"{rate}\n",
        f"{port}/link_layer": "InfiniBand\n",
        f"{port}/counters/port_xmit_data": "1000\n",
        f"{port}/counters/symbol_error": "0\n",
        f"{port}/hw_counters/out_of_sequence": "3\n",
        f"/sys/class/infiniband_verbs/uverbs{n}/ibdev": f"mlx5_{n}\n",
        f"/dev/infiniband/uverbs{n}": "",
    }


def mi300x(*, errors: Mapping[int, int] = {}, partition: str = "SPX") -> Files:
    files: Files = {**CPU_ONLY, "/dev/kfd": "", "/sys/module/amdgpu/version": "6.12.12\n"}
    for n in range(8):
        bus = 0x05 + 0x10 * n
        address = f"0000:{bus:02x}:00.0"
        files |= function(
            address, "1002:74a1", "1200", numa=n // 4,
            more={
                "mem_info_vram_total": "206141652992\n",
                "unique_id": f"a1b2c3d4{n:08x}\n",
                "current_compute_partition": f"{partition}\n",
                "current_memory_partition": "NPS1\n",
                "vbios_version": "113-M3000100-102\n",
                "ras/umc_err_count": f"ue: {errors.get(n, 0)}\nce: 4\n",
                "ras/sdma_err_count": "ue: 0\nce: 0\n",
                "hwmon/hwmon4/power1_average": "149000000\n",
                "hwmon/hwmon4/power1_cap": "750000000\n",
                f"drm/renderD{128 + n}/dev": f"226:{128 + n}\n",
            },
        )  # fmt: skip
        files[f"/dev/dri/renderD{128 + n}"] = ""
        files[f"/sys/class/drm/renderD{128 + n}/device/vendor"] = "0x1002\n"
        node = f"/sys/class/kfd/kfd/topology/nodes/{n + 2}"
        files[f"{node}/properties"] = f"simd_count 1216\nlocation_id {bus << 8}\nnum_xcc 8\n"
        for link in range(8):
            kind = 2 if link == 0 else 11
            files[f"{node}/io_links/{link}/properties"] = f"type {kind}\nweight 15\n"
    return files


def gaudi3(*, status: Mapping[int, str] = {}) -> Files:
    files: Files = {**CPU_ONLY, "/sys/module/habanalabs/version": "1.22.0\n"}
    for n in range(8):
        address = f"0000:{0x19 + 0x10 * n:02x}:00.0"
        files |= function(
            address, "1da3:1060", "1200", numa=n // 4,
            more={
                f"accel/accel{n}/device/device_type": "GAUDI3\n",
                f"accel/accel{n}/device/status": f"{status.get(n, 'Operational')}\n",
                f"accel/accel{n}/device/module_id": f"{n}\n",
                f"accel/accel{n}/device/clk_max_freq_mhz": "1600\n",
                f"accel/accel{n}/device/hard_reset_cnt": "0\n",
            },
        )  # fmt: skip
        files[f"/dev/accel/accel{n}"] = ""
        files[f"/dev/accel/accel_controlD{n}"] = ""
    return files


def tpu(ids: str, *, count: int) -> Files:
    """v5e and later: given through VFIO; the host's link is not shown in the machine."""
    files: Files = {**CPU_ONLY, "/dev/vfio/vfio": ""}
    for n in range(count):
        files |= function(f"0000:00:{4 + n:02x}.0", ids, "1200", numa=n * 2 // count, width=None)
        files[f"/dev/vfio/{n}"] = ""
    return files


def trn2(*, uncorrected: Mapping[int, int] = {}) -> Files:
    files: Files = {**CPU_ONLY, "/sys/module/neuron/version": "2.23.9.0\n"}
    for n in range(16):
        files |= function(f"0000:{0x10 + 4 * n:02x}:00.0", "1d0f:7364", "0880", width=None)
        place = f"/sys/devices/virtual/neuron_device/neuron{n}"
        files |= {
            f"/dev/neuron{n}": "",
            f"{place}/info/architecture/instance_type": "trn2\n",
            f"{place}/info/architecture/device_name": "Trainium2\n",
            f"{place}/info/serial_number": f"00{n:02d}\n",
            f"{place}/stats/hardware/mem_ecc_uncorrected/total": f"{uncorrected.get(n, 0)}\n",
            f"{place}/stats/hardware/sram_ecc_uncorrected/total": "0\n",
            f"{place}/stats/hardware/mem_ecc_repairable_uncorrected/total": "0\n",
            **{f"{place}/neuron_core{c}/stats/status/hw_error/total": "0\n" for c in range(8)},
        }
    return files


def intel_max(*, hot: int | None = None) -> Files:
    files: Files = {**CPU_ONLY}
    for n in range(6):
        address = f"0000:{0x18 + 0x10 * n:02x}:00.0"
        more: dict[str, str | Link] = {f"drm/renderD{128 + n}/dev": f"226:{128 + n}\n"}
        for tile in range(2):
            more[f"tile{tile}/gt{tile}/freq0/throttle/reason_thermal"] = f"{int(n == hot)}\n"
            more[f"tile{tile}/gt{tile}/freq0/cur_freq"] = "1600\n"
        files |= function(address, "8086:0bd5", "0380", numa=n // 3, more=more)
        files[f"/dev/dri/renderD{128 + n}"] = ""
        files[f"/sys/class/drm/renderD{128 + n}/device/vendor"] = "0x8086\n"
    return files
