"""An API server in memory for objects of any kind: it keeps, lists, watches and refuses."""

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Literal

from aiconform.cluster import resources as known
from aiconform.cluster.fake_selectors import merged, selected
from aiconform.cluster.objects import Change, Json, Listing, PatchStyle, Reply
from aiconform.cluster.resources import Resource
from aiconform.model.errors import ClusterError, ForbiddenError, NotServedError

Verb = Literal["create", "update", "delete"]
Key = tuple[str, str, str]  # qualified plural, namespace ("" outside), name
# Looks at what is to be created; an answer is admission's refusal.
Admission = Callable[[Resource, Json, bool], Reply | None]
# What a controller does once something was changed.
Reaction = Callable[[Verb, Resource, Json], None]


class FakeObjects:
    """
    Implements `objects.Objects`.

    Attributes:
        objects: What is there, by (plural.group, namespace, name).
        served: Kinds that the API server has; the built-in ones at first.
        forbidden: "verb plural.group" pairs that RBAC refuses: "create pods", "get pods/log".
        admission: Asked before a create, in order; the first refusal is the answer.
        reactions: Told of every change, as controllers are.
        logs: (namespace, pod) → log, or a function that makes it.
        answers: Path → answer of `raw`, beside discovery.
        stuck: Names of objects that do not go when they are deleted.
        calls: "verb plural.group namespace/name" of every call, in order.
        outage: When set, every call raises it.
    """

    def __init__(self, *, forbidden: Iterable[str] = ()) -> None:
        self.objects: dict[Key, Json] = {}
        self.served: dict[tuple[str, str, str], Resource] = {}
        self.forbidden = set(forbidden)
        self.admission: list[Admission] = []
        self.reactions: list[Reaction] = []
        self.logs: dict[tuple[str, str], str | Callable[[], str]] = {}
        self.answers: dict[str, Reply | Callable[[], Reply]] = {}
        self.stuck: set[str] = set()
        self.calls: list[str] = []
        self.outage: ClusterError | None = None
        self.clock: Callable[[], float] = time.time
        self._version = 0
        self._watches: list[tuple[str, asyncio.Queue[Change]]] = []
        for found in vars(known).values():
            if isinstance(found, Resource):
                self.serve(found)

    # --- for tests -----------------------------------------------------------------------------

    def serve(self, resource: Resource) -> None:
        self.served[resource.group, resource.version, resource.plural] = resource

    def unserve(self, resource: Resource) -> None:
        self.served.pop((resource.group, resource.version, resource.plural), None)

    def put(
        self, resource: Resource, manifest: Mapping[str, Any], *, namespace: str | None = None
    ) -> Json:
        """An object that is there already, or its new state; nothing is asked or refused."""
        made: Json = copy.deepcopy(dict(manifest))
        made["apiVersion"], made["kind"] = resource.api_version, resource.kind
        metadata = made.setdefault("metadata", {})
        if namespace:
            metadata["namespace"] = namespace
        key = (resource.qualified, metadata.get("namespace") or "", metadata["name"])
        verb: Verb = "update" if key in self.objects else "create"
        self._version += 1
        metadata.setdefault("uid", f"uid-{self._version}")
        metadata["resourceVersion"] = str(self._version)
        self.objects[key] = made
        self._tell(verb, resource, made)
        return made

    def all(self, resource: Resource) -> list[Json]:
        """Every object of a kind, as it is kept: a change to it is seen by everyone."""
        return [found for key, found in self.objects.items() if key[0] == resource.qualified]

    def change(self, resource: Resource, found: Json, **parts: Any) -> None:
        """Replace parts of an object (`status`, `spec`, …) and tell the watches."""
        key = (
            resource.qualified,
            found["metadata"].get("namespace") or "",
            found["metadata"]["name"],
        )
        if key in self.objects:
            self.put(resource, {**self.objects[key], **copy.deepcopy(parts)})

    def remove(self, resource: Resource, found: Json) -> None:
        """The object is gone, and with it what it owns."""
        metadata = found["metadata"]
        key = (resource.qualified, metadata.get("namespace") or "", metadata["name"])
        gone = self.objects.pop(key, None)
        if gone is None:
            return
        self._tell("delete", resource, gone)
        for owned_key, owned in list(self.objects.items()):
            owners = owned["metadata"].get("ownerReferences") or ()
            if any(owner.get("uid") == metadata.get("uid") for owner in owners):
                self.remove(self._resource(owned_key[0]), owned)

    # --- protocol ------------------------------------------------------------------------------

    async def create(
        self, resource: Resource, manifest: Mapping[str, Any], *, namespace: str, dry_run: bool
    ) -> Reply:
        self._ask("create", resource.qualified, namespace, manifest["metadata"]["name"])
        if not self._serves(resource):
            return refusal(404, "NotFound", "the server could not find the requested resource")
        made: Json = copy.deepcopy(dict(manifest))
        for admit in self.admission:
            if (refused := admit(resource, made, dry_run)) is not None:
                return refused
        key = (resource.qualified, namespace, made["metadata"]["name"])
        if key in self.objects:
            return refusal(409, "AlreadyExists", f"{resource.plural} {key[2]!r} already exists")
        if dry_run:
            return Reply(201, made)
        return Reply(201, copy.deepcopy(self.put(resource, made, namespace=namespace)))

    async def get(
        self, resource: Resource, name: str, *, namespace: str | None, subresource: str = ""
    ) -> Reply:
        plural = _with(resource.qualified, resource, subresource)
        self._ask("get", plural, namespace, name)
        found = self.objects.get((resource.qualified, namespace or "", name))
        if found is None or not self._serves(resource):
            return refusal(404, "NotFound", f"{resource.plural} {name!r} not found")
        return Reply(200, copy.deepcopy(found))

    async def list(
        self, resource: Resource, *, namespace: str | None, labels: str = "", fields: str = ""
    ) -> Listing:
        self._ask("list", resource.qualified, namespace, "")
        if not self._serves(resource):
            raise NotServedError(f"the API server does not have {resource.qualified}")
        found = [
            copy.deepcopy(each)
            for each in self.all(resource)
            if selected(each, namespace, labels, fields)
        ]
        return Listing(tuple(found), str(self._version))

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
    ) -> Reply:
        self._ask("patch", _with(resource.qualified, resource, subresource), namespace, name)
        found = self.objects.get((resource.qualified, namespace, name))
        if found is None:
            return refusal(404, "NotFound", f"{resource.plural} {name!r} not found")
        assert style == "merge", "the fake knows merge patches only"
        changed = merged(found, patch)
        return Reply(200, changed if dry_run else copy.deepcopy(self.put(resource, changed)))

    async def delete(
        self, resource: Resource, name: str, *, namespace: str, uid: str, grace_s: int | None
    ) -> Reply:
        self._ask("delete", resource.qualified, namespace, name)
        found = self.objects.get((resource.qualified, namespace, name))
        if found is None:
            return refusal(404, "NotFound", f"{resource.plural} {name!r} not found")
        if found["metadata"]["uid"] != uid:
            return refusal(409, "Conflict", "the UID in the precondition does not match")
        if name in self.stuck:
            self.put(resource, merged(found, {"metadata": {"deletionTimestamp": "now"}}))
        else:
            self.remove(resource, found)
        return Reply(200, copy.deepcopy(found))

    async def watch(
        self,
        resource: Resource,
        *,
        namespace: str | None,
        labels: str = "",
        fields: str = "",
    ) -> AsyncIterator[Change]:
        self._ask("watch", resource.qualified, namespace, "")
        queue: asyncio.Queue[Change] = asyncio.Queue()
        entry = (resource.qualified, queue)
        self._watches.append(entry)
        try:
            for there in list(self.all(resource)):
                if selected(there, namespace, labels, fields):
                    yield Change("ADDED", copy.deepcopy(there), self.clock())
            while True:
                change = await queue.get()
                if selected(change.object, namespace, labels, fields):
                    yield change
        finally:
            self._watches.remove(entry)

    async def log(self, pod: str, *, namespace: str, container: str = "") -> str | None:
        self._ask("get", "pods/log", namespace, pod)
        text = self.logs.get((namespace, pod))
        return text() if callable(text) else text

    async def raw(self, path: str) -> Reply:
        self._ask("get", path, None, "")
        if path in self.answers:
            answer = self.answers[path]
            return answer() if callable(answer) else answer
        return self._discovery(path)

    # --- inside --------------------------------------------------------------------------------

    def _ask(self, verb: str, qualified: str, namespace: str | None, name: str) -> None:
        where = f"{namespace or ''}/{name}"
        self.calls.append(f"{verb} {qualified} {where}")
        if self.outage is not None:
            raise self.outage
        if f"{verb} {qualified}" in self.forbidden:
            raise ForbiddenError(verb=verb, resource=qualified)

    def _serves(self, resource: Resource) -> bool:
        return (resource.group, resource.version, resource.plural) in self.served

    def _resource(self, qualified: str) -> Resource:
        return next(found for found in self.served.values() if found.qualified == qualified)

    def _tell(self, verb: Verb, resource: Resource, found: Json) -> None:
        kinds: dict[Verb, Literal["ADDED", "MODIFIED", "DELETED"]] = {
            "create": "ADDED",
            "update": "MODIFIED",
            "delete": "DELETED",
        }
        for qualified, queue in self._watches:
            if qualified == resource.qualified:
                queue.put_nowait(Change(kinds[verb], copy.deepcopy(found), self.clock()))
        for react in list(self.reactions):
            react(verb, resource, found)

    def _discovery(self, path: str) -> Reply:
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) == 2:
            parts = ["apis", "", parts[1]]
        group = parts[1] if len(parts) > 1 else ""
        of_group = [found for found in self.served.values() if found.group == group]
        if len(parts) == 2 and of_group:
            versions = [{"version": v} for v in dict.fromkeys(found.version for found in of_group)]
            return Reply(200, {"versions": versions, "preferredVersion": versions[0]})
        if len(parts) == 3 and (there := [f for f in of_group if f.version == parts[2]]):
            verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
            return Reply(200, {"resources": [{"name": f.plural, "verbs": verbs} for f in there]})
        return refusal(404, "NotFound", f"{path} not found")


def refusal(status: int, reason: str, message: str) -> Reply:
    """As the API server refuses: a Status object."""
    return Reply(status, {"kind": "Status", "reason": reason, "message": message, "code": status})


def _with(qualified: str, resource: Resource, subresource: str) -> str:
    if not subresource:
        return qualified
    group = f".{resource.group}" if resource.group else ""
    return f"{resource.plural}{group}/{subresource}"
