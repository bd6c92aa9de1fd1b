"""What the campaign asks of Kubernetes, in our words; `client` supplies it, `fake` stands in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from aiconform.cluster.objects import Objects

Kind = Literal["ConfigMap", "DaemonSet", "Job", "Pod", "Service"]


@dataclass(frozen=True)
class TokenFacts:
    """Whom a service-account token belongs to, as the API server says."""

    service_account: str  # "namespace/name"
    node: str
    pod: str
    pod_uid: str


class Cluster(Protocol):
    """
    One cluster, seen from one namespace: objects without a namespace of their own live there.

    Raises (every method):
        ForbiddenError: We lack the permission; verb and resource are named.
        ConflictError: The object is there already, changed under us, or is going away.
        ClusterError: Refused for another reason, or no answer after retries.
    """

    @property
    def namespace(self) -> str: ...

    @property
    def objects(self) -> Objects:
        """Objects of any kind, in any namespace, for checks."""
        ...

    async def server_version(self) -> str:
        """As "v1.37.2"."""
        ...

    async def nodes(self) -> tuple[dict[str, Any], ...]:
        """Every node, as plain JSON."""
        ...

    async def pods_everywhere(self) -> tuple[dict[str, Any], ...]:
        """Every pod of every namespace, as plain JSON."""
        ...

    async def api_groups(self) -> tuple[str, ...]:
        """Names of the API groups served, sorted; the core group is left out."""
        ...

    async def review_token(self, token: str, *, audience: str) -> TokenFacts | None:
        """Whom the token belongs to; None when it is not good for that audience and a pod."""
        ...

    async def permitted(
        self, verb: str, group: str, resource: str, namespace: str | None, *, name: str = ""
    ) -> bool:
        """May we? `resource` may hold a subresource ("pods/log"); namespace None: everywhere."""
        ...

    async def apply(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Make the object as the manifest has it, whether it is there or not."""
        ...

    async def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """The object as plain JSON; None when there is none."""
        ...

    async def delete(self, kind: Kind, name: str) -> None:
        """Delete with all that it owns, in the background; an absent object is fine."""
        ...

    async def patch_config_map(self, name: str, data: Mapping[str, str]) -> None:
        """Set these keys and leave the others."""
        ...

    async def pod_log_tail(self, pod: str, container: str, lines: int) -> str:
        """The last lines of a container's log; empty when it has none yet."""
        ...

    async def close(self) -> None: ...
