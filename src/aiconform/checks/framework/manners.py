"""
How an object of a check is dressed before it is made, and what is refused outright (pure).

All manners of the spec's section 0.5 that a manifest can break are kept here, so that no check can
break them by accident: our namespaces, our labels, our images, a priority that pre-empts nobody,
no service account, nothing of the host, a time limit, and nodes that are there already.
"""

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiconform.checks.framework.errors import ManifestUnsafeError
from aiconform.checks.framework.refusals import Security, unsafe, walk
from aiconform.cluster.facts import RUN_LABEL
from aiconform.cluster.placement import merged_tolerations
from aiconform.cluster.resources import JOB, POD, Resource
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]
CHECK_LABEL = "aiconform/check"
USER = 65532
GRACE_S = 2
# An anti-affinity to new nodes names those that are there; more would not fit well into an object.
MOST_HOSTNAMES = 500
_REQUESTS = {"cpu": "200m", "memory": "96Mi"}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_HOSTNAME = "kubernetes.io/hostname"
_PLAIN = frozenset({"cpu", "memory", "ephemeral-storage"})


@dataclass(frozen=True)
class Manners:
    """What is alike for all objects of one check."""

    run: str
    job: str
    check: str
    image: str
    images: Collection[str] = ()  # further ones, named in the site's settings
    pull_policy: str = "IfNotPresent"
    pull_secrets: Sequence[str] = ()
    tolerations: Sequence[Mapping[str, Any]] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    background: str = "aiconform-background"
    scale: str = "aiconform-scale"
    hostnames: Sequence[str] = ()  # nodes that are there; empty: pods are not pinned
    deadline_s: int = 3600

    @property
    def own_labels(self) -> dict[str, str]:
        return {
            "app.kubernetes.io/name": "aiconform",
            "app.kubernetes.io/instance": self.job,
            "app.kubernetes.io/managed-by": "aiconform",
            RUN_LABEL: self.run,
            CHECK_LABEL: self.check,
        }

    @property
    def selector(self) -> str:
        """Finds every object of this check in this run, and no other."""
        return f"{RUN_LABEL}={self.run},{CHECK_LABEL}={self.check}"

    def own(self, found: Mapping[str, Any]) -> bool:
        """Is this object of this check and run?"""
        labels = mapping(mapping(found.get("metadata")).get("labels"))
        return all(labels.get(key) == value for key, value in self.own_labels.items())

    def dressed(
        self,
        manifest: Mapping[str, Any],
        *,
        resource: Resource,
        namespace: str,
        security: Security,
    ) -> Json:
        """
        The object as it is made.

        Raises:
            ManifestUnsafeError: It would break the manners; the message says which.
        """
        made: Json = copy.deepcopy(dict(manifest))
        made["apiVersion"], made["kind"] = resource.api_version, resource.kind
        metadata = self.labelled(made, resource=resource, namespace=namespace)
        made["metadata"] = metadata
        self.refuse_unsafe(made, security=security)
        for owner, spec, template in pod_specs(made):
            if template:
                self._label_template(owner)
            if self.annotations and (template or "metadata" in owner):
                told = mapping(mapping(owner.get("metadata")).get("annotations"))
                owner.setdefault("metadata", {})["annotations"] = {**self.annotations, **told}
            self._dress_pod(spec, security=security)
        if resource == POD:
            made["spec"].setdefault("restartPolicy", "Never")
            made["spec"].setdefault("activeDeadlineSeconds", self.deadline_s)
        if resource == JOB:
            made["spec"].setdefault("activeDeadlineSeconds", self.deadline_s)
            made["spec"]["template"]["spec"].setdefault("restartPolicy", "Never")
        if resource.kind == "ResourceClaimTemplate":
            self._label_template(made["spec"])
        return made

    def labelled(self, manifest: Mapping[str, Any], *, resource: Resource, namespace: str) -> Json:
        """
        The object's metadata with our labels.

        Raises:
            ManifestUnsafeError: It is outside our namespaces, or names an owner or a finalizer.
        """
        metadata: Json = dict(mapping(manifest.get("metadata")))
        name = str(metadata.get("name") or "")
        if not resource.namespaced:
            raise ManifestUnsafeError(f"{resource.kind} {name} would be outside every namespace")
        if metadata.get("namespace", namespace) != namespace:
            raise ManifestUnsafeError(
                f"{resource.kind} {name} would be in namespace {metadata['namespace']}"
            )
        if metadata.get("finalizers"):
            raise ManifestUnsafeError(f"{resource.kind} {name} would have a finalizer")
        if not name.startswith(f"{prefix_of(self.check)}-"):
            raise ManifestUnsafeError(
                f"{resource.kind} {name}: take the name from `ctx.name`, so that checks never meet"
            )
        labels = {**self.labels, **mapping(metadata.get("labels")), **self.own_labels}
        return {**metadata, "namespace": namespace, "labels": labels}

    def refuse_unsafe(self, part: Any, *, security: Security) -> None:
        """
        Look through a manifest or a patch for what no object of a check may have.

        Raises:
            ManifestUnsafeError: Names what, and where.
        """
        for path, key, value in walk(part, ""):
            problem = unsafe(key, value, security)
            if key == "priorityClassName" and value not in {self.background, self.scale}:
                problem = f"{value} is not one of our priority classes"
            if problem:
                raise ManifestUnsafeError(f"{path}.{key}: {problem}")

    def _label_template(self, template: Json) -> None:
        metadata: Json = dict(mapping(template.get("metadata")))
        labels = {**self.labels, **mapping(metadata.get("labels")), **self.own_labels}
        template["metadata"] = {**metadata, "labels": labels}

    def _dress_pod(self, spec: Json, *, security: Security) -> None:
        spec.setdefault("priorityClassName", self.background)
        spec["automountServiceAccountToken"] = False
        spec["enableServiceLinks"] = False
        spec.setdefault("terminationGracePeriodSeconds", GRACE_S)
        spec["nodeSelector"] = {
            "kubernetes.io/os": "linux",
            **self.node_selector,
            **mapping(spec.get("nodeSelector")),
        }
        spec["imagePullSecrets"] = [{"name": name} for name in self.pull_secrets]
        spec["tolerations"] = merged_tolerations(
            spec.get("tolerations") or (), self.tolerations, _tolerations_of(spec)
        )
        context = mapping(spec.get("securityContext"))
        spec["securityContext"] = {**_pod_security(security), **context}
        for container in _containers(spec):
            self._dress_container(container, security=security)
        if self.hostnames:
            _pin(spec, self.hostnames)

    def _dress_container(self, container: Json, *, security: Security) -> None:
        image = container.setdefault("image", self.image)
        if image != self.image and image not in self.images:
            raise ManifestUnsafeError(
                f"image {image} is neither ours nor named in the check's settings (images)"
            )
        container.setdefault("imagePullPolicy", self.pull_policy)
        container["securityContext"] = {
            **_container_security(security),
            **mapping(container.get("securityContext")),
        }
        given = mapping(container.get("resources"))
        limits = {**mapping(given.get("limits")), **mapping(given.get("requests"))}
        asked = {**_REQUESTS, **limits}
        rest = {key: value for key, value in given.items() if key not in {"requests", "limits"}}
        container["resources"] = {**rest, "requests": dict(asked), "limits": dict(asked)}


def prefix_of(check: str) -> str:
    """What every object's name of the check begins with."""
    return check.replace("_", "-")


def pod_specs(manifest: Json) -> Iterator[tuple[Json, Json, bool]]:
    """
    Every pod specification anywhere in a manifest: (what holds it, itself, is it a template?).

    A mapping with a list of `containers` is one, so kinds that we have never heard of are served.
    It is in a template when it is that template's `spec`; KServe's `predictor`, say, is in none.
    """
    yield from _pod_specs(manifest, at_top=True)


def _pod_specs(part: Any, *, at_top: bool) -> Iterator[tuple[Json, Json, bool]]:
    if isinstance(part, dict):
        for key, inner in list(part.items()):  # who dresses it adds metadata
            if isinstance(inner, dict) and isinstance(inner.get("containers"), list):
                yield part, inner, key == "spec" and not at_top
            else:
                yield from _pod_specs(inner, at_top=False)
    elif isinstance(part, list):
        for inner in part:
            yield from _pod_specs(inner, at_top=False)


def _containers(spec: Json) -> Iterator[Json]:
    for key in ("initContainers", "containers"):
        yield from (c for c in spec.get(key) or () if isinstance(c, dict))


def _tolerations_of(spec: Json) -> list[Json]:
    """For the usual taint of the accelerators that the pod asks for: the resource's own name."""
    asked = {
        resource
        for container in _containers(spec)
        for kind in ("requests", "limits")
        for resource in mapping(mapping(container.get("resources")).get(kind))
        if resource not in _PLAIN and "/" in resource
    }
    return [{"key": resource, "operator": "Exists"} for resource in sorted(asked)]


def _pod_security(security: Security) -> Json:
    seccomp = {"seccompProfile": {"type": "RuntimeDefault"}}
    if security == "baseline":
        return seccomp
    return {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER, **seccomp}


def _container_security(security: Security) -> Json:
    if security == "baseline":
        return {}
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _pin(spec: Json, hostnames: Sequence[str]) -> None:
    """
    Only nodes that are there: an autoscaler that adds one could not help this pod.

    Terms are alternatives, so the expression goes into each of them.
    """
    ours = {"key": _HOSTNAME, "operator": "In", "values": list(hostnames[:MOST_HOSTNAMES])}
    affinity: Json = dict(mapping(spec.get("affinity")))
    node: Json = dict(mapping(affinity.get("nodeAffinity")))
    terms = mappings(mapping(node.get(_REQUIRED)).get("nodeSelectorTerms")) or [{}]
    pinned = [
        {**term, "matchExpressions": [*mappings(term.get("matchExpressions")), ours]}
        for term in terms
    ]
    node[_REQUIRED] = {"nodeSelectorTerms": pinned}
    spec["affinity"] = {**affinity, "nodeAffinity": node}
