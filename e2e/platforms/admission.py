"""
Platforms that misbehave in admission: the object that a user creates is not the one that is kept.

A MutatingAdmissionPolicy is the cheapest way to make a real program misbehave: what it is given is
wrong, and all that it does from there on is real.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms.objects import Manifest, applied

GROUP = "admissionregistration.k8s.io/v1"


@contextmanager
def rewriting(
    lab: Lab,
    name: str,
    *,
    group: str,
    version: str,
    resource: str,
    patches: str,
    condition: str = "true",
    operations: Sequence[str] = ("CREATE", "UPDATE"),
    probe: Manifest,
    rewritten: Callable[[dict[str, Any]], bool],
) -> Iterator[None]:
    """
    Rewrite objects of a resource as they arrive, for the block.

    Args:
        lab: A lab that is up.
        name: Of the policy.
        group: API group, "" for the core one.
        version: API version.
        resource: Plural name.
        patches: CEL expression that gives a list of JSONPatch.
        condition: CEL expression; objects for which it is false stay as they are.
        operations: CREATE, UPDATE.
        probe: An object that is created again and again as a dry run, because the API server needs
            some seconds to take a policy up.
        rewritten: Does the answer to it show the rewriting?

    Raises:
        NotReadyError: The policy did not come into force.
    """
    rule = {
        "apiGroups": [group],
        "apiVersions": [version],
        "operations": list(operations),
        "resources": [resource],
    }
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [{"name": "wanted", "expression": condition}],
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patches}}],
    }
    policy = _object("MutatingAdmissionPolicy", name, spec)
    binding = _object("MutatingAdmissionPolicyBinding", name, {"policyName": name})
    with applied(lab, [policy, binding]):
        _wait_until_in_force(lab, name, probe, rewritten)
        yield


def _object(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": GROUP, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


def _wait_until_in_force(
    lab: Lab, name: str, probe: Manifest, rewritten: Callable[[dict[str, Any]], bool]
) -> None:
    dry = ("create", "--dry-run=server", "-o", "json", "-f", "-")
    wait_for(
        f"{name} to be in force",
        lambda: rewritten(json.loads(lab.kubectl(*dry, input=json.dumps(probe)))),
        limit_s=60,
        pause_s=0.5,
    )
