"""The whole MUST set in one run, on a platform that has all it looks for, beside its users."""

from pathlib import Path

import pytest

from aiconform.checks.framework.registry import all_checks
from aiconform.cluster.rights import Right
from e2e import audit, foreign, product, requirements
from e2e.lab.accelerators import Accelerators
from e2e.lab.lab import Lab
from e2e.platforms.everything import everything
from e2e.requirements import RELEASE

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(1800, func_only=True)]


# Of ways that this platform's pieces do not need, though the API serves them: PodMonitors beside
# annotations, gangs of Jobs and of 1.35's Workloads, devices by claim beside those by plugin, what
# is looked at only when something is wrong.
OTHER_WAYS = frozenset({
    ("create", "monitoring.coreos.com", "podmonitors"),
    ("delete", "monitoring.coreos.com", "podmonitors"),
    ("create", "batch", "jobs"), ("delete", "batch", "jobs"),
    ("create", "scheduling.k8s.io", "workloads"), ("get", "scheduling.k8s.io", "workloads"),
    ("delete", "scheduling.k8s.io", "workloads"),
    ("create", "resource.k8s.io", "resourceclaims"), ("get", "resource.k8s.io", "resourceclaims"),
    ("delete", "resource.k8s.io", "resourceclaims"),
    ("patch", "gateway.networking.k8s.io", "gateways"), ("get", "", "configmaps"),
    ("get", "", "namespaces"), ("list", "", "events"), ("list", "apps", "statefulsets"),
})  # fmt: skip


@pytest.mark.usefixtures("tidy")
def test_all_pass_ask_for_what_they_may_and_disturb_nobody(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    image = Accelerators(lab).load_image()
    with (
        everything(lab) as values,
        foreign.holder(lab, image, node="node3") as user,
        audit.recorded(lab, release=RELEASE) as asked,
    ):
        before = user.state
        run = requirements.check(
            lab,
            images,
            results,
            ",".join(sorted(requirements.MUST)),
            "--name",
            "all",
            values=values,
            version="1.35",
            limit_s=1500.0,
        )
        after, served = user.state, groups(lab)

    told = {check: requirements.told(run, check) for check in sorted(requirements.MUST)}
    assert told == dict.fromkeys(sorted(requirements.MUST), ("PASS", "Ok")), run.output
    assert after == before
    assert asked.denied == set()
    assert {right for right in idle(asked) if right[1] in served} <= OTHER_WAYS


def groups(lab: Lab) -> frozenset[str]:
    """API groups that are served; "" for the core's."""
    lines = lab.kubectl("api-versions").splitlines()
    return frozenset(line.rpartition("/")[0] for line in lines)


def idle(asked: audit.Asked) -> set[tuple[str, str, str]]:
    """(verb, group, resource) of each right of a MUST check that no call has used."""
    return {
        (right.verb, right.group, right.resource)
        for check in requirements.MUST
        for right in all_checks()[check].rights
        if not any(_used(right, call) for call in asked.used)
    }


def _used(right: Right, call: tuple[str, str, str, str]) -> bool:
    where = f"{RELEASE}-{right.namespace}" if right.namespaced else "cluster"
    return call[:3] == (where, right.verb, right.group) and right.resource in {call[3], "*"}
