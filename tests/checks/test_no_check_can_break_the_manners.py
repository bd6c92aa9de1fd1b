"""Whatever a check asks for: our namespaces only, nothing that pre-empts, nothing of the host."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.checks.framework import Check, Context, Resource, looks_at, makes, workload
from aiconform.checks.framework.errors import ManifestUnsafeError
from aiconform.checks.framework.fake import PROBE, WORK, FakePlatform
from aiconform.checks.framework.manners import Manners, pod_specs
from aiconform.cluster.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    DEVICE_CLASS,
    JOB,
    NODE,
    POD,
    SERVICE,
)
from aiconform.cluster.rights import Right
from tests.checks.toy import TOY, pod_manifest, toy

Json = dict[str, Any]
Spoil = Callable[[Json], None]

MANNERS = Manners(run="r", job="j", check="dra_support", image="ours", hostnames=("n1", "n2"))
RAY = Resource("ray.io", "v1", "rayclusters", "RayCluster")


def dressed(manifest: Json, resource: Resource = POD, **changes: Any) -> Json:
    where = {"namespace": WORK, "security": "restricted", **changes}
    return MANNERS.dressed(manifest, resource=resource, **where)


def pod(**spec: Any) -> Json:
    return {"metadata": {"name": "dra-support-x"}, "spec": {"containers": [{"name": "c"}], **spec}}


def container(**parts: Any) -> Json:
    return pod(containers=[{"name": "c", **parts}])


@pytest.mark.parametrize(
    "manifest",
    [
        pod(priorityClassName="system-node-critical"),
        pod(priority=1_000_000),
        pod(preemptionPolicy="PreemptLowerPriority"),
        pod(hostNetwork=True),
        pod(hostPID=True),
        pod(nodeName="node1"),
        pod(serviceAccountName="admin"),
        pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        pod(securityContext={"runAsNonRoot": False}),
        pod(securityContext={"runAsUser": 0}),
        pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
        container(securityContext={"privileged": True}),
        container(securityContext={"allowPrivilegeEscalation": True}),
        container(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}}),
        container(ports=[{"containerPort": 80, "hostPort": 80}]),
        container(image="docker.io/somebody/else"),
        {"metadata": {"name": "dra-support-x", "namespace": "kube-system"}, "spec": {}},
        {"metadata": {"name": "dra-support-x", "finalizers": ["a/b"]}, "spec": {}},
        {"metadata": {"name": "coredns"}, "spec": {}},
    ],
)
def test_unsafe_pod_is_refused(manifest: Json) -> None:
    with pytest.raises(ManifestUnsafeError):
        dressed(manifest)


def test_unsafe_is_found_in_kinds_that_we_have_never_heard_of() -> None:
    template = {"spec": {"containers": [{"name": "ray"}], "hostNetwork": True}}
    cluster = {
        "metadata": {"name": "dra-support-x"},
        "spec": {"workerGroupSpecs": [{"groupName": "g", "template": template}]},
    }

    with pytest.raises(ManifestUnsafeError, match="hostNetwork"):
        dressed(cluster, RAY)

    template["spec"] = {"containers": [{"name": "ray"}], "priorityClassName": "foreign"}
    with pytest.raises(ManifestUnsafeError, match="foreign"):
        dressed(cluster, RAY)


def test_service_outside_the_cluster_is_refused() -> None:
    service = {"metadata": {"name": "dra-support-x"}, "spec": {"type": "LoadBalancer"}}

    with pytest.raises(ManifestUnsafeError):
        dressed(service, SERVICE)


def test_cluster_wide_objects_are_refused() -> None:
    with pytest.raises(ManifestUnsafeError, match="outside every namespace"):
        dressed({"metadata": {"name": "dra-support-x"}}, DEVICE_CLASS)


def test_root_is_for_the_probe_namespace_alone() -> None:
    root = pod(securityContext={"runAsUser": 0})

    made = dressed(root, namespace=PROBE, security="baseline")

    assert made["spec"]["securityContext"]["runAsUser"] == 0
    with pytest.raises(ManifestUnsafeError):
        dressed(container(securityContext={"privileged": True}), security="baseline")


@pytest.mark.parametrize(
    ("resource", "manifest"),
    [
        (POD, pod()),
        (DEPLOYMENT, {"metadata": {"name": "dra-support-d"},
                      "spec": {"template": pod() | {"metadata": {"labels": {"app": "a"}}}}}),
        (JOB, {"metadata": {"name": "dra-support-j"}, "spec": {"template": pod()}}),
        (RAY, {"metadata": {"name": "dra-support-r"},
               "spec": {"headGroupSpec": {"template": pod()},
                        "workerGroupSpecs": [{"template": pod()}, {"template": pod()}]}}),
    ],
)  # fmt: skip
def test_every_pod_is_dressed_wherever_it_is(resource: Resource, manifest: Json) -> None:
    made = dressed(manifest, resource)

    specs = list(pod_specs(made))
    assert specs
    assert MANNERS.own(made)
    for owner, spec, template in specs:
        assert spec["priorityClassName"] == "aiconform-background"
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        for term in terms["nodeSelectorTerms"]:
            assert term["matchExpressions"][-1]["values"] == ["n1", "n2"]
        for each in spec["containers"]:
            assert each["image"] == "ours"
            assert each["resources"]["requests"] == each["resources"]["limits"]
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        if template:
            assert MANNERS.own(owner)


def test_only_templates_get_labels_of_their_own() -> None:
    """A kind's own field may hold a pod specification; a `metadata` beside it would be unknown."""
    manifest = {
        "metadata": {"name": "dra-support-x"},
        "spec": {"predictor": {"containers": [{"name": "c"}]}},
    }
    told = Manners(**{**vars(MANNERS), "annotations": {"site": "a"}})

    made = told.dressed(manifest, resource=RAY, namespace=WORK, security="restricted")

    assert set(made["spec"]) == {"predictor"}
    assert made["spec"]["predictor"]["priorityClassName"]


def test_template_without_metadata_is_labelled() -> None:
    manifest = {
        "metadata": {"name": "dra-support-x"},
        "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}},
    }

    made = dressed(manifest, resource=RAY)

    assert made["spec"]["template"]["metadata"]["labels"].items() >= MANNERS.own_labels.items()


def test_job_of_another_group_is_no_job_of_kubernetes() -> None:
    volcano = Resource("batch.volcano.sh", "v1alpha1", "jobs", "Job")

    made = dressed({"metadata": {"name": "dra-support-x"}, "spec": {"tasks": []}}, resource=volcano)

    assert made["spec"] == {"tasks": []}


def test_pods_that_may_scale_are_pinned_to_no_node() -> None:
    scaling = Manners(run="r", job="j", check="dra_support", image="ours")

    made = scaling.dressed(
        pod(priorityClassName="aiconform-scale"), resource=POD, namespace=WORK,
        security="restricted",
    )  # fmt: skip

    assert "affinity" not in made["spec"]
    assert made["spec"]["priorityClassName"] == "aiconform-scale"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "spec", "metadata", "containers", "name"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["spec", "data", "metadata", "status"]), json_values))
def test_whatever_a_manifest_holds_it_stays_with_us(manifest: Json) -> None:
    """Refused, or in our namespace with our labels: there is no third way."""
    manifest = {**manifest, "metadata": {"name": "dra-support-x"}}
    try:
        made = dressed(manifest, CONFIG_MAP)
    except (ManifestUnsafeError, AttributeError, TypeError, ValueError):
        return  # nonsense is a defect of the check, and ends it

    assert made["metadata"]["namespace"] == WORK
    assert MANNERS.own(made)


async def test_undeclared_calls_end_the_check_and_reach_no_server() -> None:
    async def run(ctx: Context) -> None:
        async with ctx.step("made"):
            await ctx.apply(SERVICE, {"metadata": {"name": ctx.name("s")}})

    platform = FakePlatform()
    check = toy(run)

    verdict = platform.verdict(check, await platform.run(check), version="1.35")

    assert (verdict.outcome, verdict.reason) == ("ERROR", "CheckBroken")
    assert "does not declare: create services in the work namespace" in verdict.sentence
    assert not any(call.startswith("create services") for call in platform.objects.calls)


async def test_foreign_objects_can_be_neither_changed_nor_deleted() -> None:
    platform = FakePlatform()
    foreign = platform.objects.put(POD, pod(), namespace=WORK)
    foreign["metadata"]["name"] = "dra-support-looks-alike"

    async def delete(ctx: Context) -> None:
        await ctx.delete(POD, foreign)

    async def patch(ctx: Context) -> None:
        await ctx.patch(POD, "somebody-else", {"metadata": {"labels": {"a": "b"}}})

    for run in (delete, patch):
        check = toy(run)
        verdict = platform.verdict(check, await platform.run(check), version="1.35")
        assert (verdict.outcome, verdict.reason) == ("ERROR", "CheckBroken")
    assert not any(c.startswith(("delete", "patch")) for c in platform.objects.calls)


async def test_patch_may_not_hold_what_a_manifest_may_not() -> None:
    async def run(ctx: Context) -> None:
        made = await ctx.apply(POD, pod_manifest(ctx))
        name = made["metadata"]["name"]
        await ctx.patch(POD, name, {"spec": {"priorityClassName": "system-cluster-critical"}})

    check = toy(run)
    platform = FakePlatform()

    verdict = platform.verdict(check, await platform.run(check), version="1.35")

    assert verdict.reason == "CheckBroken"
    assert not any(call.startswith("patch") for call in platform.objects.calls)


async def test_only_a_dry_run_may_ask_for_what_must_not_be_made() -> None:
    async def run(ctx: Context) -> None:
        unsafe = pod_manifest(ctx, hostNetwork=True)
        async with ctx.step("dry") as seen:
            reply = await ctx.attempt(POD, unsafe, unsafe=True)
            seen["ok"] = reply.ok
        async with ctx.step("pod-runs"):
            await ctx.attempt(POD, unsafe, unsafe=True, dry_run=False)

    check = toy(run)
    platform = FakePlatform()

    entries = await platform.run(check)

    assert platform.verdict(check, entries, version="1.35").reason == "CheckBroken"
    assert not platform.objects.all(POD)


@pytest.mark.parametrize(
    "right",
    [
        *looks_at(NODE, verbs=("patch",), why="no"),
        *makes(Resource("", "v1", "secrets", "Secret"), why="no"),
        *makes(POD, why="no", namespace="probe"),
        Right("create", "", "pods/exec", True, "no", "no", namespace="work"),
        Right("list", "", "pods", True, "no", "no"),
    ],
)
def test_declaration_may_not_ask_for_more(right: Right) -> None:
    with pytest.raises(ValueError, match="dra_support"):
        Check(
            id="dra_support", rights=(right,), time_box_s=1, cost="", run=TOY.run,
            evaluate=TOY.evaluate,
        )  # fmt: skip


def test_workload_takes_the_flags_of_its_server() -> None:
    made = workload("echo", "--backend", "a", port=8080, devices={"x.com/gpu": 1}, claims=("c",))

    assert made["command"] == ["python3", "-m", "aiconform.workload", "echo", "--backend", "a"]
    assert made["resources"] == {"limits": {"x.com/gpu": "1"}, "claims": [{"name": "c"}]}
