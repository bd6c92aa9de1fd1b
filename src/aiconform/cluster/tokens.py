"""
What a TokenReview says (pure).

Only a token that was bound to a pod on a node is of use: the keys below come with projected tokens
of Kubernetes 1.30 and newer, and are set by the API server, not by the pod.
"""

from collections.abc import Mapping
from typing import Any

from aiconform.cluster.protocol import TokenFacts
from aiconform.cluster.trouble import mapping

_EXTRA = "authentication.kubernetes.io"
_ACCOUNT = "system:serviceaccount:"


def token_facts(review: Mapping[str, Any], *, audience: str) -> TokenFacts | None:
    """Whom an answered TokenReview names; None when not authenticated for this audience."""
    status = mapping(review.get("status"))
    audiences = status.get("audiences")
    # An API server that does not know audiences leaves the list out: then the token proves nothing.
    if status.get("authenticated") is not True or audience not in (audiences or ()):
        return None
    user = mapping(status.get("user"))
    account = str(user.get("username", ""))
    extra = mapping(user.get("extra"))
    node, pod, uid = (_only(extra, key) for key in ("node-name", "pod-name", "pod-uid"))
    if not account.startswith(_ACCOUNT) or not (node and pod and uid):
        return None
    return TokenFacts(
        service_account=account.removeprefix(_ACCOUNT).replace(":", "/"),
        node=node,
        pod=pod,
        pod_uid=uid,
    )


def _only(extra: Mapping[str, Any], key: str) -> str:
    values = extra.get(f"{_EXTRA}/{key}")
    return str(values[0]) if isinstance(values, list) and len(values) == 1 else ""
