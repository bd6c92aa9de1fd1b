"""What the check has to know of an operator: one row of the table (pure)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiconform.checks.framework import Resource, workload
from aiconform.cluster.resources import POD

Json = dict[str, Any]
Make = Callable[[str], Json]
# What was owned before and is owned now: was the change followed?
Followed = Callable[[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]], bool]

PORT = 8080
# A job's pods last so long: one is deleted meanwhile, and another has to come.
JOB_S = 20


@dataclass(frozen=True)
class Sample:
    """An object that its schema lets pass and that the operator has to refuse."""

    defect: str
    manifest: Make


def more_pods(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> bool:
    return _pods(now) > _pods(before)


def _pods(owned: Sequence[Mapping[str, Any]]) -> int:
    return sum(each.get("kind") == POD.kind for each in owned)


@dataclass(frozen=True)
class Operator:
    """
    Attributes:
        key: Begins the names of its steps and objects.
        kinds: The kind that is tried, in each version that the check can speak, the newest first.
        controllers: Values of the labels app.kubernetes.io/name, app or control-plane by which its
            Deployments are found.
        samples: What its webhook has to refuse, the surest first.
        valid: What differs from the samples in the defect alone.
        complex: An AI operator by itself; else others are built on it.
        needs: Objects of ours that must be there first.
        reconciles: Whether the valid object is made, too; False: only tried in dry runs.
        good: Conditions that come to be True; `good_path`: or a value at a path of the object.
        ends: It runs to an end, so the change comes while it runs.
        starts_empty: Nothing is owned before the change.
        change, patch, followed: One mutable field, as a merge patch of the object as it is.
        by_generation: A status that has seen the change follows it, too.
        owns: Kinds that the operator and those that it uses make.
        heals: The kind of which one object is deleted, and has to come again.
        own_refusal: For operators that ship no webhook: what the controller itself refuses, and
            the reasons of the events in which it says so.
    """

    key: str
    title: str
    kinds: tuple[Resource, ...]
    controllers: frozenset[str]
    samples: tuple[Sample, ...]
    valid: Make
    complex: bool = True
    needs: tuple[tuple[Resource, Make], ...] = ()
    reconciles: bool = True
    good: tuple[str, ...] = ()
    good_path: tuple[tuple[str, ...], str] | None = None
    ends: bool = False
    starts_empty: bool = False
    change: str = ""
    patch: Callable[[Mapping[str, Any]], Json] = field(default=lambda _: {})
    followed: Followed = more_pods
    by_generation: bool = False
    owns: tuple[Resource, ...] = (POD,)
    heals: Resource = POD
    own_refusal: Sample | None = None
    refusal_reasons: frozenset[str] = frozenset()

    @property
    def definition(self) -> str:
        """Name of its CustomResourceDefinition."""
        return self.kinds[0].qualified


def lasting(name: str) -> Json:
    """A container of our image that serves until it is ended."""
    made = workload("echo", "--backend", "a", name=name, port=PORT)
    made["livenessProbe"] = {**made["readinessProbe"], "periodSeconds": 10}
    return made


def passing(name: str) -> Json:
    """A container of our image that ends well after some seconds."""
    program = f"import time; time.sleep({JOB_S})"
    return {"name": name, "command": ["python3", "-c", program]}


def pod(container: Json, **spec: Any) -> Json:
    """A pod template."""
    return {"spec": {**spec, "containers": [container]}}
