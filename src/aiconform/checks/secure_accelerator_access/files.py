"""
Which device files are whose accelerators, and by what a container may ask around the scheduler.

Sources: spec of the requirement checks, 0.4; the vendors' container runtimes for the variables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from aiconform import catalogue

# Numbers under majors that many drivers share say nothing about their neighbours. Source: Linux,
# Documentation/admin-guide/devices.txt (1 memory, 4 and 5 terminals, 10 miscellaneous).
SHARED_MAJORS = frozenset({"1", "4", "5", "10"})


@dataclass(frozen=True)
class Files:
    """
    Attributes:
        devices: Patterns of the files that are one device each; empty: every file that is no
            control file and not of the runtime's own.
        controls: Patterns of files that all users of the vendor's devices need.
        exact: Whether one granted device is exactly one such file.
    """

    devices: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    exact: bool = True

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Files":
        return cls(
            devices=tuple(map(str, facts.get("devices") or ())),
            controls=tuple(map(str, facts.get("controls") or ())),
            exact=bool(facts.get("exact", True)),
        )

    def as_facts(self) -> dict[str, Any]:
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    def is_control(self, path: str) -> bool:
        return _any(path, self.controls)

    def is_device(self, path: str) -> bool:
        """A device of its own: the control files are everybody's."""
        if self.is_control(path):
            return False
        return _any(path, self.devices) if self.devices else True


_FILES: Mapping[str, Files] = {
    "nvidia": Files(
        devices=("/dev/nvidia[0-9]*",),
        controls=("/dev/nvidiactl", "/dev/nvidia-uvm*", "/dev/nvidia-modeset", "/dev/nvidia-caps*"),
    ),
    "amd": Files(devices=("/dev/dri/renderD*",), controls=("/dev/kfd", "/dev/dri/card*")),
    "intel-gpu": Files(devices=("/dev/dri/renderD*",), controls=("/dev/dri/card*",)),
    "intel-gaudi": Files(
        devices=("/dev/accel/accel[0-9]*",),
        controls=("/dev/accel/accel_controlD*", "/dev/hl*", "/dev/infiniband/*"),
    ),
    "google-tpu": Files(
        devices=("/dev/accel[0-9]*", "/dev/vfio/[0-9]*"), controls=("/dev/vfio/vfio",)
    ),
    "aws-neuron": Files(devices=("/dev/neuron[0-9]*",)),
}
# An instance of a divided GPU shows the whole GPU's file, and its own two capability files.
_INSTANCES = Files(
    devices=("/dev/nvidia-caps/nvidia-cap[0-9]*",),
    controls=("/dev/nvidia[0-9]*", "/dev/nvidiactl", "/dev/nvidia-uvm*", "/dev/nvidia-modeset"),
    exact=False,
)

# Each means "all devices" to some vendor's runtime.
ENVIRONMENT: Mapping[str, str] = {
    "NVIDIA_VISIBLE_DEVICES": "all",
    "NVIDIA_DRIVER_CAPABILITIES": "all",
    "AMD_VISIBLE_DEVICES": "all",
    "HABANA_VISIBLE_DEVICES": "all",
    "AWS_NEURON_VISIBLE_DEVICES": "all",
}
# Device lists by mount: the NVIDIA runtime takes the names of what is mounted below it.
MOUNT_ROOT = "/var/run/nvidia-container-devices"
# Words in the handlers of RuntimeClasses that hand out devices.
HANDLERS = ("nvidia", "amd", "rocm", "habana", "gaudi", "neuron", "tpu", "intel-gpu", "xpu")
LISTINGS = ("nvidia-smi -L", "amd-smi list", "rocm-smi -i", "hl-smi -L", "neuron-ls -j")


def vendor_of(resource: str, driver: str) -> str:
    """The vendor's id; empty: none that we know."""
    for vendor in catalogue.vendors():
        if (resource and vendor.owns(resource)) or (driver and driver in vendor.dra_drivers):
            return vendor.id
    return ""


def files_of(resource: str, driver: str, settings: Mapping[str, Any]) -> Files | None:
    """
    The site's word first (`files.<resource or driver>`), else the vendor's; None: unknown.

    Raises:
        TypeError: A setting of the wrong shape.
    """
    named = settings.get("files") or {}
    told = named.get(resource or driver)
    if told is not None:
        return Files.from_facts(told)
    if resource.startswith("nvidia.com/mig-") or driver == "mig.nvidia.com":
        return _INSTANCES
    return _FILES.get(vendor_of(resource, driver))


def all_patterns(further: Iterable[Files]) -> tuple[str, ...]:
    """Files of every vendor's devices and controls, for nodes on which nothing was granted."""
    found: dict[str, None] = {}
    for files in (*_FILES.values(), *further):
        found.update(dict.fromkeys((*files.devices, *files.controls)))
    # A host's own graphics may be handed to no one either, so these stay in.
    return tuple(found)


def _any(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)
