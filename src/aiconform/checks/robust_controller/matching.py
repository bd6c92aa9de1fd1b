"""
Which registered webhooks see an object of a kind, as the API server decides it (pure).

Source: k8s.io/apiserver, pkg/admission/plugin/webhook: rules, namespace, object.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography import x509

from aiconform.cluster.resources import Resource
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]
Labels = Mapping[str, str]


def webhooks_for(
    configurations: Sequence[Mapping[str, Any]],
    *,
    resource: Resource,
    served: Sequence[str],
    namespace: Labels,
    labels: Labels,
    now: datetime,
) -> list[Json]:
    """
    The webhooks whose rules name the kind's own group.

    Those with rules for every group are the platform's policies, and not the operator's.

    Args:
        configurations: Validating or mutating ones.
        served: The versions of the kind that the API serves.
        namespace: Labels of the namespace that the object goes into.
        labels: Of the object.

    Returns:
        JSON for each: name, configuration, policy, reaches (would it see our object?), kept_out_by
        (the selectors that keep it out), service, trust (what is wrong with its CA; empty: nothing)
        and more as it is registered.
    """
    return [
        _described(hook, configuration, namespace=namespace, labels=labels, now=now)
        for configuration in configurations
        for hook in mappings(configuration.get("webhooks"))
        if any(
            _rule_names(rule, resource, served, exact=hook.get("matchPolicy") == "Exact")
            for rule in mappings(hook.get("rules"))
        )
    ]


def _rule_names(
    rule: Mapping[str, Any], kind: Resource, served: Sequence[str], *, exact: bool
) -> bool:
    versions = {kind.version} if exact else {kind.version, *served}
    scope = rule.get("scope") or "*"
    return (
        kind.group in (rule.get("apiGroups") or ())
        and bool(versions & set(rule.get("apiVersions") or ()) or _any(rule, "apiVersions"))
        and ("CREATE" in (rule.get("operations") or ()) or _any(rule, "operations"))
        and any(_resource_named(str(each), kind.plural) for each in rule.get("resources") or ())
        and scope in {"*", "Namespaced" if kind.namespaced else "Cluster"}
    )


def _any(rule: Mapping[str, Any], key: str) -> bool:
    return "*" in (rule.get(key) or ())


def _resource_named(told: str, plural: str) -> bool:
    name, _, subresource = told.partition("/")
    return name in {"*", plural} and subresource in {"", "*"}


def _described(
    hook: Mapping[str, Any],
    configuration: Mapping[str, Any],
    *,
    namespace: Labels,
    labels: Labels,
    now: datetime,
) -> Json:
    client = mapping(hook.get("clientConfig"))
    kept_out = [
        name
        for name, seen in (("namespaceSelector", namespace), ("objectSelector", labels))
        if not selects(hook.get(name), seen)
    ]
    service = mapping(client.get("service"))
    return {
        "name": hook.get("name"),
        "configuration": mapping(configuration.get("metadata")).get("name"),
        "policy": hook.get("failurePolicy") or "Fail",
        "side_effects": hook.get("sideEffects"),
        "timeout_s": hook.get("timeoutSeconds"),
        "reaches": not kept_out,
        "kept_out_by": {name: hook.get(name) for name in kept_out},
        "conditions": [c.get("expression") for c in mappings(hook.get("matchConditions"))],
        "service": {"namespace": service.get("namespace"), "name": service.get("name")}
        if service
        else None,
        "url": client.get("url"),
        "trust": trust_problem(client.get("caBundle"), now=now),
    }


def selects(selector: Any, labels: Labels) -> bool:
    """Does a label selector take these labels? An empty one, or none, takes all."""
    wanted = mapping(mapping(selector).get("matchLabels"))
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _term_holds(term, labels) for term in mappings(mapping(selector).get("matchExpressions"))
    )


def _term_holds(term: Mapping[str, Any], labels: Labels) -> bool:
    key, values = str(term.get("key")), term.get("values") or ()
    match term.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def trust_problem(bundle: Any, *, now: datetime) -> str:
    """What is wrong with the CA that a webhook's server is checked with; empty: nothing."""
    if not bundle:
        return ""  # the API server's own trust counts
    try:
        pem = base64.b64decode(str(bundle), validate=True)
        certificates = x509.load_pem_x509_certificates(pem)
    except (binascii.Error, ValueError) as exc:
        return f"its caBundle cannot be read: {exc}"[:200]
    if any(_valid(each, now) for each in certificates):
        return ""
    return "; ".join(_expiry(certificates))


def _valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _expiry(certificates: Sequence[x509.Certificate]) -> Iterator[str]:
    for each in certificates[:3]:
        span = f"{each.not_valid_before_utc:%Y-%m-%d} to {each.not_valid_after_utc:%Y-%m-%d}"
        yield f"its CA is valid from {span}"
