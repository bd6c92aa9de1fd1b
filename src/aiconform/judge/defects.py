"""
What is wrong with a node by its inventory alone, each thing once.

A defect is of a device, a port or the node itself, and becomes one finding. The node's item
`inventory` has the worst of them. `likes` compares nodes with each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from aiconform.catalogue.accelerators import identify
from aiconform.judge.words import counted
from aiconform.model.verdict import Outcome
from aiconform.model.wire import Accelerator, Hello, Inventory

MAX_CLOCK_OFFSET_S = 5.0
MIN_MEMLOCK_BYTES = 64 * 1024 * 1024  # verbs cannot register buffers below
MIN_SHM_BYTES = 1024 * 1024 * 1024  # collectives in a node share memory
SOUND_STATES = frozenset({"operational"})
# Held back by heat or power that the hardware itself saw; a software power cap is normal.
HARDWARE_THROTTLE = frozenset({"hw_slowdown", "hw_thermal", "hw_power_brake"})


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong; `node` None: of the cluster as a whole."""

    node: str | None
    outcome: Literal[Outcome.FAIL, Outcome.WARN, Outcome.UNKNOWN]
    code: str
    reason: str
    sentence: str
    device: str | None = None
    rests_on: tuple[str, ...] = ()


def own_defects(node: str, hello: Hello, inventory: Inventory) -> Iterator[Defect]:
    """Those that show without a look at any other node."""
    yield from _counts(node, inventory)
    for device in inventory.accelerators:
        yield from _health(node, device)
        yield from _width(node, device)
    yield from _limits(node, inventory)
    yield from _hang(node, inventory)
    offset = hello.clock_offset_s
    if offset is not None and abs(offset) > MAX_CLOCK_OFFSET_S:
        said = f"{node}: its clock is {abs(offset):.1f} s off"
        yield Defect(node, Outcome.WARN, "AIC-NODE-006", "ClockOffset", said)


def called(device: Accelerator) -> str:
    """As a person finds it: by its bus address where it has one."""
    return device.pci_address or device.device_node or device.name


def width_now(device: Accelerator) -> int | None:
    """Lanes in use, of the narrowest part between root and device."""
    known = [w for w in (device.link_width, device.path_link_width) if w]
    return min(known) if known else None


def width_possible(device: Accelerator) -> int | None:
    """Lanes that device and slot both have."""
    known = [w for w in (device.max_link_width, device.path_max_link_width) if w]
    return min(known) if known else None


def _counts(node: str, inventory: Inventory) -> Iterator[Defect]:
    given = inventory.accelerators_given_count
    seen = inventory.accelerators_in_framework_count
    if not given:
        return
    if seen is None:
        said = (
            f"{node}: {counted(given, 'accelerator')} given, and the framework did not count them"
        )
        yield Defect(node, Outcome.UNKNOWN, "AIC-NODE-005", "FrameworkSilent", said)
    elif seen < given:
        said = f"{node}: the framework sees {seen} of the {given} accelerators given to the pod"
        yield Defect(node, Outcome.FAIL, "AIC-NODE-005", "DeviceCount", said)
    elif seen not in {given, given * _devices_per_chip(inventory)}:
        said = f"{node}: the framework sees {seen} accelerators, and {given} were given to the pod"
        yield Defect(node, Outcome.WARN, "AIC-NODE-005", "DeviceCount", said)


def _devices_per_chip(inventory: Inventory) -> int:
    kinds = [identify(pci_id=d.pci_id, product=d.product) for d in inventory.accelerators]
    return max((kind.framework_devices_per_chip for kind in kinds if kind), default=1)


def _health(node: str, device: Accelerator) -> Iterator[Defect]:
    name = called(device)

    def defect(outcome: Literal[Outcome.FAIL, Outcome.WARN], reason: str, said: str) -> Defect:
        code = "AIC-DEV-007" if reason in {"DeviceState", "Throttled"} else "AIC-DEV-006"
        return Defect(node, outcome, code, reason, f"{node} {name}: {said}", device=name)

    if device.state is not None and device.state not in SOUND_STATES:
        yield defect(Outcome.FAIL, "DeviceState", f"its driver calls it {device.state!r}")
        return
    if device.repair_failed:
        yield defect(Outcome.FAIL, "RepairFailed", "a repair of its memory failed")
    elif device.uncorrected_errors_count:
        errors = counted(device.uncorrected_errors_count, "uncorrected memory error")
        yield defect(Outcome.FAIL, "MemoryErrors", errors)
    elif device.repair_pending:
        yield defect(Outcome.WARN, "RepairPending", "a repair of its memory waits for a reset")
    held = sorted(HARDWARE_THROTTLE.intersection((device.throttle or "").split(",")))
    if held:
        yield defect(Outcome.WARN, "Throttled", f"its clock is held back: {', '.join(held)}")


def _width(node: str, device: Accelerator) -> Iterator[Defect]:
    now, possible = width_now(device), width_possible(device)
    if now is not None and possible is not None and now < possible:
        name = called(device)
        said = f"{node} {name}: its PCIe link runs on {now} of {possible} lanes"
        yield Defect(node, Outcome.FAIL, "AIC-DEV-005", "LinkNarrow", said, device=name)


def _limits(node: str, inventory: Inventory) -> Iterator[Defect]:
    """Too little only where it matters: for verbs, and for several accelerators in one pod."""
    memlock, shm = inventory.limits.get("memlock_bytes"), inventory.limits.get("shm_bytes")
    if any(port.given for port in inventory.rdma_ports) and _less(memlock, MIN_MEMLOCK_BYTES):
        said = f"{node}: only {memlock} bytes may be locked: RDMA buffers cannot be registered"
        yield Defect(node, Outcome.WARN, "AIC-NODE-008", "MemlockSmall", said)
    if (inventory.accelerators_given_count or 0) > 1 and _less(shm, MIN_SHM_BYTES):
        said = f"{node}: /dev/shm has {shm} bytes: collectives in the node fall back or fail"
        yield Defect(node, Outcome.WARN, "AIC-NODE-008", "ShmSmall", said)


def _hang(node: str, inventory: Inventory) -> Iterator[Defect]:
    for each in inventory.unknown:
        if each.reason == "timeout":
            said = f"{node}: reading {each.path} does not return"
            yield Defect(node, Outcome.WARN, "AIC-NODE-010", "InventoryHang", said)
            return


def _less(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value < least
