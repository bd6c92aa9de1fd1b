"""What a node's inventory consists of: devices, interfaces, ports, and what could not be read."""

from typing import Annotated, Literal

from pydantic import Field

from aiconform.model.base import Count, Frozen, Small, Text, Whole


class UnknownRead(Frozen):
    """A path that could not be read."""

    path: Annotated[str, Field(max_length=512)]
    reason: Literal["absent", "denied", "empty", "malformed", "timeout", "too_large"]


class Accelerator(Frozen):
    """One accelerator as the node shows it; what is not known is None."""

    name: Text  # stable within the node: device node, PCI address or framework index
    vendor: Text | None = None
    product: Text | None = None
    pci_address: Text | None = None
    pci_id: Text | None = None  # "10de:2330"
    numa_node: Whole | None = None
    memory_bytes: Count | None = None
    device_node: Text | None = None
    link_speed: Text | None = None
    link_width: Count | None = None
    max_link_speed: Text | None = None
    max_link_width: Count | None = None
    # The narrowest and slowest part between the root port and the device, bridges included.
    path_link_width: Count | None = None
    path_max_link_width: Count | None = None
    path_max_link_speed: Text | None = None
    pci_root: Text | None = None  # of the tree that it hangs in: "pci0000:17"
    identity: Text | None = None  # UUID or serial number, hashed and salted for this run
    state: Text | None = None  # as its driver calls it; "operational", "lost"
    partition: Text | None = None  # how a device is cut into several; None: whole, or not known
    uncorrected_errors_count: Count | None = None  # memory errors since the driver was loaded
    corrected_errors_count: Count | None = None
    repair_pending: bool | None = None  # a memory repair waits for a reset
    repair_failed: bool | None = None
    throttle: Text | None = None  # why clocks are held back, several by comma; "" for nothing
    links_up_count: Count | None = None  # to other accelerators: NVLink, xGMI, ICI, Ethernet
    links_count: Count | None = None
    details: Small = {}  # clocks, power, temperatures, firmware


class Interface(Frozen):
    """A network interface in the pod's namespace."""

    name: Text
    address: Text | None = None  # hardware address
    mtu_bytes: Count | None = None
    speed_megabit_per_s: Whole | None = None
    state: Text | None = None


class RdmaPort(Frozen):
    """An RDMA port that the node shows."""

    name: Text
    state: Text | None = None
    rate: Text | None = None
    link_layer: Text | None = None
    numa_node: Whole | None = None
    phys_state: Text | None = None
    pci_address: Text | None = None
    pci_id: Text | None = None
    given: bool | None = None  # does this pod have its verbs device
    counters: Small = {}  # errors and bytes since it came up
