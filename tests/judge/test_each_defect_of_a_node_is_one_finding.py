"""Healthy nodes have no finding; each mutation of one of them has exactly its own."""

from typing import Any

import pytest

from aiconform.judge import judge
from aiconform.model.verdict import RunVerdict
from tests.judge.verdicts import findings, outcomes
from tests.support.hosts import device, host, hosts_journal, port

EIGHT = tuple(device(n) for n in range(8))
AT = "0000:3b:00.0"  # the third device


def but_third(**changes: Any) -> tuple[Any, ...]:
    return tuple(device(n, **changes) if n == 2 else EIGHT[n] for n in range(8))


def test_sound_nodes_have_no_finding() -> None:
    judgement = judge(hosts_journal())

    assert findings(judgement) == []
    assert judgement.verdict is RunVerdict.PASS
    assert set(outcomes(judgement, "inventory").values()) == {"PASS"}


MUTATIONS: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "device fell off the bus": (
        {"accelerators": EIGHT[:7]}, ("AIC-NODE-007", "node3", "FAIL")),
    "framework misses one": (
        {"accelerators_in_framework_count": 7}, ("AIC-NODE-005", "node3", "FAIL")),
    "framework sees more": (
        {"accelerators_in_framework_count": 9}, ("AIC-NODE-005", "node3", "WARN")),
    "link at x8": (
        {"accelerators": but_third(link_width=8, path_link_width=8)},
        ("AIC-DEV-005", f"node3 {AT}", "FAIL")),
    "bridge above at x8": (
        {"accelerators": but_third(path_link_width=8)}, ("AIC-DEV-005", f"node3 {AT}", "FAIL")),
    "slot of x8": (
        {"accelerators": but_third(link_width=8, path_link_width=8, path_max_link_width=8)},
        ("AIC-DEV-005", f"node3 {AT}", "FAIL")),
    "slot of an older generation": (
        {"accelerators": but_third(path_max_link_speed="16.0 GT/s PCIe")},
        ("AIC-DEV-005", f"node3 {AT}", "WARN")),
    "uncorrected errors": (
        {"accelerators": but_third(uncorrected_errors_count=2)},
        ("AIC-DEV-006", f"node3 {AT}", "FAIL")),
    "repair pending": (
        {"accelerators": but_third(repair_pending=True)}, ("AIC-DEV-006", f"node3 {AT}", "WARN")),
    "repair failed": (
        {"accelerators": but_third(repair_failed=True, uncorrected_errors_count=1)},
        ("AIC-DEV-006", f"node3 {AT}", "FAIL")),
    "state": (
        {"accelerators": but_third(state="malfunction")}, ("AIC-DEV-007", f"node3 {AT}", "FAIL")),
    "hot": (
        {"accelerators": but_third(throttle="sw_power_cap,hw_thermal")},
        ("AIC-DEV-007", f"node3 {AT}", "WARN")),
    "link to others down": (
        {"accelerators": but_third(links_up_count=17)}, ("AIC-DEV-009", f"node3 {AT}", "FAIL")),
    "port down": (
        {"rdma_ports": (port(0, state="DOWN", phys_state="Polling"), *map(port, range(1, 8)))},
        ("AIC-PORT-001", "node3 mlx5_0/1", "FAIL")),
    "port slow": (
        {"rdma_ports": (port(0, rate="200 Gb/sec (2X NDR)"), *map(port, range(1, 8)))},
        ("AIC-PORT-002", "node3 mlx5_0/1", "FAIL")),
    "driver differs": (
        {"software": {"nvidia_driver": "570.10", "torch": "2.9.1"}},
        ("AIC-NODE-009", "node3", "WARN")),
    "kernel differs": (
        {"host": {"kernel": "6.5.0", "architecture": "x86_64"}}, ("AIC-NODE-009", "node3", "WARN")),
    "memlock": (
        {"limits": {"memlock_bytes": 8 << 20, "shm_bytes": 1 << 40}},
        ("AIC-NODE-008", "node3", "WARN")),
    "shm": (
        {"limits": {"memlock_bytes": "unlimited", "shm_bytes": 64 << 20}},
        ("AIC-NODE-008", "node3", "WARN")),
    "driver hangs": (
        {"unknown": ({"path": "/sys/x", "reason": "timeout"},)}, ("AIC-NODE-010", "node3", "WARN")),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_mutation_of_one_node_is_exactly_one_finding(
    changes: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    judgement = judge(hosts_journal({"node3": changes}))

    assert findings(judgement) == [expected]
    assert judgement.findings[0].action
    assert judgement.findings[0].rests_on
    assert outcomes(judgement, "inventory")["node3"] == expected[2]
    assert outcomes(judgement, "node") == {
        "node1": "PASS", "node2": "PASS", "node3": expected[2], "node4": "PASS"
    }  # fmt: skip


def test_clock_offset_is_one_finding() -> None:
    judgement = judge(hosts_journal(greeting={"node2": {"clock_offset_s": 6.0}}))

    assert findings(judgement) == [("AIC-NODE-006", "node2", "WARN")]


def test_framework_that_did_not_count_leaves_the_node_open() -> None:
    judgement = judge(hosts_journal({"node3": {"accelerators_in_framework_count": None}}))

    assert outcomes(judgement, "inventory")["node3"] == "UNKNOWN"
    assert [f[1:] for f in findings(judgement)] == [("node3", "UNKNOWN")]
    assert judgement.verdict is RunVerdict.INCOMPLETE


def test_chip_that_is_several_devices_to_the_framework_is_no_mismatch() -> None:
    chips = tuple(
        device(n, vendor="google", product=None, pci_id="1ae0:0076", links_up_count=None)
        for n in range(4)
    )
    changes = host(accelerators=chips) | {"accelerators_in_framework_count": 8}

    judgement = judge(hosts_journal(dict.fromkeys(["node1", "node2", "node3", "node4"], changes)))

    assert findings(judgement) == []


@pytest.mark.parametrize("count", [1, 2])
def test_labels_tell_how_many_there_must_be(count: int) -> None:
    label = {"karpenter.k8s.aws/instance-gpu-count": "8"}

    judgement = judge(
        hosts_journal({"node1": {"accelerators": EIGHT[:7]}}, nodes=count, labels={"node1": label})
    )

    assert findings(judgement) == [("AIC-NODE-007", "node1", "FAIL")]
    assert "7 of its 8" in judgement.findings[0].sentence


def test_all_devices_gone_shows_by_the_label() -> None:
    label = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    none = {"accelerators": (), "accelerators_in_framework_count": None}

    judgement = judge(hosts_journal({"node1": none}, labels={"node1": label}))

    assert findings(judgement)[0] == ("AIC-NODE-007", "node1", "FAIL")


def test_two_nodes_that_differ_are_a_warning_for_neither_is_usual() -> None:
    judgement = judge(hosts_journal({"node2": {"accelerators": EIGHT[:7]}}, nodes=2))

    assert findings(judgement) == [("AIC-NODE-007", "node2", "WARN")]


def test_other_instance_types_are_not_its_like() -> None:
    kinds = {n: {"node.kubernetes.io/instance-type": n} for n in ("node1", "node2", "node3")}

    judgement = judge(hosts_journal({"node3": {"accelerators": EIGHT[:4]}}, nodes=3, labels=kinds))

    assert findings(judgement) == []


def test_half_and_half_of_two_versions_is_one_finding_with_the_table() -> None:
    other = {"software": {"nvidia_driver": "570.10", "torch": "2.9.1"}}

    judgement = judge(hosts_journal({"node3": other, "node4": other}))

    assert findings(judgement) == [("AIC-NODE-009", "cluster", "WARN")]
    assert "570.10 on node3 and node4" in judgement.findings[0].sentence


def test_port_that_is_down_everywhere_is_not_used() -> None:
    down = {"rdma_ports": (port(0, state="DOWN"), *map(port, range(1, 8)))}

    judgement = judge(hosts_journal(dict.fromkeys(["node1", "node2", "node3", "node4"], down)))

    assert findings(judgement) == []


def test_lone_node_is_compared_with_itself() -> None:
    down = {"rdma_ports": (port(0, state="DOWN"), *map(port, range(1, 8)))}

    judgement = judge(hosts_journal({"node1": down}, nodes=1))

    assert findings(judgement) == [("AIC-PORT-001", "node1 mlx5_0/1", "FAIL")]


def test_two_devices_are_no_yardstick_but_know_their_own_links() -> None:
    pair = (device(0), device(1, links_up_count=17))

    judgement = judge(hosts_journal({"node1": {"accelerators": pair}}, nodes=1))

    assert findings(judgement) == [("AIC-DEV-009", "node1 0000:2b:00.0", "WARN")]
