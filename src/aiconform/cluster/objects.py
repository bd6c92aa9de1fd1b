"""What checks ask of the API server: objects of any kind, and the server's answers as they are."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from aiconform.cluster.resources import Resource

Json = dict[str, Any]
PatchStyle = Literal["merge", "json"]


@dataclass(frozen=True)
class Reply:
    """
    An answer of the API server: the object, or a Status that says why not.

    Admission's refusals are answers, too: what a webhook, a quota or Pod Security says is a fact.
    """

    status: int
    body: Json

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def reason(self) -> str:
        """Of a refusal, as the Status has it: "AlreadyExists", "Invalid", "Forbidden"."""
        return "" if self.ok else str(self.body.get("reason") or "")

    @property
    def message(self) -> str:
        return "" if self.ok else str(self.body.get("message") or "")


@dataclass(frozen=True)
class Listing:
    """Objects, and the resourceVersion that a watch goes on from."""

    items: tuple[Json, ...]
    version: str = ""


@dataclass(frozen=True)
class Change:
    """One event of a watch, in the API server's order. `at`: Unix seconds when it came."""

    kind: Literal["ADDED", "MODIFIED", "DELETED"]
    object: Json
    at: float


class Objects(Protocol):
    """
    Objects of any kind. `namespace` None: the whole cluster, or an object outside namespaces.

    Raises (every method):
        ForbiddenError: RBAC does not let us, as an access review says.
        ClusterError: No answer after retries, or not to be understood.
    """

    async def create(
        self, resource: Resource, manifest: Mapping[str, Any], *, namespace: str, dry_run: bool
    ) -> Reply: ...

    async def get(
        self, resource: Resource, name: str, *, namespace: str | None, subresource: str = ""
    ) -> Reply: ...

    async def list(
        self, resource: Resource, *, namespace: str | None, labels: str = "", fields: str = ""
    ) -> Listing:
        """
        Page by page, without metadata.managedFields.

        Raises:
            NotServedError: The API server does not have this kind.
        """
        ...

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        *,
        namespace: str,
        subresource: str = "",
        style: PatchStyle = "merge",
        dry_run: bool = False,
    ) -> Reply: ...

    async def delete(
        self, resource: Resource, name: str, *, namespace: str, uid: str, grace_s: int | None
    ) -> Reply:
        """Delete this very object and, in the background, all that it owns."""
        ...

    def watch(
        self,
        resource: Resource,
        *,
        namespace: str | None,
        labels: str = "",
        fields: str = "",
    ) -> AsyncIterator[Change]:
        """First all that is there, as ADDED; then every change, across breaks. Never ends."""
        ...

    async def log(self, pod: str, *, namespace: str, container: str = "") -> str | None:
        """The last MiB of a container's log; None when there is none yet."""
        ...

    async def raw(self, path: str) -> Reply:
        """GET a path of the API: discovery, an aggregated API."""
        ...
