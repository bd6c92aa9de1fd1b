"""From files to findings: a sound host among its like has none, each planted fault exactly one."""

from pathlib import Path

import pytest

from aiconform.judge import judge
from tests.agent import hosts
from tests.agent.test_every_vendors_host_is_told import told
from tests.judge.verdicts import findings
from tests.support.hosts import hosts_journal

H100 = ("NVIDIA H100 80GB HBM3", "10de:2330")


def without(files: hosts.Files, address: str) -> hosts.Files:
    """The bus lost a device, and the pod with it."""
    number = (int(address[5:7], 16) - 0x1B) // 0x10
    return {p: t for p, t in files.items() if address not in p and p != f"/dev/nvidia{number}"}


SOUND: dict[str, hosts.Files] = {
    "nvidia": hosts.nvidia(*H100),
    "amd": hosts.mi300x(),
    "gaudi": hosts.gaudi3(),
    "tpu": hosts.tpu("1ae0:006f", count=4),
    "trainium": hosts.trn2(),
    "intel": hosts.intel_max(),
}
FAULTS: dict[str, tuple[str, hosts.Files, tuple[str, str]]] = {
    "fallen off the bus": (
        "nvidia", without(SOUND["nvidia"], "0000:4b:00.0"), ("AIC-NODE-007", "node3")),
    "reads as ones": (
        "nvidia", hosts.nvidia(*H100, widths={3: 63}), ("AIC-DEV-007", "node3 0000:4b:00.0")),
    "link at x8": (
        "nvidia", hosts.nvidia(*H100, widths={5: 8}), ("AIC-DEV-005", "node3 0000:6b:00.0")),
    "bridge at x8": (
        "nvidia", hosts.nvidia(*H100, bridges={5: 8}), ("AIC-DEV-005", "node3 0000:6b:00.0")),
    "port down": ("nvidia", hosts.nvidia(*H100, down=3), ("AIC-PORT-001", "node3 mlx5_3/1")),
    "driver differs": (
        "nvidia", hosts.nvidia(*H100, driver="570.86.15"), ("AIC-NODE-009", "node3")),
    "memory errors": ("amd", hosts.mi300x(errors={2: 1}), ("AIC-DEV-006", "node3 0000:25:00.0")),
    "not operational": (
        "gaudi", hosts.gaudi3(status={4: "Malfunction"}), ("AIC-DEV-007", "node3 0000:59:00.0")),
    "chip missing": ("tpu", hosts.tpu("1ae0:006f", count=3), ("AIC-NODE-007", "node3")),
    "uncorrected": (
        "trainium", hosts.trn2(uncorrected={9: 1}), ("AIC-DEV-006", "node3 /dev/neuron9")),
    "hot": ("intel", hosts.intel_max(hot=1), ("AIC-DEV-007", "node3 0000:28:00.0")),
}  # fmt: skip


def judged(files: hosts.Files, sound: hosts.Files, tmp_path: Path) -> list[tuple[str, str]]:
    """Codes and subjects of four nodes, the third of which has `files`."""
    changes = {}
    for node in ("node1", "node2", "node3", "node4"):
        found = told(files if node == "node3" else sound, tmp_path / node)
        told_fields = found.model_dump(
            exclude={"kind", "run", "node", "boot", "stream", "seq", "t"}
        )
        # What this machine's own limits are is not the tree's matter.
        changes[node] = told_fields | {
            "limits": {"memlock_bytes": "unlimited", "shm_bytes": "unlimited"},
            "accelerators_in_framework_count": found.accelerators_given_count,
        }
    return [finding[:2] for finding in findings(judge(hosts_journal(changes)))]


@pytest.mark.parametrize("vendor", SOUND)
def test_sound_hosts_have_no_finding(vendor: str, tmp_path: Path) -> None:
    assert judged(SOUND[vendor], SOUND[vendor], tmp_path) == []


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_its_own_finding_and_no_other(name: str, tmp_path: Path) -> None:
    vendor, files, expected = FAULTS[name]

    assert judged(files, SOUND[vendor], tmp_path) == [expected]
