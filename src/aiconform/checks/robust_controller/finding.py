"""Looking: which operators are installed, which webhooks they registered, and who serves them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiconform.checks.framework import Context, Resource
from aiconform.checks.robust_controller.matching import webhooks_for
from aiconform.checks.robust_controller.operators import Operator, operators_at
from aiconform.cluster.facts import pod_facts
from aiconform.cluster.resources import (
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    MUTATING_WEBHOOK,
    POD,
    VALIDATING_WEBHOOK,
)
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

NAMESPACE = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
SERVICE_LABEL = "kubernetes.io/service-name"
_NAME_LABELS = ("app.kubernetes.io/name", "app", "control-plane")
_MOST_PODS = 20


@dataclass(frozen=True)
class Found:
    """An operator whose kind is served. `registered`: its validating webhooks' names."""

    operator: Operator
    resource: Resource
    served: tuple[str, ...]
    registered: tuple[str, ...]


@dataclass(frozen=True)
class Registrations:
    """Webhook configurations, and the labels of the namespace that our objects go into."""

    validating: Sequence[Mapping[str, Any]]
    mutating: Sequence[Mapping[str, Any]]
    namespace: Mapping[str, str]

    def of(
        self, resource: Resource, served: Sequence[str], *, labels: Mapping[str, str], now: float
    ) -> tuple[list[Json], list[Json]]:
        """(validating, mutating) webhooks for a kind; see `webhooks_for`."""
        validating, mutating = (
            webhooks_for(
                configurations, resource=resource, served=served, namespace=self.namespace,
                labels=labels, now=datetime.fromtimestamp(now, UTC),
            )
            for configurations in (self.validating, self.mutating)
        )  # fmt: skip
        return validating, mutating


async def find_operators(ctx: Context) -> tuple[list[Found], Registrations]:
    """Those that are there, in the order in which they are tried: with webhooks first."""
    found: list[Found] = []
    registrations = Registrations((), (), {})
    async with ctx.step("operators") as seen:
        operators = operators_at(ctx.settings)
        told = [await _definition(ctx, operator) for operator in operators]
        registrations = await _registrations(ctx)
        seen["installed"] = [each for each in told if each is not None]
        found = [
            _found(operator, each, registrations, now=ctx.now())
            for operator, each in zip(operators, told, strict=True)
            if each is not None and each["usable"]
        ]
        found.sort(key=lambda each: not each.registered)
        seen["order"] = [each.operator.key for each in found]
        seen["registered"] = {each.operator.key: list(each.registered) for each in found}
    return found if seen.ok else [], registrations


async def _definition(ctx: Context, operator: Operator) -> Json | None:
    found = await ctx.get(CUSTOM_RESOURCE_DEFINITION, operator.definition, namespace=None)
    if found is None:
        return None
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    conditions = {c.get("type"): c.get("status") for c in mappings(status.get("conditions"))}
    versions = mappings(spec.get("versions"))
    served = [str(v["name"]) for v in versions if v.get("served")]
    usable = [kind.version for kind in operator.kinds if kind.version in served]
    return {
        "key": operator.key,
        "title": operator.title,
        "definition": operator.definition,
        "established": conditions.get("Established") == "True",
        "names_accepted": conditions.get("NamesAccepted") == "True",
        "served": served,
        "stored": [str(v["name"]) for v in versions if v.get("storage")],
        "conversion": mapping(spec.get("conversion")).get("strategy", "None"),
        "version": usable[0] if usable else None,
        "usable": bool(usable)
        and all(conditions.get(c) == "True" for c in ("Established", "NamesAccepted")),
    }


async def _registrations(ctx: Context) -> Registrations:
    own = await ctx.get(NAMESPACE, ctx.work, namespace=None) or {}
    return Registrations(
        validating=await ctx.find(VALIDATING_WEBHOOK, namespace=None),
        mutating=await ctx.find(MUTATING_WEBHOOK, namespace=None),
        namespace=mapping(mapping(own.get("metadata")).get("labels")),
    )


def _found(
    operator: Operator, told: Mapping[str, Any], registrations: Registrations, *, now: float
) -> Found:
    resource = next(kind for kind in operator.kinds if kind.version == told["version"])
    served = tuple(told["served"])
    validating, _ = registrations.of(resource, served, labels={}, now=now)
    return Found(operator, resource, served, tuple(str(each["name"]) for each in validating))


async def see_webhooks(
    ctx: Context, found: Found, registrations: Registrations, labels: Mapping[str, str]
) -> list[Json]:
    """The validating webhooks that are asked, or would be, about an object of ours."""
    async with ctx.step(f"{found.operator.key}-webhooks") as seen:
        validating, mutating = registrations.of(
            found.resource, found.served, labels=labels, now=ctx.now()
        )
        seen.update({"validating": validating, "mutating": mutating})
        await ctx.file(
            f"webhooks-{found.operator.key}.json",
            json.dumps({"validating": validating, "mutating": mutating}, indent=2),
        )
    return validating


async def see_controller(
    ctx: Context, found: Found, webhooks: Sequence[Mapping[str, Any]], *, step: str
) -> None:
    """The pods behind the webhooks, and those of Deployments that bear the operator's name."""
    async with ctx.step(f"{found.operator.key}-{step}") as seen:
        services = {
            (str(hook["service"]["namespace"]), str(hook["service"]["name"]))
            for hook in webhooks
            if hook["service"]
        }
        names = {namespace: await _behind(ctx, namespace, name) for namespace, name in services}
        deployments = [
            each
            for each in await ctx.find(DEPLOYMENT, namespace=None)
            if _bears_name(each, found.operator.controllers)
        ]
        pods = [pod for each in names for pod in await _pods(ctx, each, names[each], ())]
        for deployment in deployments:
            labels = mapping(mapping(deployment["spec"].get("selector")).get("matchLabels"))
            pods += await _pods(ctx, deployment["metadata"]["namespace"], (), labels)
        seen["services"] = [f"{namespace}/{name}" for namespace, name in sorted(services)]
        seen["deployments"] = [_deployment(each) for each in deployments]
        seen["pods"] = list({pod["uid"]: pod for pod in pods}.values())[:_MOST_PODS]


async def _behind(ctx: Context, namespace: str, service: str) -> tuple[str, ...]:
    """Names of the pods that the Service's endpoints are."""
    slices = await ctx.find(
        ENDPOINT_SLICE, namespace=namespace, labels=f"{SERVICE_LABEL}={service}"
    )
    references = [
        mapping(endpoint.get("targetRef"))
        for each in slices
        for endpoint in mappings(each.get("endpoints"))
    ]
    return tuple(str(r.get("name")) for r in references if r.get("kind") == POD.kind)


def _bears_name(deployment: Mapping[str, Any], names: frozenset[str]) -> bool:
    labels = mapping(mapping(deployment.get("metadata")).get("labels"))
    return any(labels.get(key) in names for key in _NAME_LABELS)


async def _pods(ctx: Context, namespace: str, names: Sequence[str], labels: Any) -> list[Json]:
    if not names and not labels:
        return []
    selector = ",".join(f"{key}={value}" for key, value in sorted(dict(labels).items()))
    found = await ctx.find(POD, namespace=namespace, labels=selector)
    return [
        _controller_pod(each) for each in found if not names or each["metadata"]["name"] in names
    ]


def _controller_pod(pod: Mapping[str, Any]) -> Json:
    told = pod_facts(pod)
    return {
        "uid": told.uid,
        "name": f"{pod['metadata'].get('namespace')}/{told.name}",
        "ready": told.ready and not told.terminating,
        "restarts": told.restarts,
    }


def _deployment(found: Mapping[str, Any]) -> Json:
    metadata, status = found["metadata"], mapping(found.get("status"))
    return {
        "name": f"{metadata.get('namespace')}/{metadata['name']}",
        "wanted": found["spec"].get("replicas", 1),
        "ready": status.get("readyReplicas", 0),
    }
