"""A sandbox is what meets another kernel; what only says so fails."""

from typing import Any

import pytest

from aiconform.checks.workload_sandboxing import CHECK
from aiconform.cluster.resources import NODE
from aiconform.model.errors import ClusterError
from aiconform.model.requirement import RequirementVerdict
from tests.checks.interrupted import assert_nothing_is_left_when_stopped_anywhere
from tests.checks.rests_on import assert_falls_without_any
from tests.checks.rights_used import unused
from tests.checks.workload_sandboxing.world import GVISOR, HOST, KATA, RUNC, SandboxPlatform

Json = dict[str, Any]


def platform_with(name: str, handler: str, kernel: Json, **platform: Any) -> SandboxPlatform:
    made = SandboxPlatform(**platform)
    made.offer(name, handler, kernel)
    return made


def gvisor() -> SandboxPlatform:
    return platform_with("gvisor", "runsc", GVISOR)


async def judged(platform: SandboxPlatform, **settings: Any) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries, version="1.37")


def told(verdict: RequirementVerdict) -> tuple[str, str]:
    return verdict.outcome.value, verdict.reason


@pytest.mark.parametrize(
    ("name", "handler", "kernel"),
    [("gvisor", "runsc", GVISOR), ("safe", "kata-qemu", KATA), ("kata", "kata", KATA)],
)
async def test_sandbox_passes(name: str, handler: str, kernel: Json) -> None:
    verdict = await judged(platform_with(name, handler, kernel))

    assert told(verdict) == ("PASS", "Ok"), verdict
    assert f"{name} on node1" in verdict.sentence


async def test_pass_falls_without_any_record() -> None:
    platform = gvisor()
    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


async def test_mutant_that_names_a_sandbox_and_runs_runc_fails() -> None:
    verdict = await judged(platform_with("gvisor", "runc", RUNC))

    assert told(verdict) == ("FAIL", "NotASandbox"), verdict
    assert HOST["boot_id"] in verdict.sentence


@pytest.mark.parametrize(
    "kernel",
    [
        {**RUNC, "boot_id": "another"},
        {**RUNC, "boot_id": None},
        {**RUNC, "boot_id": "another", "covered": ["boot_id"]},
        {**RUNC, "boot_id": "another", "cmdline": "another", "covered": ["boot_id", "cmdline"]},
        {**RUNC, "uid_map": "0 165536 65536"},
        {**GVISOR, "boot_id": RUNC["boot_id"]},
    ],
)
async def test_kernel_that_was_made_up_is_no_sandbox(kernel: Json) -> None:
    """User namespaces, a mask over the boot ID, files mounted over /proc: all the same kernel."""
    verdict = await judged(platform_with("kata", "kata", kernel))

    assert told(verdict) == ("FAIL", "NotASandbox"), verdict


async def test_a_second_class_that_is_runc_fails_beside_a_true_one() -> None:
    platform = gvisor()
    platform.offer("kata", "kata", RUNC)

    assert told(await judged(platform)) == ("FAIL", "NotASandbox")


async def test_class_that_the_site_names_is_the_one_that_counts() -> None:
    platform = gvisor()
    platform.offer("kata", "kata", RUNC)

    assert told(await judged(platform, runtimeClass="gvisor")) == ("PASS", "Ok")
    assert told(await judged(platform, runtimeClass=["kata"])) == ("FAIL", "NotASandbox")
    assert told(await judged(platform, runtimeClass="none")) == ("UNKNOWN", "NoPlace")


@pytest.mark.parametrize(
    "change",
    [
        {"processes": {"canaries": [12]}},
        {"files": {"canaries": ["/run/canary"]}},
        {"files": {"mounts": [{"point": "/x", "root": "/var/lib/kubelet", "source": "none"}]}},
        {"network": {"canary": True}},
        {"network": {"host_ports": {"10250": "open"}}},
        {"memory": [{"path": "/dev/mem", "bytes": 4096, "error": None}]},
        {"kernel": {"memory_total_bytes": HOST["memory_total_bytes"]}},
        {"block_devices": ["/dev/vda"]},
    ],
)
async def test_mutant_whose_walls_leak_fails(change: Json) -> None:
    platform = gvisor()
    platform.line = change

    assert told(await judged(platform)) == ("FAIL", "WallsLeak")


@pytest.mark.parametrize(
    "change",
    [
        {"kernel": {"boot_id": None}},
        {"kernel": {"memory_total_bytes": None}},
        {"processes": {"count": 140}},
        {"processes": {"own_pid": 9, "first": "/sbin/init"}},
        {"network": {"interfaces": ["eth0", "lo", "net1"]}},
        {"network": {"interfaces": None}},
        {"writable": [{"path": "/proc/sys/vm/drop_caches", "error": None}]},
        {"files": {"searched": False}},
    ],
)
async def test_oddities_are_a_warning(change: Json) -> None:
    platform = gvisor()
    platform.line = change

    assert told(await judged(platform)) == ("WARN", "OddWalls")


async def test_fallback_tunnels_are_not_odd() -> None:
    platform = gvisor()
    platform.line = {"network": {"interfaces": ["eth0", "lo", "tunl0", "sit0"]}}

    assert told(await judged(platform)) == ("PASS", "Ok")


async def test_no_class_is_not_provided() -> None:
    assert told(await judged(SandboxPlatform())) == ("FAIL", "NotProvided")


async def test_classes_that_promise_nothing_and_share_the_kernel_are_not_provided() -> None:
    verdict = await judged(platform_with("nvidia", "nvidia", RUNC))

    assert told(verdict) == ("FAIL", "NotProvided")


async def test_class_that_promises_nothing_and_is_a_sandbox_passes() -> None:
    assert told(await judged(platform_with("safe", "custom", KATA))) == ("PASS", "Ok")


async def test_unpromising_class_that_could_not_be_tried_is_unknown() -> None:
    platform = platform_with("safe", "custom", KATA, forbidden=["create pods"])

    verdict = await judged(platform)

    assert verdict.outcome == "UNKNOWN"


async def test_sandbox_that_does_not_start_fails_with_the_event() -> None:
    platform = gvisor()
    platform.broken = {"gvisor": set()}

    verdict = await judged(platform)

    assert told(verdict) == ("FAIL", "NotStarted")
    assert "no runtime for" in verdict.sentence


async def test_sandbox_on_some_nodes_only_is_a_warning() -> None:
    platform = gvisor()
    platform.broken = {"gvisor": {"node2"}}

    verdict = await judged(platform)

    assert told(verdict) == ("WARN", "NotEverywhere")
    assert "node2" in verdict.sentence


async def test_class_with_no_node_is_unknown() -> None:
    platform = SandboxPlatform()
    platform.offer("kata", "kata", KATA, nodeSelector={"pool": "sandbox"})

    assert told(await judged(platform)) == ("UNKNOWN", "NoPlace")


async def test_scheduling_of_the_class_is_heeded() -> None:
    platform = SandboxPlatform()
    tolerations = [{"key": "sandbox", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}]
    platform.offer("kata", "kata", KATA, nodeSelector={"pool": "x"}, tolerations=tolerations)
    node = next(n for n in platform.objects.all(NODE) if n["metadata"]["name"] == "node2")
    node["metadata"]["labels"]["pool"] = "x"
    node["spec"]["taints"] = [{"key": "sandbox", "value": "yes", "effect": "NoSchedule"}]

    verdict = await judged(platform)

    assert told(verdict) == ("PASS", "Ok")
    assert "kata on node2" in verdict.sentence

    node["spec"]["taints"][0]["value"] = "no"
    assert told(await judged(platform)) == ("UNKNOWN", "NoPlace")


@pytest.mark.parametrize(
    ("spoil", "outcome", "reason"),
    [
        ({"drops": True}, "FAIL", "ClassDropped"),
        ({"admits": True}, "FAIL", "UnknownClassTaken"),
        ({"silent": True}, "UNKNOWN", "PodSilent"),
        ({"neighbour_dies": True}, "UNKNOWN", "NeighbourGone"),
        ({"neighbour": {"processes": {"canaries": []}}}, "ERROR", "ControlInvalid"),
        ({"neighbour": {"kernel": {"boot_id": "x"}}}, "ERROR", "ControlInvalid"),
        ({"neighbour": {"kernel": {"boot_id": None}}}, "ERROR", "ControlInvalid"),
        ({"neighbour": {"nonce": "another"}}, "UNKNOWN", "NeighbourSilent"),
    ],
)
async def test_what_spoils_the_evidence_is_told(spoil: Json, outcome: str, reason: str) -> None:
    platform = gvisor()
    for name, value in spoil.items():
        setattr(platform, name, value)

    assert told(await judged(platform)) == (outcome, reason)


async def test_more_classes_than_there_is_time_for_are_a_warning() -> None:
    platform = SandboxPlatform()
    for name in ("kata-a", "kata-b", "kata-c", "kata-d"):
        platform.offer(name, name, KATA)

    verdict = await judged(platform)

    assert told(verdict) == ("WARN", "NotAllTried")
    assert "kata-d" in verdict.sentence


async def test_pod_that_nobody_schedules_is_unknown() -> None:
    platform = gvisor()
    fit = platform.schedule
    platform.schedule = lambda pod: None if pod["spec"].get("runtimeClassName") else fit(pod)

    assert told(await judged(platform)) == ("UNKNOWN", "NotScheduled")


@pytest.mark.parametrize("refused", ["list runtimeclasses.node.k8s.io", "create pods"])
async def test_missing_right_is_named(refused: str) -> None:
    verdict = await judged(platform_with("gvisor", "runsc", GVISOR, forbidden=[refused]))

    assert told(verdict) == ("UNKNOWN", "NotPermitted")
    assert refused in verdict.sentence


async def test_unreachable_server_is_our_error() -> None:
    platform = gvisor()
    platform.objects.outage = ClusterError("no answer")

    assert told(await judged(platform)) == ("ERROR", "ApiTrouble")


async def test_every_right_is_used() -> None:
    platform = gvisor()

    await platform.run(CHECK)

    assert unused(CHECK, platform.objects.calls) == []


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    await assert_nothing_is_left_when_stopped_anywhere(gvisor, CHECK, turns=3000)
